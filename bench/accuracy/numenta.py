"""How well unusual values are told in the series of the Numenta Anomaly Benchmark."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from bench.accuracy.figure import Figure
from bench.accuracy.nab import Series as Labelled
from bench.accuracy.nab import load, profiles, score, windowed_gaussian
from svcctl.detect.series import Series


def figures(data: Path) -> Iterator[Figure]:
    """Score our detector with each profile, and two whose scores are known."""
    corpus, costs = load(data / "nab"), profiles(data / "nab")
    begun = time.process_time()
    found = [_scores(each) for each in corpus]
    seconds = time.process_time() - begun
    for name, profile in costs.items():
        asked = 60 if name == "standard" else None
        reached = round(score(corpus, found, profile), 1)
        yield Figure(subject="metrics", what=f"NAB score, {name}", reached=reached, asked=asked)
    points = sum(len(each.values) for each in corpus)
    yield Figure(
        subject="metrics",
        what="µs a point",
        reached=round(1e6 * seconds / points, 1),
        asked=10,
        least=False,
    )
    standard = costs["standard"]
    nothing = [[0.0] * len(each.values) for each in corpus]
    gaussian = [windowed_gaussian(each) for each in corpus]
    for name, other in (("null", nothing), ("windowedGaussian", gaussian)):
        reached = round(score(corpus, other, standard), 1)
        yield Figure(subject="metrics", what=f"beside it: {name}, standard", reached=reached)


def _scores(labelled: Labelled) -> list[float]:
    series = Series(labelled.name)
    points = zip(labelled.times, labelled.values, strict=True)
    found = [series.add(value, at=at) for at, value in points]
    return [each.score if each else 0.0 for each in found]
