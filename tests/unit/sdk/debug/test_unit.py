"""The simulated systemd keeps the rules of the real one, and the agent its own."""

from __future__ import annotations

import pytest

from svcctl.ports import HostPhase
from svcctl.sdk.debug.exchange import Act, Launch, Notified, Send, Started, Told
from svcctl.sdk.debug.unit import AGENT, Active, Rules, Unit
from svcctl.sdk.phases import Phase
from tests.unit.sdk.debug.stepping import Stepping, refusals, said, signals


def notified(**fields: str) -> Notified:
    return Notified(fields=fields)


READY = notified(READY="1", STATUS="running")


def a_unit(rules: Rules | None = None) -> Stepping:
    """Give a unit whose process was just started."""
    stepping = Stepping(Unit(rules=rules or Rules()))
    stepping.ask(Act.START)
    stepping.take(Started(pid=7))
    return stepping


@pytest.fixture
def active() -> Stepping:
    """Give one whose service is ready."""
    stepping = a_unit(Rules(watchdog=2.0))
    stepping.take(READY)
    return stepping


def result(stepping: Stepping) -> str:
    assert isinstance(stepping.sim, Unit)
    return stepping.sim.result


def state(stepping: Stepping) -> Active:
    assert isinstance(stepping.sim, Unit)
    return stepping.sim.state


def test_a_start_launches_it_and_ready_makes_it_active() -> None:
    stepping = Stepping(Unit())

    assert stepping.ask(Act.START) == (Launch(),)
    assert stepping.phase() is Phase.STARTING
    assert "active (running)" in said(stepping.take(READY))
    assert stepping.phase() is Phase.RUNNING


def test_who_is_not_ready_in_time_is_stopped_and_failed() -> None:
    stepping = a_unit()

    assert stepping.forward(89.9) == ()
    assert signals(stepping.forward(0.1)) == ["TERM"]
    assert signals(stepping.forward(90.0)) == ["KILL"]
    stepping.end(None, "KILL")

    assert result(stepping) == "timeout"


def test_an_extension_moves_what_is_due_but_never_nearer() -> None:
    stepping = a_unit(Rules(start=10.0))

    stepping.take(notified(EXTEND_TIMEOUT_USEC="1000000"))
    assert signals(stepping.forward(9.9)) == []
    stepping.take(notified(EXTEND_TIMEOUT_USEC="5000000"))

    assert signals(stepping.forward(4.9)) == []
    assert signals(stepping.forward(0.1)) == ["TERM"]


def test_a_stop_is_sigterm_and_after_its_time_sigkill(active: Stepping) -> None:
    assert signals(active.ask(Act.STOP)) == ["TERM"]
    assert active.phase() is Phase.DRAINING
    active.take(notified(STOPPING="1", STATUS="draining", EXTEND_TIMEOUT_USEC="100000000"))

    assert signals(active.forward(99.9)) == []
    assert signals(active.forward(0.1)) == ["KILL"]


def test_a_second_stop_is_refused(active: Stepping) -> None:
    active.ask(Act.STOP)

    assert refusals(active.ask(Act.STOP)) == ["it is being stopped"]


@pytest.mark.parametrize(
    ("code", "signal", "wanted"),
    [
        (0, None, "success"),
        (None, "TERM", "success"),
        (70, None, "exit-code"),
        (None, "KILL", "signal"),
        (None, "SEGV", "core-dump"),
    ],
)
def test_how_it_ended_is_a_result(
    active: Stepping, code: int | None, signal: str | None, wanted: str
) -> None:
    active.end(code, signal)

    assert result(active) == wanted
    assert active.phase() is Phase.STOPPED


def test_who_ends_well_without_having_been_ready_broke_the_protocol() -> None:
    stepping = a_unit()

    stepping.end(0)

    assert result(stepping) == "protocol"


def test_who_stops_by_himself_is_given_the_time_of_a_stop(active: Stepping) -> None:
    active.take(notified(STOPPING="1"))

    assert active.phase() is Phase.DRAINING
    assert signals(active.forward(90.0)) == ["KILL"]


# the watchdog


def test_who_pings_in_time_is_left_alone(active: Stepping) -> None:
    for _ in range(10):
        assert active.forward(1.9) == ()
        active.take(notified(WATCHDOG="1"))


def test_who_misses_the_watchdog_gets_sigabrt_then_sigkill(active: Stepping) -> None:
    assert signals(active.forward(2.0)) == ["ABRT"]
    assert signals(active.forward(90.0)) == ["KILL"]
    active.end(None, "KILL")

    assert result(active) == "watchdog"


def test_the_watchdog_sleeps_until_it_is_ready() -> None:
    stepping = a_unit(Rules(watchdog=2.0))

    assert signals(stepping.forward(10.0)) == []


def test_a_service_may_change_its_watchdog_or_call_it(active: Stepping) -> None:
    active.take(notified(WATCHDOG_USEC="5000000"))
    assert signals(active.forward(4.9)) == []

    assert signals(active.take(notified(WATCHDOG="trigger"))) == ["ABRT"]


def test_the_agent_sends_sigterm_instead() -> None:
    stepping = Stepping(Unit(rules=Rules(who="agent", abort=AGENT.abort, watchdog=1.0, stop=15.0)))
    stepping.ask(Act.START)
    stepping.take(READY)

    assert signals(stepping.forward(1.0)) == ["TERM"]
    assert signals(stepping.forward(15.0)) == ["KILL"]


# reload


def test_a_reload_is_over_with_ready_after_reloading(active: Stepping) -> None:
    assert signals(active.ask(Act.RELOAD)) == ["HUP"]
    now = str(int(active.at * 1_000_000))
    active.take(notified(RELOADING="1", MONOTONIC_USEC=now))
    assert state(active) is Active.RELOADING

    active.take(notified(READY="1"))

    assert state(active) is Active.ACTIVE
    assert active.sim.reloads == 1


@pytest.mark.parametrize("fields", [{}, {"MONOTONIC_USEC": "999999999"}])
def test_a_reload_from_before_it_was_asked_for_is_not_believed(
    active: Stepping, fields: dict[str, str]
) -> None:
    active.ask(Act.RELOAD)

    told = active.take(notified(RELOADING="1", **fields))

    assert "is ignored" in said(told)
    assert state(active) is Active.ACTIVE


def test_a_reload_that_takes_too_long_has_failed_and_the_service_runs_on() -> None:
    stepping = a_unit()
    stepping.take(READY)
    stepping.ask(Act.RELOAD)

    assert "reload timed out" in said(stepping.forward(90.0))
    assert stepping.phase() is Phase.RUNNING
    assert stepping.sim.reloads == 0


# what systemd has no word for


def test_a_pause_is_asked_of_the_service_itself(active: Stepping) -> None:
    assert Send(word="pause") in active.ask(Act.PAUSE)

    active.take(Told(phase=HostPhase.PAUSING), Told(phase=HostPhase.PAUSED))
    assert active.phase() is Phase.PAUSED
    assert refusals(active.ask(Act.PAUSE)) == ["it is paused"]

    active.take(Told(phase=HostPhase.RUNNING))
    assert active.phase() is Phase.RUNNING


def test_what_is_said_again_and_again_is_marked_as_such(active: Stepping) -> None:
    first = active.take(notified(WATCHDOG="1"))
    second = active.take(notified(WATCHDOG="1"))

    assert [getattr(each, "often", None) for each in (*first, *second)] == [False, True]


def test_nothing_can_be_asked_of_what_does_not_run() -> None:
    stepping = Stepping(Unit())

    for act in (Act.STOP, Act.PAUSE, Act.RELOAD, Act.CONTROL):
        assert refusals(stepping.ask(act)) == ["it does not run"]
