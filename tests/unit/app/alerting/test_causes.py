"""What is wrong begins and ends with what happens, once for one cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from svcctl.app.alerting.cause import LASTS
from svcctl.app.alerting.causes import Causes
from svcctl.events import (
    AgentLost,
    CapturePaused,
    CaptureResumed,
    CrashSeen,
    Event,
    FindingEnded,
    FindingMade,
    MemoryExceeded,
    PhaseChanged,
    ProbeFailed,
    ProbePassed,
    SpecApplied,
)
from svcctl.ports import InstanceStatus
from svcctl.spec.alert_policy import Happening

Standing = Callable[[str, str], InstanceStatus]

WEB: dict[str, Any] = {"service": "web", "instance": "web"}


def phase(new: str, *, at: float = 0.0, reason: str = "exit code 3") -> PhaseChanged:
    return PhaseChanged(at=at, old="running", new=new, reason=reason, **WEB)


def probe(purpose: str) -> ProbeFailed:
    return ProbeFailed(at=0.0, probe="http", purpose=purpose, problem="500", **WEB)


def finding(kind: str = "burst", **more: Any) -> FindingMade:
    return FindingMade(
        at=10.0,
        kind=kind,
        subject="timeout after <*>",
        pattern="web/burst/1",
        observed="90 a minute",
        expected="2 a minute",
        since=5.0,
        score=0.9,
        explanation="far more timeouts than usual",
        samples=("timeout after 3",),
        **WEB,
        **more,
    )


CRASH = CrashSeen(
    at=0.0, where="run", kind="KeyError", problem="'x'", fingerprint="f1", file="/r.json", **WEB
)
MEMORY = MemoryExceeded(at=0.0, memory_bytes=3 * 1024**2, limit_bytes=2 * 1024**2, **WEB)
PAUSED = CapturePaused(at=0.0, stream="stdout", problem="disk full", **WEB)


@pytest.mark.parametrize(
    ("event", "opposite", "happening"),
    [
        (phase("failed"), phase("running"), Happening.SERVICE_DOWN),
        (phase("failed"), phase("stopped"), Happening.SERVICE_DOWN),
        (phase("backoff"), phase("running"), Happening.SERVICE_RESTARTING),
        (phase("backoff"), phase("finished"), Happening.SERVICE_RESTARTING),
        (
            probe("live"),
            ProbePassed(at=1.0, probe="http", purpose="live", **WEB),
            Happening.NOT_LIVE,
        ),
        (
            probe("ready"),
            ProbePassed(at=1.0, probe="http", purpose="ready", **WEB),
            Happening.NOT_READY,
        ),
        (probe("live"), phase("running"), Happening.NOT_LIVE),
        (MEMORY, phase("running"), Happening.MEMORY),
        (PAUSED, CaptureResumed(at=1.0, stream="stdout", **WEB), Happening.CAPTURE_PAUSED),
        (PAUSED, phase("stopped"), Happening.CAPTURE_PAUSED),
        (finding(), FindingEnded(at=20.0, pattern="web/burst/1", **WEB), Happening.BURST),
        (
            phase("failed"),
            SpecApplied(at=1.0, service="web", change="removed", revision="1"),
            Happening.SERVICE_DOWN,
        ),
        (
            CRASH,
            SpecApplied(at=1.0, service="web", change="removed", revision="1"),
            Happening.CRASH,
        ),
    ],
)
def test_what_begins_ends_with_its_opposite(
    event: Event, opposite: Event, happening: Happening
) -> None:
    causes = Causes()

    (begun,) = causes.take(event).begun
    (ended,) = causes.take(opposite).ended

    assert begun == ended
    assert begun.happening is happening
    assert begun.service == "web"
    assert causes.now == ()


@pytest.mark.parametrize(
    "event",
    [
        phase("running"),
        phase("stopping"),
        ProbeFailed(at=0.0, probe="http", purpose="startup", problem="x", **WEB),
        ProbePassed(at=0.0, probe="http", purpose="live", **WEB),
        SpecApplied(at=0.0, service="web", change="changed", revision="1"),
    ],
)
def test_what_is_as_it_should_be_is_no_cause(event: Event) -> None:
    causes = Causes()

    assert causes.take(event).begun == ()


def test_others_are_not_ended_by_what_happens_to_one() -> None:
    causes = Causes()
    causes.take(phase("failed"))

    other = PhaseChanged(
        at=1.0, service="db", instance="db", old="starting", new="running", reason=""
    )

    assert causes.take(other).ended == ()
    assert len(causes.now) == 1


def test_a_probe_that_passes_says_nothing_of_another() -> None:
    causes = Causes()
    causes.take(probe("live"))

    assert causes.take(ProbePassed(at=1.0, probe="tcp", purpose="live", **WEB)).ended == ()


def test_a_service_that_gives_up_is_down_and_no_longer_about_to_start() -> None:
    causes = Causes()
    causes.take(phase("backoff"))

    change = causes.take(phase("failed", at=1.0))

    assert [each.happening for each in change.ended] == [Happening.SERVICE_RESTARTING]
    assert [each.happening for each in causes.now] == [Happening.SERVICE_DOWN]
    assert causes.now[0].summary == "web: failed: exit code 3"


def test_four_failures_within_ten_minutes_are_flapping_until_ten_minutes_without() -> None:
    causes = Causes()
    for at in (0.0, 100.0, 200.0):
        causes.take(phase("backoff", at=at))
        causes.take(phase("running", at=at + 1))

    (_, flapping) = causes.take(phase("backoff", at=599.0)).begun
    causes.take(phase("running", at=600.0))

    assert flapping.happening is Happening.SERVICE_FLAPPING
    assert causes.next_end == 1199.0
    assert causes.expire(1198.0).ended == ()
    assert causes.expire(1199.0).ended == (flapping,)


def test_four_failures_in_a_longer_time_are_not() -> None:
    causes = Causes()

    for at in (0.0, 100.0, 200.0, 601.0):
        causes.take(phase("backoff", at=at))

    assert {each.happening for each in causes.now} == {Happening.SERVICE_RESTARTING}


def test_a_stop_ends_the_count_of_failures() -> None:
    causes = Causes()
    for at in (0.0, 1.0, 2.0):
        causes.take(phase("backoff", at=at))
    causes.take(phase("stopped", at=3.0))

    causes.take(phase("backoff", at=4.0))

    assert {each.happening for each in causes.now} == {Happening.SERVICE_RESTARTING}


def test_what_has_no_opposite_is_over_after_a_while_without_it() -> None:
    causes = Causes()
    causes.take(CRASH)
    causes.take(AgentLost(at=0.0, pid=7, rebooted=False))

    assert [each.happening for each in causes.expire(600.0).ended] == [Happening.AGENT_LOST]
    assert [each.happening for each in causes.expire(3600.0).ended] == [Happening.CRASH]
    assert causes.next_end is None


def test_a_crash_says_where_its_report_is() -> None:
    causes = Causes()

    (crash,) = causes.take(CRASH).begun

    assert (crash.summary, crash.details) == ("web: KeyError in run: 'x'", "report: /r.json")


@pytest.mark.parametrize(
    ("kind", "happening"),
    [
        ("new template", Happening.NEW_TEMPLATE),
        ("latency drift", Happening.LATENCY),
        ("error ratio", Happening.ERROR_RATIO),
        ("unusual value", Happening.METRIC),
        ("flapping", Happening.SERVICE_FLAPPING),
        ("too many 500s", Happening.RULE),
        ("service down", Happening.RULE),
    ],
)
def test_a_finding_is_told_with_its_reason(kind: str, happening: Happening) -> None:
    causes = Causes()

    (found,) = causes.take(finding(kind, priority="P0")).begun

    assert found.happening is happening
    assert found.began == 5.0
    flaps = happening is Happening.SERVICE_FLAPPING
    assert found.until == 10.0 + (86_400.0 if flaps else LASTS[happening])
    assert found.summary == "far more timeouts than usual"
    assert found.details == "timeout after <*>: 90 a minute, expected 2 a minute"
    assert found.samples == ("timeout after 3",)
    assert found.priority == "P0"


def test_flapping_is_one_thing_however_it_was_found_and_ends_with_the_finding() -> None:
    causes = Causes()
    for at in (0.0, 1.0, 2.0, 3.0):
        causes.take(phase("backoff", at=at))

    causes.take(replace(finding("flapping"), pattern="web/flapping/web"))
    flapping = [e for e in causes.now if e.happening is Happening.SERVICE_FLAPPING]
    over = FindingEnded(at=50.0, service="web", instance="web", pattern="web/flapping/web")
    change = causes.take(over)

    assert len(flapping) == 1
    assert change.ended == tuple(flapping)


def test_what_changed_while_nobody_looked_is_seen_afterwards(standing: Standing) -> None:
    before = Causes()
    before.take(phase("failed"))
    before.take(probe("live"))
    causes = Causes()
    causes.recall(before.now)

    change = causes.settle((standing("web", "running"), standing("db", "failed")), now=50.0)

    assert [each.happening for each in change.ended] == [Happening.SERVICE_DOWN]
    assert [each.summary for each in change.begun] == ["db: failed: gave up"]
    assert {each.happening for each in causes.now} == {Happening.NOT_LIVE, Happening.SERVICE_DOWN}


def test_what_is_as_it_was_stays(standing: Standing) -> None:
    causes = Causes()
    causes.take(phase("failed"))
    causes.take(AgentLost(at=0.0, pid=7, rebooted=False))

    change = causes.settle((standing("web", "failed"),), now=50.0)

    assert (change.begun, change.ended) == ((), ())


def test_a_service_that_is_gone_has_nothing_wrong_with_it() -> None:
    causes = Causes()
    causes.take(phase("backoff"))
    causes.take(CRASH)

    assert len(causes.settle((), now=50.0).ended) == 2
