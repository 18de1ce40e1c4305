"""Tells when something that was heard again and again is heard no more."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.detect.finding import Deviation, What

_WEEK = 604_800.0
_GAPS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SilencePolicy:
    """When a silence is too long, all of it in seconds.

    Longer than *least*, than *times* the gap that 99 of 100 did not exceed, and than *beyond* the
    longest gap of this and the last week; *learning*: gaps to have seen first, and *span*: the
    time they have to take together, for what comes for a while only is no rhythm.
    """

    least: float = 60.0
    times: float = 5.0
    beyond: float = 1.5
    learning: int = 20
    span: float = 0.0


class Silence:
    """Judges how long it is since one kind of line, or any line of a service, was seen."""

    def __init__(
        self, subject: str, policy: SilencePolicy | None = None, *, pattern: str = ""
    ) -> None:
        self._subject, self._pattern = subject, pattern
        self._policy = policy or SilencePolicy()
        self._gaps: deque[float] = deque(maxlen=_GAPS)
        self._longest = (0.0, 0.0)  # this week's, the last one's
        self._week = 0
        self._spanned = 0.0
        self._last: float | None = None
        self._told = False

    def hear(self, at: float) -> None:
        """Take note that it was seen *at*, in seconds since 1970; what is earlier is left out."""
        if self._last is not None and at <= self._last:
            return
        week = int(at // _WEEK)
        if week != self._week:
            self._longest = (0.0, self._longest[0] if week == self._week + 1 else 0.0)
            self._week = week
        if self._last is not None:
            gap = at - self._last
            self._gaps.append(gap)
            self._spanned += gap
            self._longest = (max(self._longest[0], gap), self._longest[1])
        self._last, self._told = at, False

    def rest(self) -> None:
        """Take note that nobody listened: what is heard next ends no silence."""
        self._last, self._told = None, False

    def judge(self, now: float) -> Deviation | None:
        """Say that it has been silent too long; once, until it is heard again."""
        if self._last is None or self._told or not self._has_learnt():
            return None
        silent = now - self._last
        if silent <= self._policy.least or silent <= (limit := self._limit()):
            return None
        self._told = True
        return Deviation(
            what=What.SILENCE,
            subject=self._subject,
            observed=f"nothing for {silent:.0f} s",
            expected=f"one within {self._usual():.3g} s, "
            f"and within {max(self._longest):.3g} s at the most",
            since=self._last,
            score=1.0 - limit / (2 * silent),
            pattern=self._pattern,
        )

    @property
    def is_told(self) -> bool:
        """Whether it was told that it is silent, and nothing was heard since."""
        return self._told

    @property
    def due(self) -> float:
        """When a silence would be too long, in seconds since 1970; infinite where none is."""
        if self._last is None or self._told or not self._has_learnt():
            return math.inf
        return self._last + self._limit()

    def _has_learnt(self) -> bool:
        policy = self._policy
        return len(self._gaps) >= policy.learning and self._spanned >= policy.span

    def _limit(self) -> float:
        policy = self._policy
        return max(policy.least, policy.times * self._usual(), policy.beyond * max(self._longest))

    def _usual(self) -> float:
        return sorted(self._gaps)[int(0.99 * (len(self._gaps) - 1))]

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds; the running silence is not."""
        return {
            "version": 2,
            "spanned": self._spanned,
            "gaps": list(self._gaps),
            "longest": list(self._longest),
            "week": self._week,
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {
                "version": 2,
                "spanned": float() | int() as spanned,
                "gaps": list(gaps),
                "longest": [float(this), float(last)],
                "week": int(week),
            }:
                self._gaps = deque(gaps, maxlen=_GAPS)
                self._spanned = spanned
                self._longest, self._week = (this, last), week
                self.rest()
            case _:
                raise ValueError(f"no state of a silence: {state.get('version')!r}")
