"""Has OpenTelemetry collect the metrics, by whatever the program has set up for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from svcctl.errors import UsageError
from svcctl.sdk.metrics.instruments import (
    SECONDS,
    Declaration,
    Kind,
    declared,
    label_values,
    same,
)

if TYPE_CHECKING:
    from opentelemetry import metrics as otel


@dataclass(frozen=True, slots=True)
class _Counter:
    declaration: Declaration
    metric: otel.Counter

    def add(self, amount: float = 1.0, /, **labels: str) -> None:
        """Add *amount*, which is not negative."""
        if not amount >= 0:
            name = self.declaration.name
            raise UsageError(f"counter {name!r} cannot change by {amount}", hint="use a gauge")
        label_values(self.declaration, labels)
        self.metric.add(amount, labels)


@dataclass(frozen=True, slots=True)
class _Gauge:
    """Keeps the values itself: the gauge of OpenTelemetry can only be set."""

    declaration: Declaration
    metric: otel._Gauge
    values: dict[tuple[str, ...], float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, value: float, /, **labels: str) -> None:
        """Tell the new value."""
        key = label_values(self.declaration, labels)
        with self.lock:
            self.values[key] = value
            self.metric.set(value, labels)

    def add(self, amount: float, /, **labels: str) -> None:
        """Change the value."""
        key = label_values(self.declaration, labels)
        with self.lock:
            self.values[key] = self.values.get(key, 0.0) + amount
            self.metric.set(self.values[key], labels)


@dataclass(frozen=True, slots=True)
class _Histogram:
    declaration: Declaration
    metric: otel.Histogram

    def observe(self, value: float, /, **labels: str) -> None:
        """Take one value in."""
        label_values(self.declaration, labels)
        self.metric.record(value, labels)


class OpenTelemetryMetrics:
    """A :class:`Metrics` whose numbers OpenTelemetry exports.

    *provider* is the program's own one unless given.  Raises UsageError where the package
    opentelemetry-api is not installed.
    """

    def __init__(self, provider: otel.MeterProvider | None = None) -> None:
        try:
            from opentelemetry import metrics as otel  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise UsageError(
                "the package opentelemetry-api is not installed",
                hint='pip install "svcctl[otel]"',
            ) from error
        self._meter = otel.get_meter("svcctl", meter_provider=provider)
        self._made: dict[str, _Counter | _Gauge | _Histogram] = {}

    def counter(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> _Counter:
        """Give the counter *name*."""
        wanted = declared(Kind.COUNTER, name, text, labels)
        found = self._known(wanted)
        if not isinstance(found, _Counter):
            metric = self._meter.create_counter(wanted.name, description=text)
            found = self._made[wanted.name] = _Counter(wanted, metric)
        return found

    def gauge(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> _Gauge:
        """Give the gauge *name*."""
        wanted = declared(Kind.GAUGE, name, text, labels)
        found = self._known(wanted)
        if not isinstance(found, _Gauge):
            metric = self._meter.create_gauge(wanted.name, description=text)
            found = self._made[wanted.name] = _Gauge(wanted, metric)
        return found

    def histogram(
        self,
        name: str,
        text: str = "",
        *,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = SECONDS,
    ) -> _Histogram:
        """Give the histogram *name*."""
        wanted = declared(Kind.HISTOGRAM, name, text, labels, buckets)
        found = self._known(wanted)
        if not isinstance(found, _Histogram):
            metric = self._meter.create_histogram(
                wanted.name,
                description=text,
                explicit_bucket_boundaries_advisory=list(wanted.buckets),
            )
            found = self._made[wanted.name] = _Histogram(wanted, metric)
        return found

    def _known(self, wanted: Declaration) -> _Counter | _Gauge | _Histogram | None:
        found = self._made.get(wanted.name)
        if found is not None:
            same(wanted, found.declaration)
        return found
