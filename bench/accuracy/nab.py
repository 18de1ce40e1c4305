"""Scores detectors on the Numenta Anomaly Benchmark as its paper says (Lavin and Ahmad, 2015).

What a detection earns falls along a sigmoid from the start of a labelled window to its end and
goes on below zero behind it; only the earliest detection in a window counts, a window without one
costs, and so does each detection outside.  One threshold for all series is chosen to give the best
sum, which is scaled so that detecting nothing is 0 and a perfect detector 100.
https://arxiv.org/abs/1510.03336
"""

from __future__ import annotations

import csv
import json
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_PROBATION = 0.15
_PROBATION_LONGEST = 5000  # points: 0.15 of no more than these


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series: times in seconds since 1970, values, and windows by the index of both ends."""

    name: str
    times: Sequence[float]
    values: Sequence[float]
    windows: Sequence[tuple[int, int]]

    @property
    def probation(self) -> int:
        """How many points a detector may look at before it is judged."""
        return math.floor(_PROBATION * min(len(self.values), _PROBATION_LONGEST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a window found or missed and a false detection are worth."""

    found: float
    missed: float
    false: float


Scorer = Callable[[Series], Sequence[float]]
"""Gives a score from 0 to 1 for each point, from the points up to it alone."""


def load(folder: Path) -> list[Series]:
    """Read the series that lie in *folder*."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text())
    return [
        _series(name, folder / "data" / name, windows)
        for name, windows in sorted(labels.items())
        if (folder / "data" / name).exists()
    ]


def profiles(folder: Path) -> dict[str, Profile]:
    """Read the profiles of costs: standard, reward_low_FP_rate and reward_low_FN_rate."""
    kept = json.loads((folder / "profiles.json").read_text())
    return {
        name: Profile(
            found=each["CostMatrix"]["tpWeight"],
            missed=each["CostMatrix"]["fnWeight"],
            false=each["CostMatrix"]["fpWeight"],
        )
        for name, each in kept.items()
    }


def score(corpus: Sequence[Series], scores: Sequence[Sequence[float]], profile: Profile) -> float:
    """Give the score of a detector, 0 for detecting nothing and 100 for a perfect one."""
    points = sorted(
        (point for series, of in zip(corpus, scores, strict=True) for point in _worth(series, of)),
        key=lambda point: -point.score,
    )
    count = sum(len(series.windows) for series in corpus)
    best = total = 0.0  # above that of a detector that finds nothing
    earned: dict[tuple[str, int], float] = {}
    for at, point in enumerate(points):
        if point.window is None:
            total += profile.false * point.worth
        else:
            before = earned.get(point.window, -profile.missed)
            earned[point.window] = max(before, profile.found * point.worth)
            total += earned[point.window] - before
        if at + 1 == len(points) or points[at + 1].score != point.score:
            best = max(best, total)
    return 100 * best / (count * (profile.found + profile.missed))


def windowed_gaussian(series: Series) -> list[float]:
    """Score as NAB's detector of that name does: 39.6 on the whole corpus, after its authors.

    One less the tail of a normal distribution, which is fitted to the 6400 points before and
    fitted anew every 10 points.
    """
    window: deque[float] = deque(maxlen=6400)
    step: list[float] = []
    start = series.values[0]  # sums are kept of what stands above it, so that they stay exact
    total = squares = 0.0
    mean, deviation = 0.0, 1.0
    found = []
    for value in series.values:
        found.append(1 - _tail(value - start, mean, deviation) if window else 0.0)
        step.append(value - start)
        if len(window) < 6400 or len(step) == 10:
            for each in step:
                gone = window[0] if len(window) == 6400 else 0.0
                window.append(each)
                total += each - gone
                squares += each * each - gone * gone
            step.clear()
            mean = total / len(window)
            deviation = math.sqrt(max(squares / len(window) - mean * mean, 0.0)) or 1e-6
    return found


@dataclass(frozen=True, slots=True)
class _Point:
    score: float
    worth: float
    window: tuple[str, int] | None


def _worth(series: Series, scores: Sequence[float]) -> Iterator[_Point]:
    """Give each point behind the probation with what detecting it is worth."""
    passed: tuple[int, int] | None = None
    ahead = list(enumerate(series.windows))
    for at, each in enumerate(scores):
        while ahead and at > ahead[0][1][1]:
            passed = ahead.pop(0)[1]
        if at < series.probation:
            continue
        if ahead and at >= ahead[0][1][0]:
            number, (left, right) = ahead[0]
            place = -(right - at + 1) / (right - left + 1)
            yield _Point(each, _sigmoid(place) / _sigmoid(-1.0), (series.name, number))
        elif passed is None:
            yield _Point(each, -1.0, None)
        else:
            yield _Point(each, _sigmoid((at - passed[1]) / (passed[1] - passed[0])), None)


def _sigmoid(place: float) -> float:
    return -1.0 if place > 3.0 else 2 / (1 + math.exp(5 * place)) - 1


def _series(name: str, file: Path, windows: Sequence[Sequence[str]]) -> Series:
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    times = [_seconds(row["timestamp"]) for row in rows]
    index: Mapping[float, int] = {at: number for number, at in enumerate(times)}
    return Series(
        name=name,
        times=times,
        values=[float(row["value"]) for row in rows],
        windows=[(index[_seconds(left)], index[_seconds(right)]) for left, right in windows],
    )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


def _tail(value: float, mean: float, deviation: float) -> float:
    return 0.5 * math.erfc(abs(value - mean) / deviation / math.sqrt(2))
