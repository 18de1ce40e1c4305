"""Has the package prometheus-client collect the metrics, for services that use it already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    import prometheus_client
    from prometheus_client.registry import CollectorRegistry


@dataclass(frozen=True, slots=True)
class _Counter:
    declaration: Declaration
    metric: prometheus_client.Counter

    def add(self, amount: float = 1.0, /, **labels: str) -> None:
        """Add *amount*, which is not negative."""
        if not amount >= 0:
            name = self.declaration.name
            raise UsageError(f"counter {name!r} cannot change by {amount}", hint="use a gauge")
        values = label_values(self.declaration, labels)
        (self.metric.labels(*values) if values else self.metric).inc(amount)


@dataclass(frozen=True, slots=True)
class _Gauge:
    declaration: Declaration
    metric: prometheus_client.Gauge

    def set(self, value: float, /, **labels: str) -> None:
        """Tell the new value."""
        self._of(labels).set(value)

    def add(self, amount: float, /, **labels: str) -> None:
        """Change the value."""
        self._of(labels).inc(amount)

    def _of(self, labels: dict[str, str]) -> prometheus_client.Gauge:
        values = label_values(self.declaration, labels)
        return self.metric.labels(*values) if values else self.metric


@dataclass(frozen=True, slots=True)
class _Histogram:
    declaration: Declaration
    metric: prometheus_client.Histogram

    def observe(self, value: float, /, **labels: str) -> None:
        """Take one value in."""
        values = label_values(self.declaration, labels)
        (self.metric.labels(*values) if values else self.metric).observe(value)


class PrometheusMetrics:
    """A :class:`Metrics` whose numbers prometheus-client keeps, in its own *registry* or another.

    Raises UsageError where the package is not installed.  Names are shared with whatever else the
    registry has; prometheus-client raises ValueError where one is taken there.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        try:
            import prometheus_client  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise UsageError(
                "the package prometheus-client is not installed",
                hint='pip install "svcctl[prometheus]"',
            ) from error
        self._client = prometheus_client
        self._registry = prometheus_client.REGISTRY if registry is None else registry
        self._made: dict[str, _Counter | _Gauge | _Histogram] = {}

    def counter(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> _Counter:
        """Give the counter *name*."""
        wanted = declared(Kind.COUNTER, name, text, labels)
        found = self._known(wanted)
        if not isinstance(found, _Counter):
            metric = self._client.Counter(wanted.name, text, wanted.labels, registry=self._registry)
            found = self._made[wanted.name] = _Counter(wanted, metric)
        return found

    def gauge(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> _Gauge:
        """Give the gauge *name*."""
        wanted = declared(Kind.GAUGE, name, text, labels)
        found = self._known(wanted)
        if not isinstance(found, _Gauge):
            metric = self._client.Gauge(wanted.name, text, wanted.labels, registry=self._registry)
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
            metric = self._client.Histogram(
                wanted.name,
                text,
                wanted.labels,
                buckets=wanted.buckets,
                registry=self._registry,
            )
            found = self._made[wanted.name] = _Histogram(wanted, metric)
        return found

    def exposition(self, *, open_metrics: bool) -> tuple[str, bytes]:
        """Give media type and text of all that is in the registry, now."""
        if open_metrics:
            from prometheus_client.openmetrics import exposition as open_text  # noqa: PLC0415

            text = open_text.generate_latest(self._registry)  # type: ignore[no-untyped-call]
            return open_text.CONTENT_TYPE_LATEST, text
        return self._client.CONTENT_TYPE_LATEST, self._client.generate_latest(self._registry)

    def _known(self, wanted: Declaration) -> _Counter | _Gauge | _Histogram | None:
        found = self._made.get(wanted.name)
        if found is not None:
            same(wanted, found.declaration)
        return found
