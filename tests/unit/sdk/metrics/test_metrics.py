"""Numbers are kept right, whoever keeps them: every promise holds for each of the three."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from svcctl.errors import UsageError
from svcctl.sdk.metrics.built_in import (
    BUILT_IN,
    built_in_counter,
    built_in_gauge,
    built_in_histogram,
)
from svcctl.sdk.metrics.instruments import Kind, Metrics
from svcctl.sdk.metrics.opentelemetry import OpenTelemetryMetrics
from svcctl.sdk.metrics.prometheus import PrometheusMetrics
from svcctl.sdk.metrics.registry import MOST_SERIES, Registry

Value = Callable[[str, Mapping[str, str]], float | None]


@dataclass(frozen=True)
class Kept:
    """Metrics, and how to look up the number of a counter or gauge (of a histogram: the count)."""

    metrics: Metrics
    value: Value


def ours() -> Kept:
    registry = Registry()

    def value(name: str, labels: Mapping[str, str]) -> float | None:
        for declaration, series in registry.collect():
            for each in series:
                if declaration.name == name and each.labels == tuple(labels.values()):
                    return each.counts[-1] if declaration.kind is Kind.HISTOGRAM else each.value
        return None

    return Kept(registry, value)


def prometheus() -> Kept:
    client = pytest.importorskip("prometheus_client")
    registry = client.CollectorRegistry()

    def value(name: str, labels: Mapping[str, str]) -> float | None:
        for ending in ("_total", "_count", ""):
            found = registry.get_sample_value(f"{name}{ending}", dict(labels))
            if found is not None:
                return float(found)
        return None

    return Kept(PrometheusMetrics(registry), value)


def opentelemetry() -> Kept:
    sdk = pytest.importorskip("opentelemetry.sdk.metrics")
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    provider = sdk.MeterProvider([reader], shutdown_on_exit=False)

    def value(name: str, labels: Mapping[str, str]) -> float | None:
        found = reader.get_metrics_data()
        for resource in found.resource_metrics if found else ():
            for metric in (each for scope in resource.scope_metrics for each in scope.metrics):
                for point in metric.data.data_points if metric.name == name else ():
                    if dict(point.attributes or {}) == labels:
                        return _number(point)
        return None

    return Kept(OpenTelemetryMetrics(provider), value)


def _number(point: Any) -> float:
    return float(point.count if hasattr(point, "count") else point.value)


@pytest.fixture(params=[ours, prometheus, opentelemetry], ids=lambda make: make.__name__)
def kept(request: pytest.FixtureRequest) -> Kept:
    """Each of those that keep metrics."""
    made: Kept = request.param()
    return made


def test_a_counter_counts_each_combination_of_labels(kept: Kept) -> None:
    sent = kept.metrics.counter("mails_sent", "Mails.", labels=["to", "how"])

    sent.add(to="a", how="fast")
    sent.add(2.5, how="fast", to="a")
    sent.add(to="b", how="slow")

    assert kept.value("mails_sent", {"to": "a", "how": "fast"}) == 3.5
    assert kept.value("mails_sent", {"to": "b", "how": "slow"}) == 1


def test_a_gauge_goes_up_and_down(kept: Kept) -> None:
    waiting = kept.metrics.gauge("waiting")

    waiting.set(5)
    waiting.add(-2)
    waiting.add(0.5)

    assert kept.value("waiting", {}) == 3.5


def test_a_histogram_counts_what_it_took_in(kept: Kept) -> None:
    took = kept.metrics.histogram("took_seconds", labels=("job",), buckets=(1, 2))

    for value in (0.5, 1, 1.5, 99):
        took.observe(value, job="sync")

    assert kept.value("took_seconds", {"job": "sync"}) == 4


def test_the_same_name_gives_the_same_metric(kept: Kept) -> None:
    kept.metrics.counter("jobs_total").add()
    kept.metrics.counter("jobs").add()

    assert kept.value("jobs", {}) == 2


def test_the_same_name_cannot_be_something_else(kept: Kept) -> None:
    kept.metrics.counter("jobs", labels=["a"])

    with pytest.raises(UsageError, match="a counter already"):
        kept.metrics.gauge("jobs", labels=["a"])
    with pytest.raises(UsageError, match="other labels"):
        kept.metrics.counter("jobs", labels=["b"])


def test_a_counter_does_not_shrink(kept: Kept) -> None:
    with pytest.raises(UsageError, match="'jobs' cannot change by -1"):
        kept.metrics.counter("jobs").add(-1)


@pytest.mark.parametrize("labels", [{}, {"b": "x"}, {"a": "x", "b": "y"}])
def test_labels_are_those_declared(kept: Kept, labels: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="has the labels a, not"):
        kept.metrics.counter("jobs", labels=["a"]).add(**labels)
    with pytest.raises(UsageError, match="has the labels a, not"):
        kept.metrics.gauge("load", labels=["a"]).set(1, **labels)
    with pytest.raises(UsageError, match="has the labels a, not"):
        kept.metrics.histogram("took", labels=["a"]).observe(1, **labels)


def test_a_label_may_be_called_as_an_argument_is(kept: Kept) -> None:
    kept.metrics.counter("jobs", labels=["amount"]).add(2, amount="x")
    kept.metrics.gauge("load", labels=["value"]).set(3, value="y")

    assert kept.value("jobs", {"amount": "x"}) == 2
    assert kept.value("load", {"value": "y"}) == 3


@pytest.mark.parametrize("name", ["", "1st", "with-dash", "ü", "a b", "_total"])
def test_what_is_no_name_is_refused(kept: Kept, name: str) -> None:
    with pytest.raises(UsageError, match="no name for a metric"):
        kept.metrics.counter(name)


@pytest.mark.parametrize("labels", [["__x"], ["1"], ["a", "a"], ["le"], [""]])
def test_what_is_no_label_is_refused(kept: Kept, labels: list[str]) -> None:
    with pytest.raises(UsageError, match="no label"):
        kept.metrics.histogram("took", labels=labels)


@pytest.mark.parametrize("buckets", [(), (2, 1), (1, 1)])
def test_buckets_grow(kept: Kept, buckets: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="do not grow"):
        kept.metrics.histogram("took", buckets=buckets)


def test_every_built_in_metric_can_be_kept_and_is_explained(kept: Kept) -> None:
    for each in BUILT_IN:
        labels = dict.fromkeys(each.labels, "x")
        match each.kind:
            case Kind.COUNTER:
                built_in_counter(kept.metrics, each.name).add(**labels)
            case Kind.GAUGE:
                built_in_gauge(kept.metrics, each.name).set(1, **labels)
            case Kind.HISTOGRAM:
                built_in_histogram(kept.metrics, each.name).observe(1, **labels)
        assert kept.value(each.name, labels) == 1
        assert each.text.endswith(".")


def test_a_built_in_metric_is_asked_for_by_its_kind() -> None:
    with pytest.raises(KeyError):
        built_in_counter(Registry(), "svcctl_breaker_state")
    with pytest.raises(KeyError):
        built_in_gauge(Registry(), "svcctl_nothing")


def test_a_metric_with_too_many_combinations_stays_bounded() -> None:
    registry = Registry()
    counter = registry.counter("hits", labels=["path"])

    for number in range(MOST_SERIES + 50):
        counter.add(path=str(number))

    ((_, series),) = registry.collect()
    assert len(series) == MOST_SERIES + 1
    assert {each.labels: each.value for each in series}[("(other)",)] == 50


def test_no_thread_takes_the_count_of_another() -> None:
    registry = Registry()
    counter, took = registry.counter("hits"), registry.histogram("took", buckets=(1,))

    def work() -> None:
        for _ in range(500):
            counter.add()
            took.observe(2)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    hits, seconds = (series[0] for _, series in registry.collect())
    assert hits.value == 2000
    assert (seconds.counts, seconds.value) == ((0, 2000), 4000)


def test_a_bound_belongs_to_its_bucket_and_nan_to_none_but_the_last() -> None:
    registry = Registry()
    took = registry.histogram("took", buckets=(1, 2))

    for value in (-5, 1, 2, 2.1, math.inf):
        took.observe(value)

    ((_, (series,)),) = registry.collect()
    assert series.counts == (2, 3, 5)


@pytest.mark.parametrize(
    ("make", "package", "extra"),
    [
        (PrometheusMetrics, "prometheus_client", "prometheus"),
        (OpenTelemetryMetrics, "opentelemetry", "otel"),
    ],
)
def test_a_package_that_is_missing_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], object], package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(UsageError, match="not installed") as error:
        make()

    assert error.value.hint == f'pip install "svcctl[{extra}]"'
