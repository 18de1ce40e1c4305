"""The journal of systemd, as far as it is read for services: what they wrote, and what comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

STREAM = "stdout"
"""What the stream of all entries is called: the journal does not tell one from the other."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written at once: *raw* is all the journal says of it, *place* where it stands."""

    at: float
    text: bytes
    place: str
    raw: bytes


class Coming(Protocol):
    """Entries as they come, for one thread; calls raise SystemFault where they come no more."""

    def fileno(self) -> int:
        """Give what can be read when there may be more."""

    def take(self) -> list[Entry]:
        """Give what came."""

    def wait(self, seconds: float) -> None:
        """Come back when there may be more, or after *seconds*."""

    def close(self) -> None:
        """Take no more."""


class Journal(Protocol):
    """The journal of systemd: what services wrote; calls raise SystemFault."""

    def past(
        self,
        service: str,
        *,
        since: float = 0.0,
        until: float | None = None,
        after: str = "",
        most: int | None = None,
        whole: bool = False,
    ) -> Iterator[Entry]:
        """Give those from *since* to *until*, or *after* a place, or the last so many of them.

        *whole*: *raw* has all the journal says, not only the text.
        """

    def end(self) -> str:
        """Give the place at which the journal ends."""

    def follow(self, service: str, *, after: str) -> Coming:
        """Give what comes after a place."""
