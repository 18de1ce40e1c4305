"""When what a service needs of another holds."""

from __future__ import annotations

import pytest

from svcctl.engine.conditions import has_given_up, holds, is_settled
from svcctl.engine.life import Instance, Phase, Stage
from svcctl.spec.service import Need, ServiceSpec, Type

SERVICE = ServiceSpec(name="db", exec=("db",))
ONESHOT = ServiceSpec(name="migrate", exec=("migrate",), type=Type.ONESHOT)

STOPPED = Instance()
STOPPED_WANTED = Instance(wanted=True)
WAITING = Instance(phase=Phase.STARTING, stage=Stage.NEEDS, wanted=True)
WARMING = Instance(phase=Phase.STARTING, stage=Stage.WARMING, child=True, wanted=True)
RUNNING = Instance(phase=Phase.RUNNING, child=True, ready=True, wanted=True)
BACKOFF = Instance(phase=Phase.BACKOFF, wanted=True)
FAILED = Instance(phase=Phase.FAILED, wanted=True)
FINISHED = Instance(phase=Phase.FINISHED, wanted=True)

EVERY = (STOPPED, WAITING, WARMING, RUNNING, BACKOFF, FAILED, FINISHED)


def fulfilled(need: Need, spec: ServiceSpec, *, live: bool = True) -> set[Phase | Stage]:
    """Give the stages of a start, and else the phases, in which *need* holds."""
    return {
        state.stage if state.phase is Phase.STARTING else state.phase
        for state in EVERY
        if holds(need, spec, [(state, live)])
    }


@pytest.mark.parametrize(
    ("need", "where"),
    [
        (Need.STARTED, {Stage.WARMING, Phase.RUNNING, Phase.FINISHED}),
        (Need.READY, {Phase.RUNNING}),
        (Need.HEALTHY, {Phase.RUNNING}),
        (Need.DONE, {Phase.FINISHED}),
    ],
)
def test_a_need_of_a_service_holds_where(need: Need, where: set[Phase | Stage]) -> None:
    assert fulfilled(need, SERVICE) == where


@pytest.mark.parametrize(
    ("need", "where"),
    [
        (Need.STARTED, {Stage.WARMING, Phase.RUNNING, Phase.FINISHED}),
        (Need.READY, {Phase.FINISHED}),
        (Need.HEALTHY, {Phase.FINISHED}),
        (Need.DONE, {Phase.FINISHED}),
    ],
)
def test_a_need_of_a_oneshot_holds_where(need: Need, where: set[Phase | Stage]) -> None:
    assert fulfilled(need, ONESHOT) == where


def test_who_runs_and_is_not_live_is_not_healthy() -> None:
    assert fulfilled(Need.HEALTHY, SERVICE, live=False) == set()
    assert fulfilled(Need.READY, SERVICE, live=False) == {Phase.RUNNING}


def test_a_oneshot_that_is_done_is_healthy_without_a_probe() -> None:
    assert fulfilled(Need.HEALTHY, ONESHOT, live=False) == {Phase.FINISHED}


def test_every_instance_must_fulfil_a_need() -> None:
    assert holds(Need.READY, SERVICE, [(RUNNING, True), (RUNNING, True)])
    assert not holds(Need.READY, SERVICE, [(RUNNING, True), (WARMING, True)])


@pytest.mark.parametrize("state", [STOPPED, WAITING, RUNNING, BACKOFF, FAILED, FINISHED])
def test_who_is_not_on_its_way_up_keeps_nobody_after_it_waiting(state: Instance) -> None:
    assert is_settled([state])


def test_who_is_on_its_way_up_keeps_those_after_it_waiting() -> None:
    assert not is_settled([RUNNING, WARMING])


def test_one_failed_instance_is_enough_to_have_given_up() -> None:
    assert has_given_up([RUNNING, FAILED])


def test_a_stop_that_was_asked_for_is_giving_up_once_all_have_stopped() -> None:
    assert has_given_up([STOPPED, STOPPED])
    assert not has_given_up([STOPPED, RUNNING])


@pytest.mark.parametrize("state", [STOPPED_WANTED, WAITING, WARMING, BACKOFF, FINISHED])
def test_who_may_still_come_has_not_given_up(state: Instance) -> None:
    assert not has_given_up([state])
