"""Tells a leak from what only looks like one for a while: warm-up, caches, sawteeth and days.

Of each half hour the lowest sample counts, and of those in a window only what was never given back
later: what a collector of garbage returns is no leak.  A leak is what has risen like this in all
parts of the last 14 hours, evenly, and what a line describes better than a logarithm, as caches
fill, and better than the wave of a day.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from svcctl.detect.amounts import Unit, amount, time_left
from svcctl.detect.finding import Deviation, What
from svcctl.detect.least_squares import misfit, slope

_HOUR = 3_600.0
_BLOCK = 1_800.0
_BLOCKS = 192  # four days
_CONFIRMED = 24.0  # hours
_AGAIN = 23.0  # hours
_PARTS, _RISING, _PART_LEAST = 8, 5, 0.25
_THIRD_LEAST = 0.4
_STRAIGHTER = 1.1  # times the misfit of a line is that of a logarithm, at the least
_TIMES = 2  # it has to look like a leak more often than not
_TOOTH = 2  # blocks: a sawtooth up to as long is flat


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakPolicy:
    """When a rise is a leak.

    *least*: units an hour (bytes, descriptors, threads) below which nothing is said.  *warm_up*
    and *window* in seconds.
    """

    least: float = 1e6
    warm_up: float = 3_600.0
    window: float = 14 * _HOUR
    unit: Unit = Unit.NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How a resource rises: units an *hour*.

    *confidence*: of two half hours the later has more, in this share of all pairs.  *confirmed*:
    it was watched for a whole day, so that no rhythm of a day can be the reason; else it is
    suspected.  *since* in seconds since 1970.  *exhausted_in*: seconds until the limit is reached;
    None: there is none.
    """

    hour: float
    confidence: float
    confirmed: bool
    since: float
    exhausted_in: float | None


class Leak:
    """Judges one resource of one process; a new process begins with a new one.

    *limit*: what would be exhausted, where that is known; it may be set anew at any time.
    """

    __slots__ = (  # an agent has three for each of hundreds of programs
        *("_hours", "_last", "_leaking", "_lows", "_open", "_policy"),
        *("_resource", "_started", "_told", "_told_at", "limit"),
    )

    def __init__(
        self,
        resource: str,
        policy: LeakPolicy | None = None,
        *,
        started: float,
        limit: float | None = None,
    ) -> None:
        self.limit = limit
        self._resource = resource
        self._policy = policy or LeakPolicy()
        self._started = started
        self._hours, self._lows = array("d"), array("d")  # of each block its middle, its lowest
        self._open: tuple[int, float] | None = None
        self._last = 0.0
        self._leaking = 0
        self._told: bool | None = None
        self._told_at = 0.0  # hours since the start

    @property
    def is_leaking(self) -> bool:
        """Whether it was told that it leaks, and it does not look otherwise since."""
        return self._told is not None

    def add(self, value: float, *, at: float) -> Deviation | None:
        """Take a sample, *at* in seconds since 1970; say that it leaks, or None.

        That is said when it is suspected, when it is confirmed, and then once a day.  What is no
        number (not a number, infinite) is left out.
        """
        if not math.isfinite(value):
            return None
        self._last = value = float(value)
        number = int((at - self._started) // _BLOCK)
        if self._open and self._open[0] >= number:
            self._open = self._open[0], min(value, self._open[1])
            return None
        closed, self._open = self._open, (number, value)
        if closed is None or closed[0] * _BLOCK < self._policy.warm_up:
            return None
        self._close((closed[0] + 0.5) * _BLOCK / _HOUR, closed[1])
        step = 1 if self._looks_so() else -1
        self._leaking = max(0, min(_TIMES, self._leaking + step))
        if self._leaking == 0:
            self._told = None
        trend = self.trend()
        if trend is None or not self._is_news(trend):
            return None
        self._told, self._told_at = trend.confirmed, self._hours[-1]
        return self._deviation(trend)

    def trend(self) -> Trend | None:
        """Give how the resource leaks; None if it does not, or too little is known of it."""
        if self._leaking < _TIMES and self._told is None:
            return None
        window = self._window()
        hour = slope([at for at, _ in window], [low for _, low in window])
        left = None if self.limit is None else max(0.0, self.limit - self._last)
        return Trend(
            hour=hour,
            confidence=_concordance([low for _, low in window]),
            confirmed=self._hours[-1] - self._hours[0] >= _CONFIRMED,
            since=self._started + window[0][0] * _HOUR,
            exhausted_in=None if left is None or hour <= 0.0 else left / hour * _HOUR,
        )

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "started": self._started,
            "hours": self._hours.tolist(),
            "lows": self._lows.tolist(),
            "open": list(self._open or ()),
            "last": self._last,
            "leaking": self._leaking,
            "told": self._told,
            "told_at": self._told_at,
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave of the same process; raise ValueError for other."""
        match state:
            case {
                "version": 1,
                "started": float(started),
                "hours": list(hours),
                "lows": list(lows),
                "open": list(begun),
                "last": float(last),
                "leaking": int(leaking),
                "told": bool() | None as told,
                "told_at": float(told_at),
            } if started == self._started and len(hours) == len(lows):
                self._hours, self._lows = array("d", hours), array("d", lows)
                self._open = (int(begun[0]), float(begun[1])) if begun else None
                self._last, self._leaking = last, leaking
                self._told, self._told_at = told, told_at
            case _:
                raise ValueError(f"no state of this leak: {state.get('version')!r}")

    def _is_news(self, trend: Trend) -> bool:
        return self._told != trend.confirmed or self._hours[-1] - self._told_at >= _AGAIN

    def _close(self, hour: float, low: float) -> None:
        self._hours.append(hour)
        self._lows.append(low)
        if len(self._hours) > _BLOCKS:
            self._hours.pop(0)
            self._lows.pop(0)

    def _window(self) -> list[tuple[float, float]]:
        begin = self._hours[-1] - self._policy.window / _HOUR
        return [each for each in zip(self._hours, self._lows, strict=True) if each[0] > begin]

    def _looks_so(self) -> bool:
        window = self._window()
        if len(window) < 0.95 * self._policy.window / _BLOCK:
            return False
        kept = _never_given_back([low for _, low in window])
        rise = kept[-1] - kept[0]
        if rise < self._policy.least * self._policy.window / _HOUR:
            return False
        thirds, parts = _rises(kept, 3), _rises(kept, _PARTS)
        rising = sum(each >= _PART_LEAST * rise / _PARTS for each in parts)
        even = min(thirds) >= _THIRD_LEAST * rise / 3 and rising >= _RISING
        return even and _is_line(self._hours, self._lows)

    def _deviation(self, trend: Trend) -> Deviation:
        left, unit = trend.exhausted_in, self._policy.unit
        ends = "" if left is None else f", at its limit in {time_left(left)}"
        sure = "confirmed" if trend.confirmed else "suspected"
        watched = self._hours[-1] - self._hours[0]
        return Deviation(
            what=What.LEAK,
            subject=self._resource,
            observed=f"{amount(trend.hour, unit, sign=True)} an hour, {sure} after "
            f"{watched:.0f} h{ends}",
            expected=f"a rise of less than {amount(self._policy.least, unit)} an hour, "
            "or one that ends",
            since=trend.since,
            score=trend.confidence if trend.confirmed else 0.9 * trend.confidence,
        )


def _never_given_back(lows: Sequence[float]) -> list[float]:
    """Give of each value the lowest from there on."""
    kept = list(lows)
    for at in range(len(kept) - 2, -1, -1):
        kept[at] = min(kept[at], kept[at + 1])
    return kept


def _rises(values: Sequence[float], parts: int) -> list[float]:
    last = len(values) - 1
    ends = [values[last * part // parts] for part in range(parts + 1)]
    return [after - before for before, after in pairwise(ends)]


def _is_line(middles: Sequence[float], lowest: Sequence[float]) -> bool:
    """Whether a line describes it better than a logarithm since the start, and than a day."""
    lows = [min(lowest[at : at + _TOOTH]) for at in range(len(lowest) - _TOOTH + 1)]
    hours = middles[: len(lows)]
    turns = [at * math.pi / 12 for at in hours]
    line = misfit([(at,) for at in hours], lows)
    logarithm = misfit([(math.log(at),) for at in hours], lows)
    day = misfit([(math.sin(turn), math.cos(turn)) for turn in turns], lows)
    return logarithm > _STRAIGHTER * line and day > line


def _concordance(values: Sequence[float]) -> float:
    pairs = [(later > earlier) - (later < earlier) for earlier, later in combinations(values, 2)]
    return (1 + sum(pairs) / len(pairs)) / 2
