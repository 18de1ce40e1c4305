"""What follows from what, among the events of one instance."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from svcctl.cli.causes import Chains
from svcctl.cli.main import main

Event = dict[str, Any]

_numbers = itertools.count(1)


def event(kind: str, instance: str = "web", **fields: Any) -> Event:
    return {
        "number": next(_numbers),
        "at": 1_790_000_000.0,
        "kind": kind,
        "service": instance,
        "instance": instance,
        "fields": fields,
    }


def phase(new: str, instance: str = "web") -> Event:
    return event("PhaseChanged", instance, old="x", new=new, reason="")


def failed(purpose: str = "live") -> Event:
    return event("ProbeFailed", probe="http", purpose=purpose, problem="500")


def passed() -> Event:
    return event("ProbePassed", probe="http", purpose="live")


def exited(code: int | None = 3, signal: str | None = None) -> Event:
    return event("InstanceExited", pid=7, code=code, signal=signal, uptime=1.0)


def spawned() -> Event:
    return event("InstanceSpawned", pid=8)


def followers(*story: Event) -> list[bool]:
    """Tell the story; say of each event whether it follows from another."""
    chains = Chains()
    return [chains.cause(each) is not None for each in story]


def found() -> Event:
    return event("FindingMade", explanation="it is stuck")


def healing(outcome: str = "") -> Event:
    if outcome:
        return event("HealingDone", outcome=outcome, deed="restart", problem="", took=1.0)
    return event("HealingBegun", deed="restart", why="it is stuck")


def test_a_finding_leads_to_its_healing_and_that_to_a_service_that_is_ready() -> None:
    story = (found(), healing(), phase("stopping"), exited(0), phase("running"), healing("done"))

    chains = Chains()
    causes = [chains.cause(each) for each in story]

    assert causes == [None, *[story[0]["number"]] * 5]


def test_a_probe_that_fails_leads_to_a_restart_and_to_health() -> None:
    story = (failed(), phase("stopping"), exited(), spawned(), phase("running"), passed())

    chains = Chains()
    causes = [chains.cause(each) for each in story]

    assert causes == [None, *[story[0]["number"]] * 5]
    assert chains.cause(phase("stopping")) is None


def test_an_end_nobody_asked_for_leads_to_a_restart() -> None:
    story = (exited(), phase("backoff"), phase("starting"), spawned(), phase("running"))

    assert followers(*story, phase("paused")) == [False, True, True, True, True, False]


@pytest.mark.parametrize("end", [exited(143), exited(None, "TERM"), exited(0)])
def test_an_end_somebody_asked_for_is_no_cause(end: Event) -> None:
    assert followers(phase("stopping"), end, phase("stopped")) == [False, False, False]


def test_an_end_in_order_is_no_cause() -> None:
    assert followers(exited(0), phase("finished")) == [False, False]


def test_what_happens_to_another_does_not_follow() -> None:
    assert followers(exited(), phase("running", "db")) == [False, False]


def test_alerts_follow_from_what_they_are_about_even_after_it() -> None:
    raised = event("AlertRaised", alert="a", priority="P0", summary="s", fingerprint="f")
    ended = event("AlertEnded", alert="a", priority="P0", summary="s", fingerprint="f", lasted=1.0)

    assert followers(exited(), raised, phase("running"), ended) == [False, True, True, True]
    assert followers(raised) == [False]


def test_a_failure_after_all_was_well_is_a_new_cause() -> None:
    story = (exited(), phase("running"), exited(), phase("failed"))

    assert followers(*story) == [False, True, False, True]


def test_output_that_is_written_again_ends_its_chain() -> None:
    paused = event("CapturePaused", stream="stdout", problem="full")
    resumed = event("CaptureResumed", stream="stdout")

    assert followers(paused, resumed, phase("stopping")) == [False, True, False]


def test_what_follows_stands_under_its_cause(
    agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    story = (failed(), phase("stopping"), passed())
    agent.says("events", {"events": 3}, *story)

    assert main(["events", "--causes"]) == 0

    first, *others = capsys.readouterr().out.splitlines()
    assert first.endswith("  web: live probe 'http' fails: 500")
    assert [each[19:].startswith("    └ web: ") for each in others] == [True, True]


def test_causes_are_numbers_for_programs(agent: Any, capsys: pytest.CaptureFixture[str]) -> None:
    story = (failed(), passed())
    agent.says("events", {"events": 2}, *story)

    assert main(["events", "--causes", "-o", "json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert [each["cause"] for each in found] == [None, story[0]["number"]]
