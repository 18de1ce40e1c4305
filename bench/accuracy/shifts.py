"""How well drops, silence, shares of errors and latency are told, in streams with a day in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from bench.accuracy.figure import Figure
from bench.accuracy.streams import DAY, count, counts
from svcctl.detect.finding import What
from svcctl.detect.latency import Latency
from svcctl.detect.rates import BUCKET, Rate
from svcctl.detect.ratios import ErrorRatio
from svcctl.detect.silence import Silence

_DAYS = 3
_ATTEMPTS = 20
_MINUTES = 1_440


def figures() -> Iterator[Figure]:
    """Measure for each detector its false alarms, and how many shifts it sees."""
    yield _seen("stream that stops, within 5 min", _drop)
    yield _seen("heartbeat that stops, within 6 beats", _silence)
    yield _false("silence of what comes at random", _no_silence)
    yield _seen("errors 2 % to 10 %, within 5 min", _ratio)
    yield _false("error ratio", _no_ratio)
    yield _seen("latency twice as long, within 10 min", partial(_latency, 0.2), asked=None)
    yield _seen("latency three times as long, within 10 min", partial(_latency, 0.3))
    yield _false("latency", _no_latency)


def _seen(what: str, attempt: Callable[[Random], bool], *, asked: float | None = 0.9) -> Figure:
    seen = sum(attempt(Random(seed)) for seed in range(_ATTEMPTS))
    return Figure(subject="shifts", what=what, reached=seen / _ATTEMPTS, asked=asked)


def _false(what: str, alarms: Callable[[Random], int]) -> Figure:
    reached = sum(alarms(Random(seed)) for seed in range(_ATTEMPTS)) / (_ATTEMPTS * _DAYS)
    return Figure(
        subject="shifts",
        what=f"false alarms a day, {what}",
        reached=round(reached, 3),
        asked=0,
        least=False,
    )


def _drop(random: Random) -> bool:
    rate, seed = Rate(""), random.randrange(1_000)
    stream = [*counts(5.0, DAY // 2, spread=2.0, seed=seed), *[0] * 30]
    found = [rate.add(each, at=BUCKET * at) for at, each in enumerate(stream)]
    return any(each is not None and each.what is What.DROP for each in found[-30:])


def _silence(random: Random) -> bool:
    silence, at = Silence(""), 0.0
    for _ in range(500):
        at += random.uniform(27, 33)
        silence.hear(at)
    return silence.judge(at + 6 * 30.0) is not None


def _no_silence(random: Random) -> int:
    silence, at, alarms = Silence(""), 0.0, 0
    while at < _DAYS * 86_400:
        day = 1 + 0.6 * math.sin(2 * math.pi * at / 86_400)
        at += random.expovariate(day / 60.0)
        alarms += silence.judge(at) is not None
        silence.hear(at)
    return alarms


def _errors(total: int, share: float, random: Random) -> int:
    return sum(random.random() < share for _ in range(total))


def _learnt_ratio(random: Random, buckets: int) -> tuple[ErrorRatio, int]:
    ratio, alarms = ErrorRatio(""), 0
    for at, total in enumerate(counts(30.0, buckets, spread=3.0, seed=random.randrange(1_000))):
        found = ratio.add(_errors(total, 0.02, random), total, at=BUCKET * at)
        alarms += found is not None
    return ratio, alarms


def _ratio(random: Random) -> bool:
    ratio, _ = _learnt_ratio(random, DAY // 4)
    totals = [count(30.0, 3.0, random) for _ in range(30)]
    found = [ratio.add(_errors(each, 0.1, random), each, at=1e6) for each in totals]
    return any(found)


def _no_ratio(random: Random) -> int:
    return _learnt_ratio(random, _DAYS * DAY)[1]


def _minute(random: Random, typical: float) -> list[float]:
    return [random.lognormvariate(math.log(typical), 0.7) for _ in range(20)]


def _learnt_latency(random: Random, minutes: int) -> tuple[Latency, int]:
    latency, alarms = Latency(""), 0
    for at in range(minutes):
        usual = 0.1 * (1 + 0.2 * math.sin(2 * math.pi * at / _MINUTES))
        alarms += latency.add(_minute(random, usual), at=60.0 * at) is not None
    return latency, alarms


def _latency(slow: float, random: Random) -> bool:
    latency, _ = _learnt_latency(random, _MINUTES)
    return any(latency.add(_minute(random, slow), at=1e6) for _ in range(10))


def _no_latency(random: Random) -> int:
    return _learnt_latency(random, _DAYS * _MINUTES)[1]
