"""The words all measurements share: a reading, and a figure that gives readings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Side(StrEnum):
    """Who was measured."""

    SVCCTL = "svcctl"
    FLOOR = "floor"


def _load() -> float:
    return os.getloadavg()[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measured value; *load* is the load average over a minute when it was taken."""

    case: str
    side: Side
    value: float
    unit: str
    load: float = field(default_factory=_load)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Something worth measuring: *measure* takes a number of rounds and gives readings.

    In every round both sides are measured, one right after the other.
    """

    name: str
    about: str
    floor: str
    measure: Callable[[int], Iterator[Reading]]


def ours(case: str, value: float, unit: str) -> Reading:
    """Give a reading of svcctl."""
    return Reading(case=case, side=Side.SVCCTL, value=value, unit=unit)


def floor(case: str, value: float, unit: str) -> Reading:
    """Give a reading of the floor."""
    return Reading(case=case, side=Side.FLOOR, value=value, unit=unit)
