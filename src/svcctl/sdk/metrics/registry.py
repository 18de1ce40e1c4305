"""Keeps metrics in this process without any other package: numbers under a lock, and no more."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from svcctl.sdk.metrics.instruments import Declaration, Kind, Series
from svcctl.sdk.metrics.made import Made, Values

MOST_SERIES = 1000
"""Combinations of label values one metric may have; more are summed under ``(other)``."""

_OTHER = "(other)"


@dataclass(slots=True)
class _Cell:
    value: float = 0.0
    counts: list[int] = field(default_factory=list)


class _Metric:
    """The numbers of one metric: see :class:`svcctl.sdk.metrics.made.Numbers`."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self._lock = threading.Lock()
        self._cells: dict[Values, _Cell] = {}
        if not declaration.labels:
            self._cell(())

    def series(self) -> list[Series]:
        """Give the numbers of now."""
        with self._lock:
            return [
                Series(labels=labels, value=cell.value, counts=tuple(_summed(cell.counts)))
                for labels, cell in self._cells.items()
            ]

    def change(self, amount: float, labels: Values) -> None:
        """Add *amount* to the value."""
        with self._lock:
            self._cell(labels).value += amount

    def replace(self, value: float, labels: Values) -> None:
        """Put *value* in the place of the old one."""
        with self._lock:
            self._cell(labels).value = value

    def take_in(self, value: float, labels: Values) -> None:
        """Count *value* in its bucket."""
        bucket = bisect_left(self.declaration.buckets, value)
        with self._lock:
            cell = self._cell(labels)
            cell.value += value
            cell.counts[bucket] += 1

    def _cell(self, labels: Values) -> _Cell:
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


class Registry:
    """The metrics of one process; it is a :class:`Metrics`, and may be used from any thread."""

    def __init__(self) -> None:
        self._metrics: dict[str, _Metric] = {}
        made = Made(self._keep)
        self.counter, self.gauge, self.histogram = made.counter, made.gauge, made.histogram

    def exposition(self, *, open_metrics: bool) -> tuple[str, bytes]:
        """Give media type and text of all metrics, now, as scrapers read them."""
        from svcctl.sdk.metrics.exposition import exposition  # noqa: PLC0415 - who is asked pays

        return exposition(self.collect(), open_metrics=open_metrics)

    def collect(self) -> list[tuple[Declaration, list[Series]]]:
        """Give every metric by name, with its numbers of now."""
        metrics = sorted(self._metrics.copy().items())
        return [(each.declaration, each.series()) for _, each in metrics]

    def _keep(self, wanted: Declaration) -> _Metric:
        found = self._metrics[wanted.name] = _Metric(wanted)
        return found
