"""The words of all measurements: a reading, a gap where there is none, and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bench.manager import Manager
from bench.session import Stage


class Unit(StrEnum):
    """What a value counts."""

    MS = "ms"
    MB = "MB"
    MB_PER_S = "MB/s"
    PERCENT = "% of a core"
    PER_S = "per s"
    LINES = "lines"
    SERVICES = "services"
    MODULES = "modules"

    @property
    def more_is_better(self) -> bool:
        """All others are costs and losses."""
        return self is Unit.MB_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measured value of a *subject* (a manager or a bare loop), in a *case* of a *figure*.

    *load* is the load average over a minute when it was taken.
    """

    figure: str
    case: str
    subject: str
    value: float
    unit: Unit
    load: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A measurement of a *subject* that could not be taken, and *why*."""

    figure: str
    subject: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a measurement gives: a *number* in a *case* of a *figure*."""

    figure: str
    case: str
    number: float
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Something worth measuring.  One *measure* is one round of one subject."""

    name: str
    tables: Mapping[str, str]
    """Those that its values stand in, and what is measured, from when to when."""
    measure: Callable[[Stage, Manager], Iterator[Value]]
    floors: Mapping[str, Callable[[Stage], Iterator[Value]]] = field(default_factory=dict)
    """Bare loops that do the same, by name."""
    fits: Callable[[Manager], bool] = lambda _: True
    """Whether a manager does such a thing at all."""
    repeat: int = 1
    """How many rounds are taken for each that is asked for: more of what is short and unsteady."""
    rounds: int = 100
    """The most rounds that are worth their time."""
    patience: float = 180.0
    """Seconds after which a round is given up."""
