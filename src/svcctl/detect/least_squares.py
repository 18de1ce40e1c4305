"""Fits a few known shapes to points, so that one can ask which describes them best."""

from __future__ import annotations

import math
from collections.abc import Sequence


def misfit(shapes: Sequence[Sequence[float]], values: Sequence[float]) -> float:
    """Give the sum of squares that a sum of the shapes and a constant leaves of the values.

    *shapes* has for each value those of the shapes there.  Each shape is made orthogonal to those
    before it (modified Gram-Schmidt) and taken out of the values.
    """
    rest = _centred(values)
    taken: list[list[float]] = []
    for column in zip(*shapes, strict=True):
        direction = _centred(column)
        for before in taken:
            direction = _without(direction, before)
        if math.fsum(each * each for each in direction) > 1e-12:
            rest = _without(rest, direction)
            taken.append(direction)
    return math.fsum(each * each for each in rest)


def slope(places: Sequence[float], values: Sequence[float]) -> float:
    """Give the rise of the values with one unit of their places."""
    middle = math.fsum(places) / len(places)
    away = [each - middle for each in places]
    return math.fsum(a * value for a, value in zip(away, values, strict=True)) / math.fsum(
        a * a for a in away
    )


def _centred(values: Sequence[float]) -> list[float]:
    mean = math.fsum(values) / len(values)
    return [each - mean for each in values]


def _without(values: Sequence[float], direction: Sequence[float]) -> list[float]:
    along = math.fsum(a * b for a, b in zip(values, direction, strict=True))
    share = along / math.fsum(each * each for each in direction)
    return [a - share * b for a, b in zip(values, direction, strict=True)]
