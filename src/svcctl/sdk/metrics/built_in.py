"""The metrics that every service has: their names, labels and texts in one table."""

from __future__ import annotations

from types import MappingProxyType

from svcctl.sdk.metrics.instruments import (
    SECONDS,
    Counter,
    Declaration,
    Gauge,
    Histogram,
    Kind,
    Metrics,
)


def _row(
    kind: Kind, name: str, text: str, *labels: str, buckets: tuple[float, ...] = ()
) -> Declaration:
    return Declaration(kind=kind, name=f"svcctl_{name}", text=text, labels=labels, buckets=buckets)


_LONG = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)

BUILT_IN: tuple[Declaration, ...] = (
    _row(Kind.COUNTER, "job_runs", "Runs of a job: done, failed, timed_out.", "job", "outcome"),
    _row(Kind.COUNTER, "job_skipped", "Runs left out as the last one still ran.", "job"),
    _row(Kind.HISTOGRAM, "job_seconds", "Length of a run of a job.", "job", buckets=_LONG),
    _row(Kind.GAUGE, "job_last_success", "When a job was last done (Unix time).", "job"),
    _row(Kind.GAUGE, "queue_items", "Items in a queue: waiting, taken, dead.", "queue", "state"),
    _row(Kind.GAUGE, "queue_lag_seconds", "Age of the item that waited longest.", "queue"),
    _row(Kind.COUNTER, "queue_put", "Items put into a queue.", "queue"),
    _row(Kind.COUNTER, "queue_handled", "Items taken: done, retried, dead.", "queue", "outcome"),
    _row(Kind.HISTOGRAM, "queue_seconds", "Time an item was worked on.", "queue", buckets=_LONG),
    _row(Kind.GAUGE, "breaker_state", "A breaker: 0 closed, 1 half-open, 2 open.", "breaker"),
    _row(
        Kind.COUNTER,
        "breaker_calls",
        "Calls by way of a breaker: passed, failed, slow, refused.",
        "breaker",
        "outcome",
    ),
    _row(Kind.COUNTER, "breaker_opened", "Times a breaker opened.", "breaker"),
    _row(
        Kind.COUNTER,
        "retry_attempts",
        "Retries, and their ends: retried, passed, gave_up, no_budget.",
        "call",
        "outcome",
    ),
    _row(Kind.HISTOGRAM, "retry_wait_seconds", "Waits before a retry.", "call", buckets=SECONDS),
    _row(Kind.COUNTER, "limit_refused", "Calls a limit had no room for.", "limit"),
    _row(Kind.GAUGE, "limit_in_use", "Calls a limit has let in.", "limit"),
    _row(Kind.COUNTER, "reloads", "Reloads: applied, rejected, restart_wanted.", "outcome"),
    _row(Kind.GAUGE, "config_version", "Number of the configuration in force."),
    _row(Kind.COUNTER, "crashes", "Errors that nobody handled.", "where"),
    _row(Kind.GAUGE, "work_under_way", "Pieces of work that a stop would wait for."),
)
"""Every built-in metric; of counters the exposed name ends in ``_total``."""

_BY_NAME = MappingProxyType({each.name: each for each in BUILT_IN})


def built_in_counter(metrics: Metrics, name: str) -> Counter:
    """Give the built-in counter *name* of *metrics*; raises KeyError where there is none."""
    row = _of_kind(name, Kind.COUNTER)
    return metrics.counter(row.name, row.text, labels=row.labels)


def built_in_gauge(metrics: Metrics, name: str) -> Gauge:
    """Give the built-in gauge *name* of *metrics*; raises KeyError where there is none."""
    row = _of_kind(name, Kind.GAUGE)
    return metrics.gauge(row.name, row.text, labels=row.labels)


def built_in_histogram(metrics: Metrics, name: str) -> Histogram:
    """Give the built-in histogram *name* of *metrics*; raises KeyError where there is none."""
    row = _of_kind(name, Kind.HISTOGRAM)
    return metrics.histogram(row.name, row.text, labels=row.labels, buckets=row.buckets)


def _of_kind(name: str, kind: Kind) -> Declaration:
    row = _BY_NAME[name]
    if row.kind is not kind:
        raise KeyError(name)
    return row
