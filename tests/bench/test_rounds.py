"""Rounds are fair: everyone once, in an order that nobody chose and everyone can have again."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.manager import Manager
from bench.managers import MANAGERS
from bench.reading import Figure, Gap, Reading, Unit, Value
from bench.rounds import Turn, take, turns
from bench.session import Stage

STAGE = Stage(workload="", floor="")


def nothing(_stage: Stage, _manager: Manager) -> Iterator[Value]:
    yield Value(figure="wait", case="one", number=1.0, unit=Unit.MS)
    raise RuntimeError("broke")


def forever(_stage: Stage) -> Iterator[Value]:
    time.sleep(60)
    yield from ()


FIGURE = Figure(name="wait", tables={"wait": "how long"}, measure=nothing, floors={"loop": forever})


def order(seed: int) -> list[str]:
    return [turn.subject for turn in turns([FIGURE], MANAGERS, rounds=3, seed=seed)]


def test_each_round_has_everyone_once() -> None:
    found = order(1)

    everyone = sorted([*(manager.name for manager in MANAGERS), "loop"])
    size = len(everyone)
    assert [sorted(found[at : at + size]) for at in range(0, len(found), size)] == [everyone] * 3


def test_the_order_is_drawn_and_the_same_for_the_same_seed() -> None:
    assert order(1) == order(1)
    assert order(1) != order(2)


def test_what_was_read_before_a_failure_is_kept_and_the_reason_stands_beside() -> None:
    turn = next(
        turn for turn in turns([FIGURE], MANAGERS, rounds=1, seed=1) if turn.subject != "loop"
    )

    reading, gap = take(turn, STAGE)

    assert isinstance(reading, Reading)
    assert (reading.subject, reading.value) == (turn.subject, 1.0)
    assert gap == Gap(figure="wait", subject=turn.subject, why="broke")


def test_a_measurement_that_takes_too_long_is_given_up() -> None:
    slow = Figure(name="wait", tables={"wait": ""}, measure=nothing, patience=0.05)

    found = list(take(Turn(figure=slow, subject="loop", round=0, measure=forever), STAGE))

    assert found == [Gap(figure="wait", subject="loop", why="given up after 0.05s")]
