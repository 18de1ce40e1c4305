"""Keeps what is found and not over, so that each thing is told once and its end is told too."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from svcctl.detect.finding import Finding, What

LASTS = 600.0
"""Seconds without after which what happens at an instant is over: a new kind of line, a session."""

_USUAL = 3_600.0  # seconds after which what goes on is no news any more

_INSTANTS = frozenset((What.NEW_TEMPLATE, What.SESSION))
_AT_LEAST = 60.0  # seconds that what has a duration lasts
_SEEING = 120.0  # seconds until detectors that were started anew see what goes on


@dataclass(slots=True)
class _Open:
    finding: Finding
    begun: float
    seen: float
    least: float  # when it may be over at the earliest

    @property
    def is_instant(self) -> bool:
        """Whether it happened, rather than began."""
        return self.finding.deviation.what in _INSTANTS

    @property
    def expires(self) -> float:
        """When an instant is over by itself, in seconds since 1970."""
        return min(self.seen + LASTS, self.begun + _USUAL)


class Ledger:
    """All that is found of one service and not over, by its pattern."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def take(self, finding: Finding, *, at: float) -> bool:
        """Take a finding of *at*; whether it is one that was not open already."""
        known = self._open.get(finding.pattern)
        if known:
            known.seen = at
            return False
        self._open[finding.pattern] = _Open(finding, at, at, at + _AT_LEAST)
        return True

    def recall(self, finding: Finding, *, at: float, now: float) -> None:
        """Take up a finding of *at* that was open when somebody looked last."""
        self._open[finding.pattern] = _Open(finding, at, at, now + _SEEING)

    def see(self, keys: AbstractSet[str], *, at: float) -> None:
        """Take note that lines of templates have come, by their ids: what is new lasts."""
        for each in self._open.values():
            if each.is_instant and each.finding.deviation.key in keys:
                each.seen = at

    def over(self, is_over: Callable[[What, str], bool], *, at: float) -> list[Finding]:
        """Give what is over *at* some time, and forget it.

        *is_over* asks the detectors whether what is known by a key is as it was again.
        """
        ended = [
            pattern for pattern, each in self._open.items() if _has_ended(each, is_over, at=at)
        ]
        return [self._open.pop(pattern).finding for pattern in ended]

    @property
    def lasts(self) -> bool:
        """Whether something is open whose end the passing of time may show."""
        return any(
            not each.is_instant and each.finding.deviation.what is not What.SILENCE
            for each in self._open.values()
        )

    @property
    def expires(self) -> float:
        """When the next of them is over by itself, in seconds since 1970; infinite: none is."""
        return min((e.expires for e in self._open.values() if e.is_instant), default=math.inf)


def _has_ended(each: _Open, is_over: Callable[[What, str], bool], *, at: float) -> bool:
    if each.is_instant:
        return at >= each.expires
    found = each.finding.deviation
    return at >= each.least and is_over(found.what, found.key)
