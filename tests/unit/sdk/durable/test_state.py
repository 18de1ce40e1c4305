"""What a service remembers by name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from svcctl.errors import StateFault, UsageError
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.state import State
from tests.unit.sdk.durable.conftest import Place


def play(place: Place, scene: Any) -> Any:
    return place.play(lambda database: scene(State(database, clock=place.clock)))


def test_a_value_is_there_after_a_restart(place: Place) -> None:
    play(place, lambda state: state.set("sent", {"count": 3, "last": None}))

    assert play(place, lambda state: state.get("sent")) == {"count": 3, "last": None}


def test_what_was_never_set_has_the_default(place: Place) -> None:
    assert play(place, lambda state: state.get("sent", 0)) == 0


def test_a_key_that_holds_none_is_not_a_key_without_a_value(place: Place) -> None:
    async def scene(state: State) -> object:
        await state.set("a", None)
        return await state.get("a", "default")

    assert play(place, scene) is None


def test_a_deleted_key_is_gone(place: Place) -> None:
    async def scene(state: State) -> list[object]:
        await state.set("a", 1)
        return [await state.delete("a"), await state.delete("a"), await state.get("a")]

    assert play(place, scene) == [True, False, None]


def test_items_are_given_by_key_and_by_what_their_key_begins_with(place: Place) -> None:
    async def scene(state: State) -> list[Any]:
        await state.update({"b%1": 1, "a": 2, "b%2": 3, "bx": 4, "ü": 5})
        return [list((await state.items()).items()), await state.items("b%")]

    every, some = play(place, scene)
    assert every == [("a", 2), ("b%1", 1), ("b%2", 3), ("bx", 4), ("ü", 5)]
    assert some == {"b%1": 1, "b%2": 3}


def test_an_update_is_all_or_nothing(place: Place) -> None:
    async def scene(state: State) -> Any:
        with pytest.raises(UsageError, match="state 'bad' is of type set"):
            await state.update({"good": 1, "bad": {1}})  # type: ignore[dict-item]
        return await state.items()

    assert play(place, scene) == {}


def test_a_snapshot_brings_everything_back_as_it_was(place: Place) -> None:
    async def take(state: State) -> None:
        await state.update({"kept": 1, "changed": 2, "deleted": 3})
        await state.snapshot("before")
        await state.update({"changed": "x", "later": 4})
        await state.delete("deleted")

    play(place, take)

    async def restore(state: State) -> Any:
        await state.restore("before")
        return await state.items()

    assert play(place, restore) == {"kept": 1, "changed": 2, "deleted": 3}


def test_a_snapshot_of_nothing_is_one_too_and_a_later_one_replaces_it(place: Place) -> None:
    async def scene(state: State) -> list[Any]:
        await state.snapshot("s")
        await state.set("a", 1)
        await state.restore("s")
        empty = await state.items()
        await state.set("b", 2)
        place.clock.forward(5.0)
        await state.snapshot("s")
        await state.delete("b")
        await state.restore("s")
        return [empty, await state.items(), await state.snapshots()]

    assert play(place, scene) == [{}, {"b": 2}, {"s": 1_750_000_005.0}]


def test_a_snapshot_that_is_not_there_changes_nothing(place: Place) -> None:
    async def scene(state: State) -> Any:
        await state.set("a", 1)
        await state.snapshot("dropped")
        await state.drop("dropped")
        for call in (state.restore, state.drop):
            with pytest.raises(UsageError, match="there is no snapshot 'dropped'"):
                await call("dropped")
        return await state.items()

    assert play(place, scene) == {"a": 1}


@pytest.mark.parametrize("at_commit", [False, True])
def test_a_full_disk_changes_nothing_and_is_told(place: Place, at_commit: bool) -> None:
    async def scene(state: State) -> Any:
        await state.set("a", 1)
        await state.snapshot("s")
        place.disk.full, place.disk.at_commit = True, at_commit
        for call in (
            state.set("a", 2),
            state.update({"a": 2, "b": 2}),
            state.delete("a"),
            state.snapshot("s"),
            state.restore("s"),
        ):
            with pytest.raises(StateFault, match="disk is full") as caught:
                await call
            assert caught.value.hint.startswith("nothing was changed")
        return await state.items()

    assert play(place, scene) == {"a": 1}


def test_values_written_at_once_are_all_there(place: Place) -> None:
    async def scene(database: Database) -> int:
        state = State(database, clock=place.clock)
        await asyncio.gather(*[state.set(f"key {n}", n) for n in range(500)])
        return sum((await state.items()).values())

    assert place.play(scene) == sum(range(500))
