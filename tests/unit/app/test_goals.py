"""When a verb has reached its goal, cannot any more, or has to wait."""

from __future__ import annotations

from dataclasses import fields

import pytest

from svcctl.app.goals import Goal, Outcome, hint, problem
from svcctl.engine.life import Phase
from svcctl.ports import InstanceStatus

OPEN = None
REACHED = ""


def status(phase: str, **changes: object) -> InstanceStatus:
    plain: dict[str, object] = dict.fromkeys((each.name for each in fields(InstanceStatus)), None)
    plain |= {"service": "web", "instance": "web.2", "phase": phase, "ready": phase == "running"}
    plain |= {"reason": "", "groups": (), "labels": {}}
    return InstanceStatus(**(plain | changes))  # type: ignore[arg-type]


def found(
    goal: Goal, each: InstanceStatus, *, blocked_by: str = "", healthy: bool = True
) -> object:
    return problem(goal, each, blocked_by=blocked_by, healthy=healthy)


def reached(goal: Goal) -> set[str]:
    return {phase for phase in Phase if found(goal, status(phase)) == REACHED}


@pytest.mark.parametrize(
    ("goal", "phases"),
    [
        (Goal.UP, {"running", "finished"}),
        (Goal.DOWN, {"stopped", "failed", "finished"}),
        (Goal.PAUSED, {"paused"}),
        (Goal.STARTED, {"running", "finished"}),
        (Goal.READY, {"running", "finished"}),
        (Goal.HEALTHY, {"running"}),
        (Goal.DONE, {"finished"}),
        (Goal.FAILED, {"failed"}),
    ],
)
def test_a_goal_is_reached_in(goal: Goal, phases: set[str]) -> None:
    assert reached(goal) == phases


def test_who_failed_is_not_up_and_says_why() -> None:
    assert found(Goal.UP, status("failed", reason="exit code 1")) == "exit code 1"
    assert found(Goal.UP, status("backoff")) == "is in phase backoff"


def test_who_was_stopped_by_somebody_else_is_not_up() -> None:
    assert found(Goal.UP, status("stopped")) == "was stopped meanwhile"


def test_who_waits_for_its_time_is_as_up_as_it_can_be() -> None:
    assert found(Goal.UP, status("stopped", next_at=1.0)) == REACHED


@pytest.mark.parametrize("phase", ["starting", "stopping", "pausing", "paused", "resuming"])
def test_who_is_on_its_way_is_waited_for(phase: str) -> None:
    assert found(Goal.UP, status(phase)) is OPEN


def test_who_waits_for_what_will_not_come_says_for_whom() -> None:
    assert found(Goal.UP, status("starting"), blocked_by="db") == "needs 'db', which does not run"


def test_only_what_runs_can_be_paused() -> None:
    assert found(Goal.PAUSED, status("pausing")) is OPEN
    assert found(Goal.PAUSED, status("stopped")) == "is stopped: only what runs can be paused"


def test_a_program_is_started_before_it_is_ready() -> None:
    assert found(Goal.STARTED, status("starting", pid=7)) == REACHED
    assert found(Goal.READY, status("starting", pid=7)) is OPEN


def test_who_is_not_healthy_is_waited_for() -> None:
    assert found(Goal.HEALTHY, status("running"), healthy=False) is OPEN


def test_work_that_failed_is_not_done() -> None:
    assert found(Goal.DONE, status("failed", reason="exit code 2")) == "exit code 2"
    assert found(Goal.DONE, status("running")) is OPEN


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        ("backoff", "it will be tried again; see: svcctl logs web"),
        ("failed", "see: svcctl logs web; then: svcctl reset web"),
        ("stopped", "see: svcctl events web"),
    ],
)
def test_a_hint_says_what_to_do(phase: str, said: str) -> None:
    assert hint(status(phase)) == said


def test_an_outcome_is_a_document_with_every_member() -> None:
    outcome = Outcome(service="web", instance="web", ok=True, phase="running", lines=("a",))

    assert set(outcome.document()) == {each.name for each in fields(Outcome)}
    assert outcome.document()["lines"] == ["a"]
