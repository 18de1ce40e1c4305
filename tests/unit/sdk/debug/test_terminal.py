"""A person at a terminal limits nothing, and hears every phase once."""

from __future__ import annotations

import pytest

from svcctl.ports import HostPhase
from svcctl.sdk.debug.exchange import Act, Launch, Reloading, Send, Started, Told
from svcctl.sdk.debug.terminal import Terminal
from svcctl.sdk.phases import Phase
from tests.unit.sdk.debug.stepping import Stepping, refusals, said, signals


def running(*, signals: bool = True) -> Stepping:
    """Give a terminal with a service that runs."""
    stepping = Stepping(Terminal(signals=signals))
    stepping.ask(Act.START)
    stepping.take(Started(pid=7), Told(phase=HostPhase.RUNNING, text="running"))
    return stepping


def test_a_start_launches_it() -> None:
    assert Stepping(Terminal(signals=True)).ask(Act.START) == (Launch(),)


def test_stop_and_reload_are_signals_where_there_are_any() -> None:
    assert signals(running().ask(Act.STOP)) == ["INT"]
    assert signals(running().ask(Act.RELOAD)) == ["HUP"]


@pytest.mark.parametrize("act", [Act.STOP, Act.RELOAD])
def test_where_there_are_none_they_go_over_the_line(act: Act) -> None:
    assert running(signals=False).ask(act) == (Send(word=str(act)),)


def test_a_pause_and_ones_own_codes_go_over_the_line() -> None:
    assert running().ask(Act.PAUSE) == (Send(word="pause"),)
    assert running().ask(Act.CONTROL, 130) == (Send(word="control", code=130),)
    assert running().ask(Act.PRESHUTDOWN) == (Send(word="shutdown"),)


def test_what_does_not_apply_is_refused() -> None:
    assert refusals(running().ask(Act.RESUME)) == ["it is running"]
    assert refusals(running().ask(Act.START)) == ["it is running"]


def test_every_phase_is_told_once() -> None:
    stepping = running()

    told = stepping.take(Told(phase=HostPhase.RUNNING, text="running"))

    assert said(told) == ""


def test_a_reload_counts_once_it_is_over() -> None:
    stepping = running()

    stepping.take(Reloading(over=False), Reloading(over=True))

    assert stepping.sim.reloads == 1


def test_a_stop_that_takes_long_is_told_once_and_nobody_is_killed() -> None:
    stepping = running()
    stepping.ask(Act.STOP)

    told = stepping.forward(60.0)

    assert said(told) == "still running after 10s; k kills it"
    assert signals(told) == []


def test_a_stop_in_time_is_no_word_worth() -> None:
    stepping = running()
    stepping.ask(Act.STOP)
    stepping.end(0)

    assert stepping.forward(60.0) == ()


def test_its_end_is_told_with_the_status() -> None:
    stepping = running()

    assert "status 70" in said(stepping.end(70))
    assert stepping.sim.phase is Phase.STOPPED
