"""What every receiver is, and what it can say to what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from svcctl.observe.ship.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An entry, by its *number* among those given, that will never be taken, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of entries: all that are not named here were taken.

    *again* are the numbers of those that may be taken later, for *problem*, after *wait* seconds
    at least.  *unnamed* more were refused for *problem*; the receiver does not say which.
    """

    refused: tuple[Refusal, ...] = ()
    again: tuple[int, ...] = ()
    unnamed: int = 0
    problem: str = ""
    wait: float = 0.0


class Receiver(Protocol):
    """Takes entries; used by one thread."""

    def deliver(self, entries: Sequence[Entry]) -> Taken:
        """Bring *entries* there: those not named in the answer are known to have arrived.

        Raises NotDelivered for all of them; where that cannot pass *again*, one or more of them
        are to blame.
        """

    def close(self) -> None:
        """Let go of the connection."""
