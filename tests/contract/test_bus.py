"""What every bus must do."""

from __future__ import annotations

import pytest

from svcctl.engine.bus import LocalBus
from svcctl.events import Event
from svcctl.ports import Bus
from svcctl.testing.fakes import FakeBus


@pytest.fixture(params=[FakeBus, LocalBus], ids=["fake", "local"])
def bus(request: pytest.FixtureRequest) -> Bus:
    made: Bus = request.param()
    return made


def event(number: int) -> Event:
    return Event(at=float(number), instance="web")


def test_all_are_told_of_what_is_stated_from_then_on(bus: Bus) -> None:
    one: list[Event] = []
    other: list[Event] = []

    bus.publish(event(0))
    bus.subscribe(one.append)
    bus.publish(event(1))
    bus.subscribe(other.append)
    bus.publish(event(2))

    assert one == [event(1), event(2)]
    assert other == [event(2)]


def test_what_is_stated_while_others_are_told_comes_after_it_for_all(bus: Bus) -> None:
    first: list[Event] = []
    second: list[Event] = []

    def answer(told: Event) -> None:
        first.append(told)
        if told == event(1):
            bus.publish(event(2))

    bus.subscribe(answer)
    bus.subscribe(second.append)
    bus.publish(event(1))

    assert first == second == [event(1), event(2)]


def test_who_has_cancelled_is_told_no_more_and_may_cancel_again(bus: Bus) -> None:
    told: list[Event] = []
    cancel = bus.subscribe(told.append)

    cancel()
    cancel()
    bus.publish(event(1))

    assert told == []


def test_who_is_cancelled_by_one_before_it_is_not_told(bus: Bus) -> None:
    told: list[Event] = []
    bus.subscribe(lambda _: cancel())
    cancel = bus.subscribe(told.append)

    bus.publish(event(1))

    assert told == []
