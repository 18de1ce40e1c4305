"""What became of the latest calls: the last so many, or those of the last so many seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

_SLICES = 10  # of a time window; it forgets a slice at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call ended."""

    failed: bool
    slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many calls a window knows of, and how many of them were bad."""

    calls: int = 0
    failed: int = 0
    slow: int = 0

    def plus(self, outcome: Outcome) -> Tally:
        """Count one more."""
        return Tally(
            calls=self.calls + 1,
            failed=self.failed + outcome.failed,
            slow=self.slow + outcome.slow,
        )


class Window(Protocol):
    """Sliding memory of outcomes; *now* is in monotonic seconds, and never goes back."""

    def with_one(self, outcome: Outcome, now: float) -> Window:
        """Give the window after one more call."""

    def tally(self, now: float) -> Tally:
        """Count what is in the window."""

    def emptied(self) -> Window:
        """Give such a window before the first call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCalls:
    """Of the last *size* calls; each is a bit, the latest the lowest."""

    size: int
    calls: int = 0
    failed: int = 0
    slow: int = 0

    def with_one(self, outcome: Outcome, now: float) -> LastCalls:  # noqa: ARG002 - a Window
        """Give the window after one more call; the oldest may leave it."""
        mask = (1 << self.size) - 1
        return replace(
            self,
            calls=min(self.calls + 1, self.size),
            failed=(self.failed << 1 | outcome.failed) & mask,
            slow=(self.slow << 1 | outcome.slow) & mask,
        )

    def tally(self, now: float) -> Tally:  # noqa: ARG002 - a Window
        """Count what is in the window."""
        return Tally(calls=self.calls, failed=self.failed.bit_count(), slow=self.slow.bit_count())

    def emptied(self) -> LastCalls:
        """Give such a window before the first call."""
        return LastCalls(size=self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeconds:
    """Of the last *length* seconds, in slices of a tenth, each with its number and its tally."""

    length: float
    slices: tuple[tuple[int, Tally], ...] = ()

    def with_one(self, outcome: Outcome, now: float) -> LastSeconds:
        """Give the window after one more call; slices that are too old leave it."""
        number, kept = self._number(now), self._within(now)
        if kept and kept[-1][0] == number:
            kept, tally = kept[:-1], kept[-1][1]
        else:
            tally = Tally()
        return replace(self, slices=(*kept, (number, tally.plus(outcome))))

    def tally(self, now: float) -> Tally:
        """Count what is in the window."""
        kept = [tally for _, tally in self._within(now)]
        return Tally(
            calls=sum(each.calls for each in kept),
            failed=sum(each.failed for each in kept),
            slow=sum(each.slow for each in kept),
        )

    def emptied(self) -> LastSeconds:
        """Give such a window before the first call."""
        return LastSeconds(length=self.length)

    def _number(self, now: float) -> int:
        return int(now / self.length * _SLICES)

    def _within(self, now: float) -> tuple[tuple[int, Tally], ...]:
        oldest = self._number(now) - _SLICES
        return tuple(each for each in self.slices if each[0] > oldest)
