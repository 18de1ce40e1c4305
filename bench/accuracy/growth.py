"""Memory as processes use it over a day: what leaks, and what only looks like it for a while."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from random import Random

MINUTE = 60.0
"""Seconds between two samples."""

_MB = 1e6

Shape = Callable[[float], float]
"""Gives megabytes at an hour."""


def samples(shape: Shape, hours: float, *, random: Random, drift: float = 0.0) -> Iterator[float]:
    """Give bytes, one sample a minute, with noise of 2 MB, or with noise that drifts."""
    base, away = random.uniform(100, 800), 0.0
    for minute in range(int(hours * 60)):
        away = 0.99 * away + random.gauss(0, drift)
        noise = away if drift else random.gauss(0, 2.0)
        yield _MB * (base + shape(minute / 60) + noise)


def _flat(_random: Random) -> Shape:
    return lambda _hour: 0.0


def _sawtooth(random: Random) -> Shape:
    tooth, high, phase = random.choice((0.5, 1, 2, 4, 6)), random.uniform(10, 100), random.random()
    return lambda hour: high * ((hour / tooth + phase) % 1.0)


def _warm_up(random: Random) -> Shape:
    slowness, high = random.choice((0.3, 0.5, 1.0, 1.5)), random.uniform(30, 150)
    return lambda hour: high * (1 - math.exp(-hour / slowness))


def _cache(random: Random) -> Shape:
    scale = random.uniform(5, 25)
    return lambda hour: scale * math.log(1 + 2 * hour)


def _full_cache(random: Random) -> Shape:
    filled, high = random.uniform(2, 8), random.uniform(30, 150)
    return lambda hour: high * min(1.0, hour / filled)


def _steps(random: Random) -> Shape:
    steps = [(random.uniform(1, 24), random.uniform(10, 80)) for _ in range(random.choice((1, 3)))]
    return lambda hour: sum(high for at, high in steps if hour > at)


def _days(random: Random) -> Shape:
    high, phase, cycle = random.uniform(10, 80), random.uniform(0, 24), random.choice((12, 24))
    return lambda hour: high * math.sin(2 * math.pi * (hour + phase) / cycle)


HARMLESS: Mapping[str, Callable[[Random], Shape]] = {
    "flat": _flat,
    "sawtooth": _sawtooth,
    "warm-up": _warm_up,
    "cache": _cache,
    "full cache": _full_cache,
    "steps": _steps,
    "days": _days,
}
"""What is no leak."""


def leak(rate: float) -> Shape:
    """Give a leak of so many megabytes an hour."""
    return lambda hour: rate * hour
