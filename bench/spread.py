"""What many readings of one thing come to: a middle, and how far readings lie from it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of *count* readings, and the median of their distances from it (MAD).

    Both shrug off a round in which the machine was busy with something else.
    """

    median: float
    mad: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Summarize *values*, of which there is at least one."""
        median = statistics.median(values)
        mad = statistics.median(abs(value - median) for value in values)
        return cls(median=median, mad=mad, count=len(values))


def ratio(ours: float, theirs: float) -> float | None:
    """Give *ours* divided by *theirs*; None if that says nothing, as theirs is 0."""
    return ours / theirs if theirs else None
