"""Counts what happens in a service: the one place that turns happenings into built-in metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from svcctl.sdk.happenings import (
    BreakerAsked,
    CircuitMoved,
    Crashed,
    Happening,
    ItemHandled,
    ItemPut,
    JobRan,
    JobSkipped,
    LimitChanged,
    LimitRefused,
    Position,
    Reloaded,
    Retried,
    RetryEnded,
    WorkChanged,
)
from svcctl.sdk.metrics.built_in import built_in_counter, built_in_gauge, built_in_histogram
from svcctl.sdk.metrics.instruments import Metrics

_POSITIONS = {Position.CLOSED: 0, Position.HALF_OPEN: 1, Position.OPEN: 2}


class Feed:
    """Feeds *metrics*; what it has no metric for it lets pass."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._takers: dict[type, Callable[[Any], None]] = {
            JobRan: self._job_ran,
            JobSkipped: lambda it: self._count("job_skipped", it.times, job=it.job),
            WorkChanged: lambda it: self._set("work_under_way", it.under_way),
            Retried: self._retried,
            RetryEnded: lambda it: self._retry(it.name, it.outcome),
            BreakerAsked: self._breaker_asked,
            CircuitMoved: self._circuit_moved,
            LimitChanged: lambda it: self._set("limit_in_use", it.under_way, limit=it.name),
            LimitRefused: lambda it: self._count("limit_refused", limit=it.name),
            ItemPut: lambda it: self._count("queue_put", queue=it.queue),
            ItemHandled: self._item_handled,
            Reloaded: self._reloaded,
            Crashed: lambda it: self._count("crashes", where=it.where),
        }

    def take(self, happening: Happening) -> None:
        """Count it, in whatever thread it happened."""
        taker = self._takers.get(type(happening))
        if taker:
            taker(happening)

    def _job_ran(self, ran: JobRan) -> None:
        self._count("job_runs", job=ran.job, outcome=ran.outcome)
        self._observe("job_seconds", ran.seconds, job=ran.job)
        if ran.outcome == "done":
            self._set("job_last_success", ran.at, job=ran.job)

    def _retried(self, retried: Retried) -> None:
        self._retry(retried.name, "retried")
        self._observe("retry_wait_seconds", retried.wait, call=retried.name)

    def _retry(self, name: str, outcome: str) -> None:
        self._count("retry_attempts", call=name, outcome=outcome)

    def _breaker_asked(self, asked: BreakerAsked) -> None:
        self._count("breaker_calls", breaker=asked.name, outcome=asked.outcome)

    def _circuit_moved(self, moved: CircuitMoved) -> None:
        self._set("breaker_state", _POSITIONS[moved.now], breaker=moved.name)
        if moved.now is Position.OPEN:
            self._count("breaker_opened", breaker=moved.name)

    def _item_handled(self, handled: ItemHandled) -> None:
        self._count("queue_handled", queue=handled.queue, outcome=handled.outcome)
        self._observe("queue_seconds", handled.seconds, queue=handled.queue)

    def _reloaded(self, reloaded: Reloaded) -> None:
        self._count("reloads", outcome=reloaded.outcome)
        self._set("config_version", reloaded.version)

    def _count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        built_in_counter(self._metrics, f"svcctl_{name}").add(amount, **labels)

    def _set(self, name: str, value: float, **labels: str) -> None:
        built_in_gauge(self._metrics, f"svcctl_{name}").set(value, **labels)

    def _observe(self, name: str, value: float, **labels: str) -> None:
        built_in_histogram(self._metrics, f"svcctl_{name}").observe(value, **labels)
