"""Sagas: all steps are done in the end, or all that were done are taken back."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.errors import Conflict, NotUndone, SagaUndone, StateFault, UsageError
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.saga import Saga
from svcctl.sdk.durable.sagas import Sagas
from svcctl.sdk.happenings import Happening, SagaMoved, SagaPhase
from tests.unit.sdk.durable.conftest import Place

STEPS = ("reserve", "charge", "ship")


class Died(BaseException):
    """The process ended here."""


@dataclass
class World:
    """The outside: what was asked of it, in order; it may refuse, or be the end of the process."""

    asked: list[str] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    die_at: str = ""

    def do(self, step: str) -> Callable[[str], Awaitable[str]]:
        async def done(key: str) -> str:
            self._note(f"do {step}", key)
            return f"{step} done"

        return done

    def undo(self, step: str) -> Callable[[str, str | None], Awaitable[None]]:
        async def undone(key: str, result: str | None) -> None:
            assert result in {f"{step} done", None}
            self._note(f"undo {step}", key)

        return undone

    def _note(self, what: str, key: str) -> None:
        self.asked.append(what)
        assert key == f"order/7/{what.split()[1]}"
        if what == self.die_at:
            raise Died
        if self.refuse.get(what, 0):
            self.refuse[what] -= 1
            raise ConnectionError(f"{what} refused")


def sagas(place: Place, database: Database, **more: Any) -> Sagas:
    return Sagas(database, clock=place.clock, **more)


async def order(all_sagas: Sagas, world: World, **more: Any) -> list[str]:
    """Run the saga of an order, or run it again."""
    async with all_sagas.saga("order", "7", value={"item": "book"}) as saga:
        return [
            await saga.step(world.do(name), name=name, undo=world.undo(name), **more)
            for name in STEPS
        ]


def play(place: Place, world: World, **more: Any) -> Any:
    async def scene(database: Database) -> Any:
        running = asyncio.ensure_future(order(sagas(place, database), world, **more))
        await place.forward_until_over(running)
        if isinstance(error := running.exception(), Exception):
            return error
        return running.result()

    return place.play(scene)


def died(place: Place, world: World, **more: Any) -> None:
    """Run the saga until the process dies."""

    async def scene(database: Database) -> None:
        with pytest.raises(Died):
            await order(sagas(place, database), world, **more)

    place.play(scene)
    world.die_at = ""


def pending(place: Place) -> Any:
    return place.play(lambda database: sagas(place, database).pending())


RESULTS = [f"{name} done" for name in STEPS]


def test_every_step_is_done_once_in_order_and_gives_its_result(place: Place) -> None:
    world = World()

    assert play(place, world) == RESULTS
    assert world.asked == ["do reserve", "do charge", "do ship"]
    assert pending(place) == []


def test_a_saga_that_is_done_gives_its_results_again_and_does_nothing(place: Place) -> None:
    play(place, World())
    world = World()

    assert play(place, world) == RESULTS
    assert world.asked == []


def test_on_an_error_what_was_done_is_taken_back_last_first_and_the_error_goes_on(
    place: Place,
) -> None:
    world = World(refuse={"do ship": 1})

    error = play(place, world)

    assert (type(error), str(error)) == (ConnectionError, "do ship refused")
    assert world.asked[3:] == ["undo charge", "undo reserve"]
    assert pending(place) == []


def test_a_step_whose_answer_may_be_lost_is_taken_back_too_where_asked_for(place: Place) -> None:
    world = World(refuse={"do ship": 1})

    play(place, world, undo_failed=True)

    assert world.asked[3:] == ["undo ship", "undo charge", "undo reserve"]


def test_a_step_whose_answer_may_be_lost_is_taken_back_after_a_crash_as_well(
    place: Place,
) -> None:
    world = World(refuse={"do ship": 1}, die_at="undo ship")
    died(place, world, undo_failed=True)

    assert isinstance(play(place, world, undo_failed=True), SagaUndone)
    assert world.asked[3:] == ["undo ship", "undo ship", "undo charge", "undo reserve"]


def test_a_saga_that_was_taken_back_is_not_done_again(place: Place) -> None:
    play(place, World(refuse={"do ship": 1}))
    world = World()

    error = play(place, world)

    assert isinstance(error, SagaUndone)
    assert "ConnectionError: do ship refused" in str(error)
    assert world.asked == []


def test_a_saga_that_was_taken_back_fails_even_where_it_has_no_steps_any_more(
    place: Place,
) -> None:
    play(place, World(refuse={"do ship": 1}))

    async def scene(_: Sagas, saga: Saga) -> None:
        assert saga.phase is SagaPhase.UNDONE

    with pytest.raises(SagaUndone, match="failed, and is taken back"):
        in_saga(place, scene)


def test_after_a_crash_it_is_pending_and_resumed_with_the_step_under_way_done_again(
    place: Place,
) -> None:
    world = World(die_at="do charge")
    died(place, world)

    (found,) = pending(place)
    assert (found.name, found.run, found.phase) == ("order", "7", SagaPhase.RUNNING)
    assert found.value == {"item": "book"}
    assert play(place, world) == RESULTS
    assert world.asked == ["do reserve", "do charge", "do charge", "do ship"]
    assert pending(place) == []


def test_after_a_crash_while_taking_back_the_rest_is_taken_back(place: Place) -> None:
    world = World(refuse={"do ship": 1}, die_at="undo charge")
    died(place, world)

    (found,) = pending(place)
    assert (found.phase, found.error) == (SagaPhase.UNDOING, "ConnectionError: do ship refused")
    assert isinstance(play(place, world), SagaUndone)
    assert world.asked[3:] == ["undo charge", "undo charge", "undo reserve"]
    assert pending(place) == []


@pytest.mark.slow
@settings(max_examples=25)
@given(
    st.lists(
        st.sampled_from(["do", "undo"]).flatmap(
            lambda what: st.sampled_from(STEPS).map(lambda step: f"{what} {step}")
        ),
        max_size=6,
    ),
    st.sampled_from(["", "do charge", "do ship"]),
)
def test_whatever_crashes_happen_in_the_end_all_is_done_or_all_is_taken_back(
    crashes: list[str], fails: str
) -> None:
    world = World(refuse={fails: 99} if fails else {})
    with tempfile.TemporaryDirectory() as folder:
        place = Place(f"{folder}/state.db")
        for crash in crashes:
            world.die_at = crash
            place.play(lambda database: _ended(place, database, world))
        world.die_at = ""
        place.play(lambda database: _ended(place, database, world))

        assert pending(place) == []
    done = {name: sum(f"do {name}" == each for each in world.asked) for name in STEPS}
    last = {each.split()[1]: each for each in world.asked}
    if fails:
        assert all(last[name] == f"undo {name}" for name in STEPS[: STEPS.index(fails[3:])])
        assert done["ship"] == 0 or fails == "do ship"
    else:
        assert all(done.values())
        assert not any(each.startswith("undo") for each in world.asked)


async def _ended(place: Place, database: Database, world: World) -> None:
    running = asyncio.ensure_future(_caught(sagas(place, database, attempts=1), world))
    await place.forward_until_over(running)
    await running


async def _caught(all_sagas: Sagas, world: World) -> None:
    try:
        await order(all_sagas, world)
    except (ConnectionError, SagaUndone, Died):
        return


def test_taking_back_is_tried_again_and_again(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(refuse={"do ship": 1, "undo charge": 2})

    with caplog.at_level(logging.WARNING):
        play(place, world)

    assert world.asked[3:] == ["undo charge"] * 3 + ["undo reserve"]
    assert [record.getMessage() for record in caplog.records] == ["saga.step-not-undone"] * 2


def test_what_cannot_be_taken_back_is_told_and_stays_pending(place: Place) -> None:
    world = World(refuse={"do ship": 1, "undo charge": 5})

    error = play(place, world)

    assert isinstance(error, NotUndone)
    assert "step 'charge' of saga 'order' 7 cannot be taken back: undo charge refused" in str(error)
    assert isinstance(error.__cause__, ConnectionError)
    assert [each.phase for each in pending(place)] == [SagaPhase.UNDOING]
    assert isinstance(play(place, world), SagaUndone)
    assert world.asked[-2:] == ["undo charge", "undo reserve"]


def test_a_stop_is_no_failure(place: Place) -> None:
    world = World()

    async def scene(database: Database) -> None:
        began = asyncio.Event()

        async def hang(_: str) -> None:
            began.set()
            await asyncio.Event().wait()

        async def run() -> None:
            async with sagas(place, database).saga("order", "7") as saga:
                await saga.step(world.do("reserve"), name="reserve", undo=world.undo("reserve"))
                await saga.step(hang, name="charge")

        task = asyncio.ensure_future(run())
        await began.wait()
        task.cancel()
        await asyncio.wait({task})

    place.play(scene)
    assert world.asked == ["do reserve"]
    assert [each.phase for each in pending(place)] == [SagaPhase.RUNNING]
    assert play(place, world) == RESULTS


def test_an_error_the_block_catches_is_no_failure(place: Place) -> None:
    world = World(refuse={"do charge": 1})

    async def scene(database: Database) -> Any:
        async with sagas(place, database).saga("order", "7") as saga:
            try:
                await saga.step(world.do("charge"), name="charge")
            except ConnectionError:
                return await saga.step(world.do("ship"), name="ship")

    assert place.play(scene) == "ship done"
    assert pending(place) == []


@pytest.mark.parametrize("at_commit", [False, True])
@pytest.mark.parametrize("full_at", ["do reserve", "do charge", "do ship"])
def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(
    place: Place, full_at: str, at_commit: bool
) -> None:
    world = World()
    note = world._note

    def fill(what: str, key: str) -> None:
        note(what, key)
        place.disk.full = what == full_at

    world._note = fill  # type: ignore[method-assign]
    place.disk.at_commit = at_commit

    error = play(place, world)

    assert isinstance(error, StateFault)
    assert world.asked[-1] == full_at
    place.disk.full = False
    assert len(pending(place)) == 1
    world._note = note  # type: ignore[method-assign]
    assert play(place, world) == RESULTS
    assert world.asked.count(full_at) == 2
    assert len(world.asked) == 4


def test_what_is_not_json_fails_the_saga_and_the_step_is_taken_back(place: Place) -> None:
    undone: list[object] = []

    async def scene(database: Database) -> None:
        async def make(_: str) -> object:
            return {1, 2}

        async def unmake(_: str, result: object) -> None:
            undone.append(result)

        with pytest.raises(UsageError, match="the result of step 'make' is of type set"):
            async with sagas(place, database).saga("order", "7") as saga:
                await saga.step(make, name="make", undo=unmake)

    place.play(scene)
    assert undone == [{1, 2}]


def test_a_key_of_the_callers_own_is_kept(place: Place) -> None:
    keys: list[str] = []

    async def scene(database: Database) -> None:
        async def do(key: str) -> None:
            keys.append(key)
            raise Died

        for mine in ("first", "second"):
            with pytest.raises(Died):
                async with sagas(place, database).saga("order", "7") as saga:
                    await saga.step(do, name="charge", key=mine)

    place.play(scene)
    assert keys == ["first", "first"]


async def nothing(_: str) -> None:
    """Do nothing."""


def in_saga(place: Place, scene: Callable[[Sagas, Saga], Awaitable[Any]]) -> None:
    async def opened(database: Database) -> None:
        every = sagas(place, database)
        async with every.saga("order", "7") as saga:
            await scene(every, saga)

    place.play(opened)


def test_two_steps_of_one_name_are_refused(place: Place) -> None:
    async def scene(_: Sagas, saga: Saga) -> None:
        await saga.step(nothing, name="charge")
        await saga.step(nothing, name="charge")

    with pytest.raises(UsageError, match="has two steps named 'charge'"):
        in_saga(place, scene)


def test_two_steps_at_once_are_refused(place: Place) -> None:
    async def scene(_: Sagas, saga: Saga) -> None:
        await saga.step(lambda: saga.step(nothing, name="inner"), name="outer")

    with pytest.raises(Conflict, match="has a step under way, 'inner' cannot begin"):
        in_saga(place, scene)


def test_a_run_under_way_is_not_begun_twice_and_not_pending(place: Place) -> None:
    async def scene(every: Sagas, _: Saga) -> None:
        assert await every.pending() == []
        async with every.saga("order", "8"):
            pass
        async with every.saga("order", "7"):
            pytest.fail("it was entered")

    with pytest.raises(Conflict, match="saga 'order' 7 is under way"):
        in_saga(place, scene)


def test_a_step_that_a_later_run_does_not_come_to_is_told(place: Place) -> None:
    died(place, World(die_at="do charge"))

    async def scene(_: Sagas, __: Saga) -> None:
        raise ValueError("earlier than before")

    with pytest.raises(NotUndone, match="step 'reserve' of saga 'order' 7 was done"):
        in_saga(place, scene)

    world = World()
    assert isinstance(play(place, world), SagaUndone)
    assert world.asked == ["undo reserve"]


def test_a_saga_that_is_done_has_no_further_steps(place: Place) -> None:
    play(place, World())

    async def scene(_: Sagas, saga: Saga) -> None:
        await saga.step(nothing, name="extra")

    with pytest.raises(Conflict, match="is done, and had no step 'extra'"):
        in_saga(place, scene)


def test_what_is_over_is_forgotten_in_time(place: Place) -> None:
    play(place, World())
    place.clock.forward(31 * 86400.0)
    world = World()

    assert play(place, world) == RESULTS
    assert world.asked == ["do reserve", "do charge", "do ship"]


def test_every_change_is_told(place: Place) -> None:
    moves: list[Happening] = []

    async def scene(database: Database) -> None:
        with pytest.raises(ConnectionError):
            await order(sagas(place, database, tell=moves.append), World(refuse={"do reserve": 1}))

    place.play(scene)
    assert [(each.phase, each.error) for each in moves if isinstance(each, SagaMoved)] == [
        (SagaPhase.UNDOING, "ConnectionError: do reserve refused"),
        (SagaPhase.UNDONE, "ConnectionError: do reserve refused"),
    ]


def test_sagas_that_never_undo_are_refused(place: Place) -> None:
    async def scene(database: Database) -> None:
        with pytest.raises(UsageError, match="0 attempts"):
            sagas(place, database, attempts=0)

    place.play(scene)
