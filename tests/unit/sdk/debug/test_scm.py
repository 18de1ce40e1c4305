"""The simulated SCM does to a service what the real one does."""

from __future__ import annotations

import pytest

from svcctl.sdk.debug.exchange import (
    Act,
    Answered,
    Connected,
    Launch,
    Send,
    Started,
    StatusSet,
)
from svcctl.sdk.debug.scm import CONTROL, Scm
from svcctl.sdk.phases import Phase
from svcctl.system.windows.service_status import Accept, State
from tests.unit.sdk.debug.stepping import Stepping, refusals, said, signals

ALL = Accept.STOP | Accept.PAUSE_CONTINUE | Accept.PARAMCHANGE | Accept.PRESHUTDOWN
STOP, PAUSE, CONTINUE, PARAMCHANGE, PRESHUTDOWN = 1, 2, 3, 6, 15


def status(
    state: State,
    *,
    accepted: Accept = Accept.NOTHING,
    checkpoint: int = 0,
    hint: int = 0,
    error: int = 0,
    own: int = 0,
) -> StatusSet:
    """Give a SERVICE_STATUS as it is set."""
    return StatusSet(members=(0x10, state, accepted, error, own, checkpoint, hint))


@pytest.fixture
def scm() -> Stepping:
    """Give an SCM with a service that was just started and has connected."""
    stepping = Stepping(Scm())
    stepping.ask(Act.START)
    stepping.take(Started(pid=7), Connected())
    return stepping


@pytest.fixture
def running(scm: Stepping) -> Stepping:
    """Give one whose service runs and takes all controls."""
    scm.take(status(State.RUNNING, accepted=ALL))
    return scm


def test_a_start_launches_the_process_and_is_pending() -> None:
    stepping = Stepping(Scm())

    assert stepping.ask(Act.START) == (Launch(),)
    assert stepping.phase() is Phase.STARTING


def test_a_second_start_is_error_1056(running: Stepping) -> None:
    assert "1056" in refusals(running.ask(Act.START))[0]


def test_who_does_not_call_the_dispatcher_for_30_seconds_is_ended_with_1053() -> None:
    stepping = Stepping(Scm())
    stepping.ask(Act.START)
    stepping.take(Started(pid=7))

    assert stepping.forward(29.9) == ()
    late = stepping.forward(0.2)

    assert signals(late) == ["KILL"]
    assert "1053" in said(late)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (Act.STOP, STOP),
        (Act.PAUSE, PAUSE),
        (Act.RELOAD, PARAMCHANGE),
        (Act.PRESHUTDOWN, PRESHUTDOWN),
    ],
)
def test_a_running_service_is_sent_what_it_accepts(running: Stepping, act: Act, code: int) -> None:
    assert Send(word=CONTROL, code=code) in running.ask(act)


def test_a_code_of_ones_own_is_sent_and_the_refusal_of_the_service_told(running: Stepping) -> None:
    assert Send(word=CONTROL, code=130) in running.ask(Act.CONTROL, 130)
    assert running.sim.asking

    answer = running.take(Answered(result=120))

    assert refusals(answer) == ["control 130: error 120, the service does not know it"]
    assert not running.sim.asking


@pytest.mark.parametrize("state", [State.START_PENDING, State.STOP_PENDING])
def test_who_starts_or_stops_takes_no_control(scm: Stepping, state: State) -> None:
    scm.take(status(state, checkpoint=1, hint=1000))

    for act in (Act.STOP, Act.PAUSE, Act.RELOAD, Act.PRESHUTDOWN):
        assert "1061" in refusals(scm.ask(act))[0]


def test_a_service_that_does_not_run_takes_no_control() -> None:
    assert "1062" in refusals(Stepping(Scm()).ask(Act.PAUSE))[0]


def test_what_a_service_does_not_accept_is_error_1052(scm: Stepping) -> None:
    scm.take(status(State.RUNNING, accepted=Accept.STOP))

    assert "1052" in refusals(scm.ask(Act.PAUSE))[0]
    assert "1052" in refusals(scm.ask(Act.SHUTDOWN))[0]


@pytest.mark.parametrize("code", [0, 7, 127, 256])
def test_a_code_that_is_nobodys_is_error_87(running: Stepping, code: int) -> None:
    assert "87" in refusals(running.ask(Act.CONTROL, code))[0]


def test_a_control_that_is_not_answered_within_30_seconds_is_error_1053(running: Stepping) -> None:
    running.ask(Act.PAUSE)

    assert "1053" in refusals(running.ask(Act.STOP))[0]
    assert "1053" in refusals(running.forward(30.0))[0]
    assert refusals(running.ask(Act.STOP)) == []


def test_the_ways_through_a_pause(running: Stepping) -> None:
    seen = []
    for state in (State.PAUSE_PENDING, State.PAUSED, State.CONTINUE_PENDING, State.RUNNING):
        running.take(status(state, accepted=ALL, checkpoint=1, hint=20_000))
        seen.append(running.phase())

    assert seen == [Phase.PAUSING, Phase.PAUSED, Phase.RESUMING, Phase.RUNNING]


def test_a_checkpoint_that_grows_within_its_hint_is_patience_enough(scm: Stepping) -> None:
    for checkpoint in range(1, 20):
        scm.take(status(State.START_PENDING, checkpoint=checkpoint, hint=2000))
        assert scm.forward(1.9) == ()


def test_a_checkpoint_that_stands_still_is_told_once_and_nobody_is_killed(scm: Stepping) -> None:
    scm.take(status(State.START_PENDING, checkpoint=1, hint=2000))
    scm.forward(1.5)
    scm.take(status(State.START_PENDING, checkpoint=1, hint=2000))

    told = scm.forward(60.0)

    assert said(told).count("1053") == 1
    assert signals(told) == []
    assert scm.phase() is Phase.STARTING


def test_a_reload_is_over_once_the_service_has_taken_it(running: Stepping) -> None:
    running.ask(Act.RELOAD)
    assert running.sim.reloads == 0

    running.take(Answered(result=0))

    assert running.sim.reloads == 1


def test_a_stop_in_order_ends_stopped(running: Stepping) -> None:
    running.ask(Act.STOP)
    running.take(Answered(result=0), status(State.STOP_PENDING, checkpoint=1, hint=5000))
    assert running.phase() is Phase.DRAINING

    running.take(status(State.STOPPED))
    assert running.phase() is Phase.DRAINING  # its process is still there
    over = running.end(0)

    assert running.phase() is Phase.STOPPED
    assert "unexpectedly" not in said(over)


def test_a_death_without_stopped_is_an_unexpected_one(running: Stepping) -> None:
    over = running.end(None, "KILL")

    assert "terminated unexpectedly (event 7034), killed by SIGKILL" in said(over)
    assert running.phase() is Phase.STOPPED


def test_a_code_of_the_services_own_is_told(running: Stepping) -> None:
    told = running.take(status(State.STOPPED, error=1066, own=70))

    assert "error 1066, specific 70" in said(told)


@pytest.mark.parametrize(
    ("act", "accepted", "seconds"),
    [
        (Act.PRESHUTDOWN, ALL, 10.0),
        (Act.SHUTDOWN, ALL, 10.0),
        (Act.SHUTDOWN, Accept.STOP | Accept.SHUTDOWN, 5.0),
    ],
)
def test_a_machine_that_goes_down_waits_only_so_long(
    scm: Stepping, act: Act, accepted: Accept, seconds: float
) -> None:
    scm.take(status(State.RUNNING, accepted=accepted))
    scm.ask(act)
    scm.take(Answered(result=0), status(State.STOP_PENDING, checkpoint=1, hint=60_000))

    assert signals(scm.forward(seconds - 0.1)) == []
    assert signals(scm.forward(0.1)) == ["KILL"]
    assert "unexpectedly" not in said(scm.end(None, "KILL"))


def test_after_its_end_it_can_be_started_again(running: Stepping) -> None:
    running.end(70)

    assert running.ask(Act.START) == (Launch(),)
