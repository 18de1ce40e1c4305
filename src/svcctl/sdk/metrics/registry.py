"""Keeps metrics in this process without any other package: numbers under a lock, and no more."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from svcctl.errors import UsageError
from svcctl.sdk.metrics.instruments import (
    SECONDS,
    Declaration,
    Kind,
    Series,
    declared,
    label_values,
    same,
)

MOST_SERIES = 1000
"""Combinations of label values one metric may have; more are summed under ``(other)``."""

_OTHER = "(other)"


@dataclass(slots=True)
class _Cell:
    value: float = 0.0
    counts: list[int] = field(default_factory=list)


class _Metric:
    """One metric: a Counter, a Gauge and a Histogram, of which it is asked to be one."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self._lock = threading.Lock()
        self._cells: dict[tuple[str, ...], _Cell] = {}
        if not declaration.labels:
            self._cell(())

    def series(self) -> list[Series]:
        """Give the numbers of now."""
        with self._lock:
            return [
                Series(labels=labels, value=cell.value, counts=tuple(_summed(cell.counts)))
                for labels, cell in self._cells.items()
            ]

    def change(self, amount: float, labels: dict[str, str]) -> None:
        """Add *amount* to the value."""
        values = label_values(self.declaration, labels)
        with self._lock:
            self._cell(values).value += amount

    def replace(self, value: float, labels: dict[str, str]) -> None:
        """Put *value* in the place of the old one."""
        values = label_values(self.declaration, labels)
        with self._lock:
            self._cell(values).value = value

    def take_in(self, value: float, labels: dict[str, str]) -> None:
        """Count *value* in its bucket."""
        values = label_values(self.declaration, labels)
        bucket = bisect_left(self.declaration.buckets, value)
        with self._lock:
            cell = self._cell(values)
            cell.value += value
            cell.counts[bucket] += 1

    def _cell(self, labels: tuple[str, ...]) -> _Cell:
        found = self._cells.get(labels)
        if found is not None:
            return found
        if len(self._cells) >= MOST_SERIES:
            labels = (_OTHER,) * len(labels)
        is_histogram = self.declaration.kind is Kind.HISTOGRAM
        counts = [0] * (len(self.declaration.buckets) + 1) if is_histogram else []
        return self._cells.setdefault(labels, _Cell(0.0, counts))


def _summed(counts: list[int]) -> Iterator[int]:
    total = 0
    for each in counts:
        total += each
        yield total


@dataclass(frozen=True, slots=True)
class _Counter:
    metric: _Metric

    def add(self, amount: float = 1.0, /, **labels: str) -> None:
        """Add *amount*, which is not negative."""
        if not amount >= 0:
            name = self.metric.declaration.name
            raise UsageError(f"counter {name!r} cannot change by {amount}", hint="use a gauge")
        self.metric.change(amount, labels)


@dataclass(frozen=True, slots=True)
class _Gauge:
    metric: _Metric

    def set(self, value: float, /, **labels: str) -> None:
        """Tell the new value."""
        self.metric.replace(value, labels)

    def add(self, amount: float, /, **labels: str) -> None:
        """Change the value."""
        self.metric.change(amount, labels)


@dataclass(frozen=True, slots=True)
class _Histogram:
    metric: _Metric

    def observe(self, value: float, /, **labels: str) -> None:
        """Take one value in."""
        self.metric.take_in(value, labels)


class Registry:
    """The metrics of one process; it is a :class:`Metrics`, and may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._metrics: dict[str, _Metric] = {}

    def counter(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> _Counter:
        """Give the counter *name*."""
        return _Counter(self._metric(declared(Kind.COUNTER, name, text, labels)))

    def gauge(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> _Gauge:
        """Give the gauge *name*."""
        return _Gauge(self._metric(declared(Kind.GAUGE, name, text, labels)))

    def histogram(
        self,
        name: str,
        text: str = "",
        *,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = SECONDS,
    ) -> _Histogram:
        """Give the histogram *name*."""
        return _Histogram(self._metric(declared(Kind.HISTOGRAM, name, text, labels, buckets)))

    def exposition(self, *, open_metrics: bool) -> tuple[str, bytes]:
        """Give media type and text of all metrics, now, as scrapers read them."""
        from svcctl.sdk.metrics.exposition import exposition  # noqa: PLC0415 - who is asked pays

        return exposition(self.collect(), open_metrics=open_metrics)

    def collect(self) -> list[tuple[Declaration, list[Series]]]:
        """Give every metric by name, with its numbers of now."""
        with self._lock:
            metrics = [self._metrics[name] for name in sorted(self._metrics)]
        return [(each.declaration, each.series()) for each in metrics]

    def _metric(self, declaration: Declaration) -> _Metric:
        with self._lock:
            found = self._metrics.setdefault(declaration.name, _Metric(declaration))
        same(declaration, found.declaration)
        return found
