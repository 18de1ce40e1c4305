"""Tells when too much is bad for five minutes, by a limit and not by what is usual."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from svcctl.detect.rates import BUCKET

_MINUTE = 6  # buckets
_MINUTES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of all were *bad* in the last five minutes."""

    bad: int
    among: int

    @property
    def value(self) -> float:
        """The part of them, from 0 to 1."""
        return self.bad / self.among if self.among else 0.0


class Limit:
    """Judges what part of all is bad: errors among requests, or those that took too long.

    It is exceeded if more than *share* of five minutes was bad, and of each minute that had enough
    to tell; *least* and *few* are how many there are, and how many of them are bad, at the least.
    That 99 of 100 take at most two seconds is the same as that no more than a share of 0.01 takes
    longer.
    """

    def __init__(self, share: float, *, least: int = 20, few: int = 5) -> None:
        self._share, self._least, self._few = share, least, few
        self._last: deque[tuple[int, int]] = deque(maxlen=_MINUTE * _MINUTES)
        self.exceeded = False

    def add(self, bad: int, among: int) -> Share | None:
        """Take the next bucket of 10 s; give the share when it begins to be too much, or None."""
        self._last.append((bad, among))
        whole = _sum(self._last)
        was, self.exceeded = self.exceeded, self._is_exceeded(whole)
        return whole if self.exceeded and not was else None

    @property
    def seconds(self) -> float:
        """The time that is looked at."""
        return len(self._last) * BUCKET

    def rest(self) -> None:
        """Take note that nobody listened: five minutes begin anew."""
        self._last.clear()
        self.exceeded = False

    def _is_exceeded(self, whole: Share) -> bool:
        if whole.bad < self._few or whole.among < self._least or whole.value <= self._share:
            return False
        if self.exceeded:
            return True
        recent = list(self._last)
        if len(recent) < _MINUTE * _MINUTES:
            return False
        minutes = [_sum(recent[at : at + _MINUTE]) for at in range(0, len(recent), _MINUTE)]
        telling = [each for each in minutes if each.among * self._share >= 1.0]
        bad = sum(each.bad > 0 for each in minutes)
        return bad * 2 > _MINUTES and all(each.value > self._share for each in telling)


def _sum(buckets: deque[tuple[int, int]] | list[tuple[int, int]]) -> Share:
    return Share(bad=sum(bad for bad, _ in buckets), among=sum(among for _, among in buckets))
