"""What is used up within minutes is told while there are minutes left."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.detect.amounts import Unit
from svcctl.detect.exhaustion import Exhaustion, ExhaustionPolicy, Room, carried_on
from svcctl.detect.finding import Deviation, What

LIMIT = 1_000.0


def told(
    shape: Callable[[float], float],
    *,
    minutes: int,
    every: float = 1.0,
    limit: float | None = LIMIT,
) -> list[tuple[float, Deviation]]:
    """Give what is told of *shape*, and in which minute."""
    watch = Exhaustion("memory")
    found = []
    for number in range(int(minutes / every)):
        minute = number * every
        value = shape(minute)
        room = Room(left=LIMIT - value, limit=limit)
        if deviation := watch.add(value, at=60.0 * minute, room=room):
            found.append((minute, deviation))
    return found


def test_what_is_full_in_half_an_hour_is_told_once() -> None:
    ((minute, found),) = told(lambda minute: 100.0 + 10.0 * minute, minutes=90)

    assert 55 <= minute <= 65
    assert (found.what, found.subject) == (What.LEAK, "memory")
    assert "of 1000, the rest is used up in 2" in found.observed
    assert found.expected == "less than 90 % of it, or more than 30 min until then"


def test_what_is_full_in_minutes_is_told_though_most_is_left() -> None:
    ((minute, _),) = told(lambda minute: 100.0 + 60.0 * minute, minutes=15, every=0.5)

    assert minute <= 8


def test_what_is_nearly_full_is_told_at_once_however_it_became_so() -> None:
    ((minute, found),) = told(lambda _: 901.0, minutes=60)

    assert minute == 0
    assert found.observed == "901 of 1000"


def test_a_rise_is_told_where_only_what_is_left_is_known() -> None:
    ((_, found),) = told(lambda minute: 500.0 + 10.0 * minute, minutes=45, limit=None)

    assert "of 1000" not in found.observed


@pytest.mark.parametrize(
    "shape",
    [
        lambda _: 850.0,
        lambda minute: 850.0 * (1 - math.exp(-minute / 20)),
        lambda minute: 850.0 * (1 - math.exp(-minute / 5)),
        lambda minute: 100.0 + 700.0 * (minute > 30),
        lambda minute: 300.0 + 550.0 * (minute / 7 % 1),
        lambda minute: 600.0 + 100.0 * math.sin(minute / 60),
        lambda minute: 800.0 - minute,
    ],
    ids=["high", "warm-up", "fast warm-up", "step", "sawtooth", "wave", "fall"],
)
def test_what_does_not_lead_to_the_limit_is_no_news(shape: Callable[[float], float]) -> None:
    assert told(shape, minutes=300) == []


def test_the_second_tooth_of_a_saw_is_none() -> None:
    found = told(lambda minute: 300.0 + 550.0 * (minute / 60 % 1), minutes=600)

    assert all(minute < 60 for minute, _ in found)


def test_it_is_over_once_much_is_left_again_and_can_be_told_anew() -> None:
    watch = Exhaustion("memory", ExhaustionPolicy(unit=Unit.BYTES))

    def read(value: float, minute: float) -> bool:
        room = Room(left=LIMIT - value, limit=LIMIT)
        return watch.add(value, at=60 * minute, room=room) is not None

    assert read(950.0, 0)
    assert not read(850.0, 1)
    assert watch.is_near
    assert not read(700.0, 2)
    assert not watch.is_near
    assert read(950.0, 3)


def test_what_an_earlier_watch_told_is_over_when_that_is_sure() -> None:
    watch = Exhaustion("memory")
    watch.resume(since=0.0)

    for minute in range(9):
        watch.add(500.0, at=60.0 * minute, room=Room(left=500.0))
        assert watch.is_near
    watch.add(500.0, at=600.0, room=Room(left=500.0))

    assert not watch.is_near


def test_what_is_no_number_is_left_out() -> None:
    assert Exhaustion("memory").add(math.nan, at=0.0, room=Room(left=0.0)) is None


@given(
    left=st.floats(1.0, 1e12),
    pace=st.floats(1e-3, 1e9),
    slows=st.floats(0.01, 1.0),
    every=st.floats(1.0, 1e4),
)
def test_a_rise_that_slows_takes_longer_or_never_gets_there(
    left: float, pace: float, slows: float, every: float
) -> None:
    steady = carried_on(left, pace=pace, slows=1.0, every=every)
    slowing = carried_on(left, pace=pace, slows=slows, every=every)

    assert steady == left / pace
    assert slowing is None or slowing >= steady * (1 - 1e-6)
