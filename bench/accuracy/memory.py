"""How well leaks are told from what only looks like one for a while."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from bench.accuracy.figure import Figure
from bench.accuracy.growth import HARMLESS, MINUTE, Shape, leak, samples
from svcctl.detect.leaks import Leak

_RATES = (1.5, 2.0, 3.0, 5.0, 10.0)
_ATTEMPTS = 30
_HOURS = 40


def figures() -> Iterator[Figure]:
    """Measure which leaks are found within 18 hours, and what else is taken for one."""
    random = Random(7)
    found = [_found(leak(rate), 18, random) for rate in _RATES for _ in range(_ATTEMPTS)]
    hours = [each for each in found if each is not None]
    yield Figure(
        subject="leaks",
        what="1.5 to 10 MB/h found within 18 h",
        reached=round(len(hours) / len(found), 3),
        asked=1,
    )
    yield Figure(subject="leaks", what="hours until the last was found", reached=max(hours))
    drifting = [
        _found(leak(rate), 18, random, drift=0.3) for rate in _RATES for _ in range(_ATTEMPTS)
    ]
    yield Figure(
        subject="leaks",
        what="the same under noise that drifts by 2 MB",
        reached=round(1 - drifting.count(None) / len(drifting), 3),
    )
    for name, shape in HARMLESS.items():
        taken = [_found(shape(random), _HOURS, random) for _ in range(_ATTEMPTS)]
        yield Figure(
            subject="leaks",
            what=f"false: {name}",
            reached=(_ATTEMPTS - taken.count(None)) / _ATTEMPTS,
            asked=0,
            least=False,
        )


def _found(shape: Shape, hours: float, random: Random, *, drift: float = 0.0) -> float | None:
    """Give the hour in which a leak was told; None: none was."""
    leaking = Leak("", started=0.0)
    for at, value in enumerate(samples(shape, hours, random=random, drift=drift)):
        if leaking.add(value, at=MINUTE * at):
            return MINUTE * at / 3_600
    return None
