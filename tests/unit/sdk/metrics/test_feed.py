"""What happens in a service is counted under the names that every service has."""

from __future__ import annotations

import pytest

from svcctl.sdk.happenings import (
    BreakerAsked,
    CircuitMoved,
    Crashed,
    Happening,
    ItemHandled,
    ItemPut,
    JobFailed,
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
from svcctl.sdk.metrics.feed import Feed
from svcctl.sdk.metrics.registry import Registry


def lines_after(*happened: Happening) -> list[str]:
    registry = Registry()
    feed = Feed(registry)
    for each in happened:
        feed.take(each)
    text = registry.exposition(open_metrics=False)[1].decode()
    found = [line for line in text.splitlines() if not line.startswith("#")]
    return [line.removeprefix("svcctl_").removesuffix(".0") for line in found]


@pytest.mark.parametrize(
    ("happened", "line"),
    [
        (JobSkipped(job="sync", times=3), 'job_skipped_total{job="sync"} 3'),
        (WorkChanged(under_way=2), "work_under_way 2"),
        (
            RetryEnded(name="call", outcome="gave_up"),
            'retry_attempts_total{call="call",outcome="gave_up"} 1',
        ),
        (
            BreakerAsked(name="db", outcome="slow"),
            'breaker_calls_total{breaker="db",outcome="slow"} 1',
        ),
        (
            CircuitMoved(name="db", before=Position.CLOSED, now=Position.OPEN),
            'breaker_opened_total{breaker="db"} 1',
        ),
        (
            CircuitMoved(name="db", before=Position.OPEN, now=Position.HALF_OPEN),
            'breaker_state{breaker="db"} 1',
        ),
        (LimitChanged(name="db", under_way=4), 'limit_in_use{limit="db"} 4'),
        (LimitRefused(name="db"), 'limit_refused_total{limit="db"} 1'),
        (ItemPut(queue="mail"), 'queue_put_total{queue="mail"} 1'),
        (
            ItemHandled(queue="mail", outcome="retried", seconds=1.0),
            'queue_handled_total{queue="mail",outcome="retried"} 1',
        ),
        (Reloaded(outcome="rejected", version=7), 'reloads_total{outcome="rejected"} 1'),
        (Reloaded(outcome="applied", version=8), "config_version 8"),
        (Crashed(where="run"), 'crashes_total{where="run"} 1'),
    ],
)
def test_each_is_counted(happened: Happening, line: str) -> None:
    assert line in lines_after(happened)


def test_a_job_leaves_its_outcome_its_length_and_when_it_was_last_done() -> None:
    found = lines_after(
        JobRan(job="sync", outcome="done", seconds=0.2, at=1000.0),
        JobRan(job="sync", outcome="failed", seconds=2.0, at=2000.0),
    )

    assert 'job_runs_total{job="sync",outcome="done"} 1' in found
    assert 'job_runs_total{job="sync",outcome="failed"} 1' in found
    assert 'job_last_success{job="sync"} 1000' in found
    assert 'job_seconds_sum{job="sync"} 2.2' in found


def test_a_retry_leaves_its_wait() -> None:
    found = lines_after(Retried(name="call", error=OSError(), tries=1, wait=0.5))

    assert 'retry_attempts_total{call="call",outcome="retried"} 1' in found
    assert 'retry_wait_seconds_sum{call="call"} 0.5' in found


def test_what_has_no_metric_leaves_nothing() -> None:
    assert lines_after(JobFailed(queue="q", number=1, tries=1, error="", wait=None)) == []
