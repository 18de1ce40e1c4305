"""Watches one metric, point by point, for values that have not been before.

Three things are tracked: the value itself, its mean over the last points, and its distance from
what is usual at that time of day.  Each has a band from the lowest to the highest so far, and
leaving the band is unusual; a band that is left widens by no more than its own width at once, so
that the second outlier is seen beside the first.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.detect.amounts import Unit, amount
from svcctl.detect.finding import Deviation, What

_DAY = 86_400.0
_SLOT = 1_800.0
_SLOTS = int(_DAY / _SLOT)
_ADAPT = 0.2  # of the distance between a slot's usual value and the value that is seen there

_TRACKS = (("value", 0.0), ("mean", 0.05), ("season", 0.2))
"""What is tracked, and how far outside of its band it has to be, as a part of the band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPolicy:
    """How a series is watched: *learning* points teach only; *quiet* points pass after a finding.

    *mean* is how many points the mean is of.  How far outside of its band a value has to be:
    *least* as a share of the largest value, *beyond* as a share of the band, *floor* in units.  So
    many points in a row have to be as *lasting* says; with *rise_only* what falls is no news.
    The defaults were chosen on a part of NAB, most of whose points are five minutes apart; where
    they are closer, learn for longer.
    """

    learning: int = 150
    quiet: int = 30
    mean: int = 20
    least: float = 0.005
    beyond: float = 0.0
    floor: float = 0.0
    lasting: int = 1
    rise_only: bool = False
    unit: Unit = Unit.NUMBER


@dataclass(frozen=True, slots=True)
class _Away:
    """A track that left its band, and has stayed outside for so many *points*."""

    low: float
    high: float
    points: int


class Series:
    """Says of each point of one metric whether it is unusual."""

    __slots__ = (  # an agent has five for each of hundreds of programs
        *("_away", "_bands", "_last", "_metric", "_policy"),
        *("_quiet_until", "_seen", "_slots", "_told"),
    )

    def __init__(self, metric: str, policy: SeriesPolicy | None = None) -> None:
        self._metric = metric
        self._policy = policy or SeriesPolicy()
        self._seen = 0
        self._quiet_until = 0
        self._bands: dict[str, tuple[float, float]] = {}
        self._away: dict[str, _Away] = {}
        self._told = ""
        self._last = array("d")
        self._slots = array("d", [math.nan]) * _SLOTS

    @property
    def is_unusual(self) -> bool:
        """Whether what was told last still lasts, and has not become usual meanwhile."""
        return bool(self._told)

    def add(self, value: float, *, at: float) -> Deviation | None:
        """Take the next point, *at* in seconds since 1970; say how it is unusual, or None.

        What is no number (not a number, infinite) is left out.
        """
        if not math.isfinite(value):
            return None
        self._seen += 1
        first: tuple[float, str, float, tuple[float, float]] | None = None
        for (track, margin), seen in zip(_TRACKS, self._tracked(value, at), strict=True):
            if seen is None:
                continue
            band = self._bands.get(track)
            if band is None:
                self._bands[track] = (seen, seen)
                continue
            away = self._away.get(track)
            usual = (away.low, away.high) if away else band
            if not band[0] <= seen <= band[1]:
                self._widen(track, band, seen)
            elif away is None:
                continue
            outside = self._outside(seen, usual, margin)
            if self._lasts(track, usual, outside=outside > 0.0) and first is None:
                first = outside, track, seen, usual
        if self._told and (self._told not in self._away or self._seen >= self._quiet_until):
            self._told = ""
            self._away.clear()  # what still lasts is compared with what it has become
        if first is None or self._seen < self._quiet_until:
            return None
        self._quiet_until = self._seen + self._policy.quiet
        self._told = first[1] if self._policy.lasting > 1 else ""
        return self._deviation(first, value, at)

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "seen": self._seen,
            "quiet_until": self._quiet_until,
            "bands": {track: list(band) for track, band in self._bands.items()},
            "away": {track: [e.low, e.high, e.points] for track, e in self._away.items()},
            "told": self._told,
            "last": self._last.tolist(),
            "slots": [
                [slot, usual] for slot, usual in enumerate(self._slots) if not math.isnan(usual)
            ],
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {
                "version": 1,
                "seen": int(seen),
                "quiet_until": int(quiet_until),
                "bands": dict(bands),
                "away": dict(away),
                "told": str(told),
                "last": list(last),
                "slots": list(slots),
            }:
                self._seen, self._quiet_until, self._told = seen, quiet_until, told
                self._bands = {track: (low, high) for track, (low, high) in bands.items()}
                self._away = {track: _Away(*each) for track, each in away.items()}
                self._last = array("d", last[-self._policy.mean :])
                for slot, usual in slots:
                    self._slots[slot] = usual
            case _:
                raise ValueError(f"no state of a series: {state.get('version')!r}")

    def begin_anew(self) -> None:
        """Another process: what is usual stays known, what was under way is over."""
        self._away.clear()
        self._told = ""

    def _tracked(self, value: float, at: float) -> tuple[float, float | None, float | None]:
        """Give what is tracked: the value, the mean, the distance from the usual, as they stand."""
        last = self._last
        if len(last) == self._policy.mean:
            last.pop(0)
        last.append(value)
        mean = math.fsum(last) / len(last) if len(last) == self._policy.mean else None
        slot = int(at % _DAY // _SLOT)
        usual = self._slots[slot]
        if math.isnan(usual):
            self._slots[slot] = value
            return value, mean, None
        self._slots[slot] = usual + _ADAPT * (value - usual)
        return value, mean, value - usual

    def _widen(self, track: str, band: tuple[float, float], seen: float) -> None:
        low, high = band
        if self._seen <= self._policy.learning or low == high:
            self._bands[track] = (min(low, seen), max(high, seen))
        elif seen > high:
            self._bands[track] = (low, min(seen, 2 * high - low))
        else:
            self._bands[track] = (max(seen, 2 * low - high), high)

    def _outside(self, seen: float, band: tuple[float, float], margin: float) -> float:
        """Give how far outside of *band* the value stands, from 0 (not far enough) to 1."""
        low, high = band
        policy = self._policy
        away = seen - high if policy.rise_only else max(seen - high, low - seen)
        if self._seen <= policy.learning or away <= max(
            max(margin, policy.beyond) * (high - low),
            policy.least * max(abs(low), abs(high)),
            policy.floor,
        ):
            return 0.0
        return away / (away + high - low)

    def _lasts(self, track: str, usual: tuple[float, float], *, outside: bool) -> bool:
        """Count the points outside of what was usual when it began; whether they are enough."""
        if self._policy.lasting == 1:
            return outside
        if not outside:
            self._away.pop(track, None)
            return False
        before = self._away.get(track)
        away = self._away[track] = _Away(*usual, (before.points if before else 0) + 1)
        return away.points >= self._policy.lasting

    def _deviation(
        self, left: tuple[float, str, float, tuple[float, float]], value: float, at: float
    ) -> Deviation:
        outside, track, seen, (low, high) = left
        unit = self._policy.unit
        words = {
            "value": amount(seen, unit),
            "mean": f"a mean of {amount(seen, unit)} over {self._policy.mean} points",
            "season": f"{amount(value, unit)}, which is {amount(seen, unit, sign=True)} "
            "from the usual at that time of day",
        }
        return Deviation(
            what=What.METRIC,
            subject=self._metric,
            observed=words[track],
            expected=f"between {amount(low, unit)} and {amount(high, unit)} "
            f"as in {self._seen - 1} points before",
            since=at,
            score=0.5 + outside / 2,
        )
