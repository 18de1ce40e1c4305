"""Events reach everyone who watches, in order, whoever fails."""

from __future__ import annotations

import logging

import pytest

from svcctl.engine.bus import LocalBus
from svcctl.events import AgentStarted, Event, RunSkipped


def event(number: int) -> Event:
    return AgentStarted(at=float(number), pid=number, adopted=0)


def test_everyone_gets_every_event_in_order() -> None:
    bus = LocalBus()
    first: list[Event] = []
    second: list[Event] = []
    bus.subscribe(first.append)
    bus.subscribe(second.append)

    for number in range(3):
        bus.publish(event(number))

    assert first == second == [event(0), event(1), event(2)]


def test_who_cancelled_is_told_no_more_and_may_cancel_again() -> None:
    bus = LocalBus()
    seen: list[Event] = []
    cancel = bus.subscribe(seen.append)
    bus.publish(event(1))

    cancel()
    cancel()
    bus.publish(event(2))

    assert seen == [event(1)]


def test_one_who_subscribed_twice_cancels_once() -> None:
    bus = LocalBus()
    seen: list[Event] = []
    cancel = bus.subscribe(seen.append)
    bus.subscribe(seen.append)

    cancel()
    cancel()
    bus.publish(event(1))

    assert seen == [event(1)]


def test_one_who_fails_is_logged_and_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bus = LocalBus()
    seen: list[Event] = []

    def fail(_: Event) -> None:
        raise ZeroDivisionError

    bus.subscribe(fail)
    bus.subscribe(seen.append)

    with caplog.at_level(logging.ERROR):
        bus.publish(event(1))

    assert seen == [event(1)]
    assert "ZeroDivisionError" in caplog.text


def test_an_event_stated_while_another_is_told_comes_after_it_for_everyone() -> None:
    bus = LocalBus()
    seen: list[str] = []

    def answer(told: Event) -> None:
        if isinstance(told, AgentStarted):
            bus.publish(RunSkipped(at=2.0))

    bus.subscribe(answer)
    bus.subscribe(lambda told: seen.append(type(told).__name__))

    bus.publish(event(1))

    assert seen == ["AgentStarted", "RunSkipped"]


def test_who_cancels_another_spares_it_the_event_being_told() -> None:
    bus = LocalBus()
    seen: list[Event] = []
    bus.subscribe(lambda _: cancel())
    cancel = bus.subscribe(seen.append)

    bus.publish(event(1))

    assert seen == []


def test_who_subscribes_during_an_event_gets_the_next_one() -> None:
    bus = LocalBus()
    seen: list[Event] = []

    def join(_: Event) -> None:
        if not seen and not joined:
            joined.append(True)
            bus.subscribe(seen.append)

    joined: list[bool] = []
    bus.subscribe(join)

    bus.publish(event(1))
    bus.publish(event(2))

    assert seen == [event(2)]
