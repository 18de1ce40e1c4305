"""Has the package prometheus-client collect the metrics, for services that use it already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from svcctl.errors import UsageError
from svcctl.sdk.metrics.instruments import Declaration, Kind
from svcctl.sdk.metrics.made import Made, Values

if TYPE_CHECKING:
    from prometheus_client.registry import CollectorRegistry


@dataclass(frozen=True, slots=True)
class _Kept:
    """The numbers of a metric of prometheus-client, which has a class for each kind."""

    metric: Any

    def change(self, amount: float, labels: Values) -> None:
        """See :class:`svcctl.sdk.metrics.made.Numbers`."""
        self._of(labels).inc(amount)

    def replace(self, value: float, labels: Values) -> None:
        """See :class:`svcctl.sdk.metrics.made.Numbers`."""
        self._of(labels).set(value)

    def take_in(self, value: float, labels: Values) -> None:
        """See :class:`svcctl.sdk.metrics.made.Numbers`."""
        self._of(labels).observe(value)

    def _of(self, labels: Values) -> Any:  # noqa: ANN401 - a child of the metric
        return self.metric.labels(*labels) if labels else self.metric


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
        made = Made(self._keep)
        self.counter, self.gauge, self.histogram = made.counter, made.gauge, made.histogram

    def exposition(self, *, open_metrics: bool) -> tuple[str, bytes]:
        """Give media type and text of all that is in the registry, now."""
        if open_metrics:
            from prometheus_client.openmetrics import exposition as open_text  # noqa: PLC0415

            text = open_text.generate_latest(self._registry)  # type: ignore[no-untyped-call]
            return open_text.CONTENT_TYPE_LATEST, text
        return self._client.CONTENT_TYPE_LATEST, self._client.generate_latest(self._registry)

    def _keep(self, wanted: Declaration) -> _Kept:
        client, what = self._client, (wanted.name, wanted.text, wanted.labels)
        match wanted.kind:
            case Kind.COUNTER:
                return _Kept(client.Counter(*what, registry=self._registry))
            case Kind.GAUGE:
                return _Kept(client.Gauge(*what, registry=self._registry))
            case Kind.HISTOGRAM:
                buckets = wanted.buckets
                return _Kept(client.Histogram(*what, buckets=buckets, registry=self._registry))
