"""What a service counts and measures with: one small port, whoever collects the numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from svcctl.errors import UsageError

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets of a histogram of seconds, unless others are given."""


class Kind(StrEnum):
    """What a metric can be."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Counter(Protocol):
    """Counts what happened; it only grows."""

    def add(self, amount: float = 1.0, /, **labels: str) -> None:
        """Add *amount*; raises UsageError where it is negative or *labels* are not the declared."""


class Gauge(Protocol):
    """Tells how much there is now."""

    def set(self, value: float, /, **labels: str) -> None:
        """Tell the new value; raises UsageError where *labels* are not those declared."""

    def add(self, amount: float, /, **labels: str) -> None:
        """Change the value by *amount*, which may be negative; raises as :meth:`set`."""


class Histogram(Protocol):
    """Tells how values are distributed."""

    def observe(self, value: float, /, **labels: str) -> None:
        """Take one value in; raises UsageError where *labels* are not those declared."""


class Metrics(Protocol):
    """Where metrics come from: what ``ctx.metric`` is.

    The same name gives the same metric; UsageError is raised where it was declared otherwise
    before, or where a name is none: letters, digits and ``_``.
    """

    def counter(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> Counter:
        """Give the counter *name*, without ``_total``; *text* says what it counts."""

    def gauge(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> Gauge:
        """Give the gauge *name*; *text* says what it tells, and the unit."""

    def histogram(
        self,
        name: str,
        text: str = "",
        *,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = SECONDS,
    ) -> Histogram:
        """Give the histogram *name* with the upper bounds *buckets*; one without end is added."""


@runtime_checkable
class Exposed(Protocol):
    """Metrics that can be asked for; those that are pushed cannot."""

    def exposition(self, *, open_metrics: bool) -> tuple[str, bytes]:
        """Give media type and text of all of them, in OpenMetrics or the older format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a metric is: see :class:`Metrics`."""

    kind: Kind
    name: str
    text: str = ""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The numbers of one combination of label values at one moment.

    *value* is that of a counter or gauge, and the sum of a histogram; *counts* are those of its
    buckets, each with those below it, the last being all.
    """

    labels: tuple[str, ...]
    value: float
    counts: tuple[int, ...] = ()


def declared(
    kind: Kind, name: str, text: str, labels: Sequence[str], buckets: Sequence[float] = ()
) -> Declaration:
    """Give a declaration that every collector understands, or raise UsageError."""
    plain = name.removesuffix("_total") if kind is Kind.COUNTER else name
    if not _NAME.fullmatch(plain):
        raise UsageError(f"{name!r} is no name for a metric", hint="letters, digits and _")
    for each in labels:
        reserved = kind is Kind.HISTOGRAM and each == "le"
        if reserved or not _LABEL.fullmatch(each) or list(labels).count(each) > 1:
            raise UsageError(
                f"{each!r} is no label for {name!r}", hint="letters, digits and _, each once"
            )
    if kind is Kind.HISTOGRAM and (not buckets or list(buckets) != sorted(set(buckets))):
        raise UsageError(f"the buckets of {name!r} do not grow", hint="such as (0.1, 1.0, 10.0)")
    return Declaration(
        kind=kind,
        name=plain,
        text=text,
        labels=tuple(labels),
        buckets=tuple(float(each) for each in buckets),
    )


def label_values(declaration: Declaration, given: dict[str, str]) -> tuple[str, ...]:
    """Give the values in the order declared, or raise UsageError."""
    if len(given) != len(declaration.labels) or not all(
        map(given.__contains__, declaration.labels)
    ):
        wanted = ", ".join(declaration.labels) or "none"
        said = ", ".join(sorted(given)) or "none"
        raise UsageError(
            f"metric {declaration.name!r} has the labels {wanted}, not {said}",
            hint="give a value for each of them, and for no other",
        )
    return tuple(map(str, map(given.__getitem__, declaration.labels)))


def same(declaration: Declaration, before: Declaration) -> None:
    """Raise UsageError where a metric is declared again as something else."""
    if (declaration.kind, declaration.labels, declaration.buckets) != (
        before.kind,
        before.labels,
        before.buckets,
    ):
        raise UsageError(
            f"metric {declaration.name!r} is a {before.kind} already, with other labels or buckets"
            if declaration.kind is before.kind
            else f"metric {declaration.name!r} is a {before.kind} already",
            hint="give it another name",
        )
