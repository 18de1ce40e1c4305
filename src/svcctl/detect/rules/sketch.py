"""Tells percentiles of many numbers in little room, each to one in a hundred.

DDSketch: Masson, Rim and Lee, DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees (PVLDB 12:12, 2019), https://arxiv.org/abs/1908.10693
"""

from __future__ import annotations

import math

ACCURACY = 0.01
"""How far a percentile may be from a number that was really there, as a part of it."""

_GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_SCALE = 1 / math.log(_GAMMA)
_FARTHEST = 1200  # bins either way: from 1e-10 to 1e10, and what is beyond them counts as that


class Sketch:
    """How many numbers there are of about each size; below 1e-10 all are taken for 0."""

    def __init__(self) -> None:
        self._bins: dict[int, int] = {}
        self.count = 0

    def add(self, value: float) -> None:
        """Count a number in."""
        size = math.ceil(math.log(value) * _SCALE) if value > 0 else -_FARTHEST
        self._change(max(-_FARTHEST, min(size, _FARTHEST)), 1)

    def subtract(self, other: Sketch) -> None:
        """Count out what *other* has counted in, all of which was counted in here as well."""
        for size, count in other._bins.items():
            self._change(size, -count)

    def percentile(self, rank: float) -> float:
        """Give the number that *rank* percent of all are not above; 0 where there are none."""
        wanted = math.ceil(self.count * rank / 100)
        for size in sorted(self._bins):
            wanted -= self._bins[size]
            if wanted <= 0:
                return 0.0 if size == -_FARTHEST else 2 * _GAMMA**size / (_GAMMA + 1)
        return 0.0

    def _change(self, size: int, count: int) -> None:
        self.count += count
        left = self._bins.get(size, 0) + count
        if left:
            self._bins[size] = left
        else:
            self._bins.pop(size, None)
