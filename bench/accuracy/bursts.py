"""How well bursts are told from the noise of streams, Poisson and wider, with a day in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

from bench.accuracy.figure import Figure
from bench.accuracy.streams import DAY, count, counts
from svcctl.detect.finding import What
from svcctl.detect.rates import BUCKET, Rate

_MEANS = (0.1, 0.5, 1.0, 3.0, 10.0, 50.0)
_SPREADS = (1.0, 2.0, 5.0)
_DAYS = 7
_ATTEMPTS = 20
_BURST = 6


def figures() -> Iterator[Figure]:
    """Measure false alarms over weeks, and how many bursts are seen within a minute."""
    alarms = sum(_alarms(mean, spread) for mean, spread in product(_MEANS, _SPREADS))
    days = _DAYS * len(_MEANS) * len(_SPREADS)
    yield Figure(
        subject="bursts",
        what=f"false alarms a day, {days} days of {len(_MEANS) * len(_SPREADS)} streams",
        reached=round(alarms / days, 3),
        asked=0,
        least=False,
    )
    for mean in _MEANS[1:]:
        seen = sum(_seen(mean, spread) for spread in _SPREADS) / len(_SPREADS)
        yield Figure(
            subject="bursts",
            what=f"seen within 60 s, ×10 of {mean:g} in 10 s",
            reached=round(seen, 3),
            asked=0.9 if mean >= 3 else None,
        )


def _alarms(mean: float, spread: float) -> int:
    rate = Rate("")
    stream = counts(mean, _DAYS * DAY, spread=spread, seed=3)
    return sum(rate.add(each, at=BUCKET * at) is not None for at, each in enumerate(stream))


def _seen(mean: float, spread: float) -> float:
    random, seen = Random(5), 0
    for attempt in range(_ATTEMPTS):
        rate = Rate("")
        for at, each in enumerate(counts(mean, DAY // 2, spread=spread, seed=attempt)):
            rate.add(each, at=BUCKET * at)
        burst = [count(10 * mean, spread, random) for _ in range(_BURST)]
        found = [rate.add(each, at=BUCKET * (DAY + at)) for at, each in enumerate(burst)]
        seen += any(each is not None and each.what is What.BURST for each in found)
    return seen / _ATTEMPTS
