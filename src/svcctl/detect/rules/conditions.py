"""What is asked of the records that a rule is about, taken together: counts, gaps, rows, rates.

Each condition is told of the records in their order of time, and remembers a bounded part of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from svcctl.detect.rules.sketch import Sketch
from svcctl.detect.rules.window import Window
from svcctl.spec.log_rule import LogRule, Mode
from svcctl.spec.notation import format_duration

_PARTS = 60  # of a window: it is exact to one part in that many
_STEPS = 10  # parts of `within` where the past is compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What was *observed*, what was *expected*, *since* when, and *at* what time it became so."""

    observed: str
    expected: str
    since: float
    at: float


class Condition(Protocol):
    """Decides on records, one by one."""

    def take(self, at: float, *, counts: bool, value: float = 0.0) -> Met | None:
        """Hear of a record; *counts*: it is one of those that are looked for."""

    def look(self, at: float) -> Met | None:
        """Hear that it is that late."""

    def due(self, at: float) -> float | None:
        """Give when the mere passing of time may decide something; None: it never does."""


class Count:
    """So many of them within a time."""

    def __init__(self, rule: LogRule) -> None:
        self._least, self._within = rule.least, rule.within
        self._times: deque[float] = deque(maxlen=rule.least)

    def take(self, at: float, *, counts: bool, value: float = 0.0) -> Met | None:
        del value
        if not counts:
            return None
        self._times.append(at)
        first = self._times[0]
        if len(self._times) < self._least or (self._within and at - first > self._within):
            return None
        if self._within is None or self._least == 1:
            return Met(observed="a line has it", expected="none", since=at, at=at)
        observed = f"{self._least} lines in {about(at - first)}"
        expected = f"fewer than {self._least} in {about(self._within)}"
        return Met(observed=observed, expected=expected, since=first, at=at)

    def look(self, at: float) -> Met | None:
        del at
        return None

    def due(self, at: float) -> float | None:
        del at
        return None


class InARow:
    """So many of them, one after the other."""

    def __init__(self, rule: LogRule) -> None:
        self._least = rule.consecutive or 1
        self._row, self._since = 0, 0.0

    def take(self, at: float, *, counts: bool, value: float = 0.0) -> Met | None:
        del value
        if not counts:
            self._row = 0
            return None
        self._since = self._since if self._row else at
        self._row += 1
        if self._row < self._least:
            return None
        observed, expected = f"{self._row} in a row", f"fewer than {self._least} in a row"
        return Met(observed=observed, expected=expected, since=self._since, at=at)

    def look(self, at: float) -> Met | None:
        del at
        return None

    def due(self, at: float) -> float | None:
        del at
        return None


class Absence:
    """None of them for a time; it begins with the first record, or when it is first looked at."""

    def __init__(self, rule: LogRule) -> None:
        self._longest = rule.absent_for or 0.0
        self._last: float | None = None

    def take(self, at: float, *, counts: bool, value: float = 0.0) -> Met | None:
        del value
        if counts or self._last is None:
            self._last = at
        return None

    def look(self, at: float) -> Met | None:
        if self._last is None:
            self._last = at
        if at - self._last <= self._longest:
            return None
        observed, expected = "none", f"one at least every {about(self._longest)}"
        over = self._last + self._longest
        return Met(observed=observed, expected=expected, since=self._last, at=over)

    def due(self, at: float) -> float | None:
        return (at if self._last is None else self._last) + self._longest


class Share:
    """More than a part of the records."""

    def __init__(self, rule: LogRule) -> None:
        self._most, self._least, self._within = rule.share or 0.0, rule.least, rule.within or 0.0
        self._all = self._such = 0
        self._window = Window[list[int]](
            self._within, parts=_PARTS, make=lambda: [0, 0], forget=self._forget
        )

    def take(self, at: float, *, counts: bool, value: float = 0.0) -> Met | None:
        del value
        part = self._window.at(at)
        part[0] += 1
        part[1] += counts
        self._all += 1
        self._such += counts
        if self._all < self._least or self._such <= self._most * self._all:
            return None
        observed = f"{self._such / self._all:.1%} ({self._such} of {self._all})"
        expected = f"at most {self._most:.4g} of those in {about(self._within)}"
        return Met(observed=observed, expected=expected, since=at - self._within, at=at)

    def look(self, at: float) -> Met | None:
        self._window.pass_time(at)
        return None

    def due(self, at: float) -> float | None:
        del at
        return None

    def _forget(self, part: list[int], _end: float) -> None:
        self._all -= part[0]
        self._such -= part[1]


class _Part:
    """The numbers of a part of a window, and how many of them are beyond the limit."""

    def __init__(self) -> None:
        self.sketch, self.beyond = Sketch(), 0


class Percentile:
    """A percentile of their numbers is beyond a limit; that it is so is exact, which it is near."""

    def __init__(self, rule: LogRule) -> None:
        self._rule, self._rank = rule, rule.percentile or 0.0
        self._within = rule.within or 0.0
        over, under = rule.above, rule.below
        self._expected = f"at most {over:g}" if over is not None else f"at least {under or 0:g}"
        self._all, self._beyond = Sketch(), 0
        self._window = Window[_Part](self._within, parts=_PARTS, make=_Part, forget=self._forget)

    def take(self, at: float, *, counts: bool, value: float = 0.0) -> Met | None:
        if not counts:
            return None
        part = self._window.at(at)
        is_beyond = beyond(self._rule, value)
        for sketch in (part.sketch, self._all):
            sketch.add(value)
        part.beyond += is_beyond
        self._beyond += is_beyond
        count = self._all.count
        if count < self._rule.least or not self._is_beyond(count):
            return None
        percentile = self._all.percentile(self._rank)
        observed = f"P{self._rank:g} is {percentile:.4g} ({count} in {about(self._within)})"
        return Met(observed=observed, expected=self._expected, since=at - self._within, at=at)

    def look(self, at: float) -> Met | None:
        self._window.pass_time(at)
        return None

    def due(self, at: float) -> float | None:
        del at
        return None

    def _is_beyond(self, count: int) -> bool:
        """By the nearest rank: the percentile is the first number that enough are not above."""
        part = self._rank / 100 * count
        if self._rule.above is not None:
            return count - self._beyond < part
        return self._beyond >= part

    def _forget(self, part: _Part, _end: float) -> None:
        self._all.subtract(part.sketch)
        self._beyond -= part.beyond


class Change:
    """Many times more or fewer of them than in the past."""

    def __init__(self, rule: LogRule) -> None:
        self._rule, self._within = rule, rule.within or 0.0
        self._now = self._before = 0
        self._began: float | None = None
        self._recent = Window[list[int]](
            self._within, parts=_STEPS, make=lambda: [0], forget=self._age
        )
        parts = max(1, round(_STEPS * rule.past / self._within))
        self._past = Window[list[int]](
            rule.past, parts=parts, make=lambda: [0], forget=self._forget
        )

    def take(self, at: float, *, counts: bool, value: float = 0.0) -> Met | None:
        del value
        if counts:
            self._recent.at(at)[0] += 1
            self._now += 1
        return self.look(at)

    def look(self, at: float) -> Met | None:
        number = self._recent.pass_time(at)
        begin = (number - _STEPS + 1) * self._within / _STEPS  # of what counts as recent
        self._past.pass_time(begin)
        if self._began is None:
            self._began = at
        known = min(begin - self._began, self._rule.past)
        if known < 3 * self._within:
            return None
        usual = self._before * (at - begin) / known
        if not self._has_changed(usual):
            return None
        observed = f"{self._now} in {about(self._within)}"
        expected = f"about {usual:.3g}, as in the {about(known)} before"
        return Met(observed=observed, expected=expected, since=at - self._within, at=at)

    def due(self, at: float) -> float | None:
        return at + self._within / _STEPS if self._rule.mode is Mode.FALLS else None

    def _has_changed(self, usual: float) -> bool:
        if self._rule.rises is not None:
            return self._now >= max(self._rule.least, self._rule.rises * usual)
        return usual >= self._rule.least and self._now * (self._rule.falls or 1.0) <= usual

    def _age(self, part: list[int], end: float) -> None:
        self._now -= part[0]
        self._before += part[0]
        self._past.at(end)[0] += part[0]

    def _forget(self, part: list[int], _end: float) -> None:
        self._before -= part[0]


def beyond(rule: LogRule, value: float) -> bool:
    """Say whether *value* is above or below what *rule* allows."""
    too_much = rule.above is not None and value > rule.above
    return too_much or (rule.below is not None and value < rule.below)


def about(seconds: float) -> str:
    """Give a length of time in words that are not too exact."""
    return format_duration(round(seconds, 0 if seconds >= 10 else 3))


def condition(rule: LogRule) -> Condition:
    """Give what decides on *rule*, from nothing seen."""
    match rule.mode:
        case Mode.ABSENT:
            return Absence(rule)
        case Mode.CONSECUTIVE:
            return InARow(rule)
        case Mode.SHARE:
            return Share(rule)
        case Mode.PERCENTILE:
            return Percentile(rule)
        case Mode.RISES | Mode.FALLS:
            return Change(rule)
        case Mode.COUNT:
            return Count(rule)
