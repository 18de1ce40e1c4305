"""Streams of counts as services make them: Poisson, or wider, with a day in them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

DAY = 8_640
"""Buckets of 10 s."""


def counts(mean: float, buckets: int, *, spread: float = 1.0, seed: int = 1) -> Iterator[int]:
    """Give counts around *mean*, 60 % more or less over the day, with a variance of *spread*."""
    random = Random(seed)
    for bucket in range(buckets):
        yield count(mean * (1 + 0.6 * math.sin(2 * math.pi * bucket / DAY)), spread, random)


def count(mean: float, spread: float, random: Random) -> int:
    """Draw a Poisson count, or a negative binomial one of *spread* times the variance."""
    if spread > 1:
        size = mean / (spread - 1)
        mean = random.gammavariate(size, mean / size)
    if mean > 500:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, drawn, product = math.exp(-mean), 0, random.random()
    while product > limit:
        drawn += 1
        product *= random.random()
    return drawn
