"""What understanding logs needs around it: lines, a shelf, a clock, and somebody to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from svcctl.app.understanding.allowance import Allowance
from svcctl.events import FindingMade
from svcctl.ports import Clock

if TYPE_CHECKING:  # loaded when the first line comes
    from svcctl.detect.finding import Finding

Hear = Callable[[str, list[bytes]], None]
"""Takes lines of a stream by its name."""


class Shelf(Protocol):
    """Keeps what is learnt, by the name of the service; never raises."""

    def get(self, service: str) -> bytes | None:
        """Give what was put, None where nothing was or it cannot be read."""

    def put(self, service: str, content: bytes, *, last: bool = False) -> None:
        """Keep *content*, soon; *last*: before this comes back."""

    def set_aside(self, service: str) -> None:
        """Keep what was put, where nobody reads it again."""

    def delete(self, service: str) -> None:
        """Forget it."""


class Told(Protocol):
    """Whoever is told what is found."""

    def found(self, finding: Finding, *, at: float) -> None:
        """It begins, unless it was told already or somebody called it false."""

    def over(self, finding: Finding, *, at: float) -> None:
        """It is over."""

    def open_of(self, service: str) -> list[FindingMade]:
        """Give what was found of *service*, also before a restart, and is not over."""

    def nothing_more(self, service: str) -> None:
        """Whatever was found of *service* is looked at no longer."""


class Tap(Protocol):
    """Where the lines of one service come from."""

    def runs(self) -> bool:
        """Whether anything runs that could write some."""

    def turn_off(self) -> None:
        """Let no lines come."""

    def turn_on(self) -> None:
        """Let them come again, from now on."""

    def take_missed(self) -> int:
        """Give how many bytes have passed while it was off, since the last call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What there is around: *cpu* gives the processor time of this thread, in seconds."""

    clock: Clock
    shelf: Shelf
    told: Told
    allowance: Allowance
    cpu: Callable[[], float]
