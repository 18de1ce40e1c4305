"""What happened between two looks is counted."""

from __future__ import annotations

from typing import Any

from svcctl.events import (
    AlertEnded,
    AlertRaised,
    AlertTold,
    AlertUndelivered,
    CapturePaused,
    CaptureResumed,
    Event,
    FindingEnded,
    FindingMade,
    HealingDone,
    HealingHeld,
    InstanceExited,
    InstanceSpawned,
    ProbeFailed,
)
from svcctl.observe.metrics.tally import Tally

WEB: Any = {"at": 0.0, "service": "web", "instance": "web"}


def page(*events: Event, services: tuple[str, ...] = ("web",)) -> dict[str, float]:
    tally = Tally()
    for event in events:
        tally.notice(event)
    return dict(each for _, values in tally.samples(services) for each in values.items())


def finding(kind: str = "leak") -> FindingMade:
    return FindingMade(
        at=0.0,
        service="web",
        instance="web",
        kind=kind,
        subject="memory",
        pattern="p",
        observed="",
        expected="",
        since=0.0,
        score=1.0,
        explanation="",
    )


def alert() -> AlertRaised:
    return AlertRaised(
        at=0.0, service="web", alert="down", priority="P0", summary="", fingerprint="f"
    )


def test_starts_and_ends_are_counted_by_how_they_ended() -> None:
    found = page(
        InstanceSpawned(**WEB, pid=1),
        InstanceExited(**WEB, pid=1, code=3, signal=None, uptime=1.0),
        InstanceExited(**WEB, pid=1, code=None, signal="KILL", uptime=1.0),
        InstanceExited(**WEB, pid=1, code=None, signal=None, uptime=1.0),
    )

    assert found['svcctl_service_starts_total{service="web",service_instance="web"}'] == 1
    ends = {name.split('status="')[1][:-2]: n for name, n in found.items() if "exits" in name}
    assert ends == {"3": 1, "KILL": 1, "unknown": 1}
    assert found['svcctl_events_total{kind="InstanceExited"}'] == 3


def test_a_verdict_that_turned_bad_is_counted() -> None:
    found = page(ProbeFailed(**WEB, probe="tcp :80", purpose="live", problem="refused"))

    labels = 'service="web",service_instance="web",probe="tcp :80",purpose="live"'
    assert found[f"svcctl_probe_failures_total{{{labels}}}"] == 1


def test_streams_that_cannot_be_captured_are_told_until_they_can() -> None:
    paused = CapturePaused(**WEB, stream="stdout", problem="disk full")
    name = 'svcctl_log_capture_paused{service="web",service_instance="web"}'

    assert page(paused)[name] == 1
    assert page(paused, CaptureResumed(**WEB, stream="stdout"))[name] == 0


def test_findings_and_alerts_are_open_until_they_end() -> None:
    begun = page(finding(), alert())
    over = page(
        finding(),
        FindingEnded(at=1.0, service="web", instance="web", pattern="p"),
        alert(),
        AlertEnded(
            at=1.0,
            service="web",
            alert="down",
            priority="P0",
            summary="",
            fingerprint="f",
            lasted=1.0,
        ),
    )

    assert begun['svcctl_findings_open{service="web",kind="leak"}'] == 1
    assert begun['svcctl_alerts_firing{service="web",priority="P0"}'] == 1
    assert not [name for name in over if "open" in name or "firing" in name]
    assert over['svcctl_findings_total{service="web",kind="leak"}'] == 1
    assert over['svcctl_alerts_total{service="web",priority="P0"}'] == 1


def test_what_channels_took_and_what_they_did_not_is_counted() -> None:
    found = page(
        AlertTold(at=0.0, channel="mail", title="down", tries=1),
        AlertUndelivered(at=0.0, channel="chat", problem="refused", tries=3),
    )

    assert found['svcctl_notifications_total{channel="mail",result="told"}'] == 1
    assert found['svcctl_notifications_total{channel="chat",result="undelivered"}'] == 1


def test_what_was_healed_and_what_was_held_back_is_counted() -> None:
    found = page(
        HealingDone(**WEB, number=1, deed="restart", outcome="done", problem="", took=1.0),
        HealingDone(**WEB, number=2, deed="restart", outcome="failed", problem="no", took=1.0),
        HealingHeld(
            **WEB, deed="restart", why="", by="heal[0]", reason="hour", problem="", until=None
        ),
    )

    counted = {name: n for name, n in found.items() if "healings" in name}
    assert counted == {
        f'svcctl_healings_total{{service="web",result="{each}"}}': 1
        for each in ("done", "failed", "held")
    }


def test_only_what_leaks_is_a_suspect() -> None:
    tally = Tally()
    tally.notice(finding("burst"))
    assert tally.suspects() == frozenset()

    tally.notice(finding())

    assert tally.suspects() == {"web"}


def test_a_service_that_is_no_more_is_forgotten() -> None:
    found = page(
        InstanceSpawned(**WEB, pid=1),
        CapturePaused(**WEB, stream="stdout", problem="disk full"),
        services=("db",),
    )

    assert [name for name in found if "web" in name] == []
