"""Has OpenTelemetry collect the metrics, by whatever the program has set up for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from svcctl.errors import UsageError
from svcctl.sdk.metrics.instruments import Declaration, Kind
from svcctl.sdk.metrics.made import Made, Values

if TYPE_CHECKING:
    from opentelemetry import metrics as otel


@dataclass(frozen=True, slots=True)
class _Kept:
    """The numbers of a metric of OpenTelemetry, which has a class for each kind.

    The values of a gauge are kept here too: that of OpenTelemetry can only be set.
    """

    declaration: Declaration
    metric: Any
    values: dict[Values, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, amount: float, labels: Values) -> None:
        """See :class:`svcctl.sdk.metrics.made.Numbers`."""
        if self.declaration.kind is Kind.COUNTER:
            self.metric.add(amount, self._named(labels))
            return
        with self.lock:
            self._set(self.values.get(labels, 0.0) + amount, labels)

    def replace(self, value: float, labels: Values) -> None:
        """See :class:`svcctl.sdk.metrics.made.Numbers`."""
        with self.lock:
            self._set(value, labels)

    def take_in(self, value: float, labels: Values) -> None:
        """See :class:`svcctl.sdk.metrics.made.Numbers`."""
        self.metric.record(value, self._named(labels))

    def _set(self, value: float, labels: Values) -> None:
        self.values[labels] = value
        self.metric.set(value, self._named(labels))

    def _named(self, labels: Values) -> dict[str, str]:
        return dict(zip(self.declaration.labels, labels, strict=True))


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
        made = Made(self._keep)
        self.counter, self.gauge, self.histogram = made.counter, made.gauge, made.histogram

    def _keep(self, wanted: Declaration) -> _Kept:
        name, text = wanted.name, wanted.text
        metric: object
        match wanted.kind:
            case Kind.COUNTER:
                metric = self._meter.create_counter(name, description=text)
            case Kind.GAUGE:
                metric = self._meter.create_gauge(name, description=text)
            case Kind.HISTOGRAM:
                metric = self._meter.create_histogram(
                    name,
                    description=text,
                    explicit_bucket_boundaries_advisory=list(wanted.buckets),
                )
        return _Kept(wanted, metric)
