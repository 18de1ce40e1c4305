"""Watches one metric, point by point, for values that have not been before.

Three things are tracked: the value itself, its mean over the last points, and its distance from
what is usual at that time of day.  Each has a band from the lowest to the highest so far, and
leaving the band is unusual; a band that is left widens by no more than its own width at once, so
that the second outlier is seen beside the first.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.detect.finding import Deviation, What

_DAY = 86_400.0
_SLOT = 1_800.0
_ADAPT = 0.2  # of the distance between a slot's usual value and the value that is seen there

_TRACKS = (("value", 0.0), ("mean", 0.05), ("season", 0.2))
"""What is tracked, and how far outside of its band it has to be, as a part of the band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPolicy:
    """How a series is watched: *learning* points teach only; *quiet* points pass after a finding.

    *mean* is how many points the mean is of.  *least*: as a share of the largest value, how far
    outside of its band a value has to be.  The defaults were chosen on a part of NAB, most of whose
    points are five minutes apart; where they are closer, learn for longer.
    """

    learning: int = 150
    quiet: int = 30
    mean: int = 20
    least: float = 0.005


class Series:
    """Says of each point of one metric whether it is unusual."""

    def __init__(self, metric: str, policy: SeriesPolicy | None = None) -> None:
        self._metric = metric
        self._policy = policy or SeriesPolicy()
        self._seen = 0
        self._quiet_until = 0
        self._bands: dict[str, tuple[float, float]] = {}
        self._last: deque[float] = deque(maxlen=self._policy.mean)
        self._slots: dict[int, float] = {}

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
            elif not band[0] <= seen <= band[1]:
                outside = self._leave(track, band, seen, margin * (band[1] - band[0]))
                if outside and first is None:
                    first = outside, track, seen, band
        if first is None or self._seen < self._quiet_until:
            return None
        self._quiet_until = self._seen + self._policy.quiet
        return self._deviation(first, value, at)

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "seen": self._seen,
            "quiet_until": self._quiet_until,
            "bands": {track: list(band) for track, band in self._bands.items()},
            "last": list(self._last),
            "slots": [[slot, usual] for slot, usual in self._slots.items()],
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {
                "version": 1,
                "seen": int(seen),
                "quiet_until": int(quiet_until),
                "bands": dict(bands),
                "last": list(last),
                "slots": list(slots),
            }:
                self._seen, self._quiet_until = seen, quiet_until
                self._bands = {track: (low, high) for track, (low, high) in bands.items()}
                self._last = deque(last, maxlen=self._policy.mean)
                self._slots = dict(slots)
            case _:
                raise ValueError(f"no state of a series: {state.get('version')!r}")

    def _tracked(self, value: float, at: float) -> tuple[float, float | None, float | None]:
        """Give what is tracked: the value, the mean, the distance from the usual, as they stand."""
        last = self._last
        last.append(value)
        mean = math.fsum(last) / len(last) if len(last) == last.maxlen else None
        slot = int(at % _DAY // _SLOT)
        usual = self._slots.get(slot)
        self._slots[slot] = value if usual is None else usual + _ADAPT * (value - usual)
        return value, mean, None if usual is None else value - usual

    def _leave(self, track: str, band: tuple[float, float], seen: float, margin: float) -> float:
        """Widen the band; give how far outside the value stands, 0 for not far enough."""
        low, high = band
        if self._seen <= self._policy.learning or low == high:
            self._bands[track] = (min(low, seen), max(high, seen))
        elif seen > high:
            self._bands[track] = (low, min(seen, 2 * high - low))
        else:
            self._bands[track] = (max(seen, 2 * low - high), high)
        if self._seen <= self._policy.learning:
            return 0.0
        away = max(seen - high, low - seen)
        if away <= max(margin, self._policy.least * max(abs(low), abs(high))):
            return 0.0
        return away / (away + high - low)

    def _deviation(
        self, left: tuple[float, str, float, tuple[float, float]], value: float, at: float
    ) -> Deviation:
        outside, track, seen, (low, high) = left
        words = {
            "value": f"{seen:.6g}",
            "mean": f"a mean of {seen:.6g} over {self._policy.mean} points",
            "season": f"{value:.6g}, which is {seen:+.6g} from the usual at that time of day",
        }
        return Deviation(
            what=What.METRIC,
            subject=self._metric,
            observed=words[track],
            expected=f"between {low:.6g} and {high:.6g} as in {self._seen - 1} points before",
            since=at,
            score=0.5 + outside / 2,
        )
