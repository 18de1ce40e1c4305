"""What a reader that is too slow is given, and that it is told where something is missing."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from svcctl.errors import UsageError
from svcctl.server.outlet import Outlet, portions, resumed

BEHIND = 4096


async def _taken(outlet: Outlet) -> list[tuple[list[object], int]]:
    found = []
    while not outlet.is_empty:
        found.append(await outlet.take())
    return found


async def test_what_is_missing_is_told_where_it_is_missing() -> None:
    outlet = Outlet()
    for number in range(BEHIND + 7):
        outlet(number)
    first = [await outlet.take(), await outlet.take()]
    outlet("after")

    rest = await _taken(outlet)

    given = [item for items, _ in (*first, *rest) for item in items]
    assert given == [*range(BEHIND), "after"]
    assert [missed for _, missed in first] == [0, 0]
    assert rest[-1] == (["after"], 7)
    assert sum(missed for _, missed in rest) == 7


async def test_that_the_last_items_are_missing_is_told_too() -> None:
    outlet = Outlet()
    for number in range(BEHIND + 1):
        outlet(number)

    assert (await _taken(outlet))[-1] == ([], 1)


async def test_who_waits_for_room_goes_on_once_all_was_taken() -> None:
    outlet = Outlet()
    outlet(1)
    waiting = asyncio.ensure_future(outlet.room())
    await asyncio.sleep(0)
    is_full = not waiting.done()

    await outlet.take()
    await waiting

    assert is_full


async def test_that_it_has_begun_gives_a_portion_of_nothing_once() -> None:
    async def produce(outlet: Outlet) -> None:
        await outlet.room()
        await outlet.room()

    async with aclosing(portions(produce)) as given:
        assert [portion async for portion in given] == [([], 0)]


async def test_who_has_items_shows_by_them_that_it_has_begun() -> None:
    async def produce(outlet: Outlet) -> None:
        outlet("item")
        await outlet.room()

    async with aclosing(portions(produce)) as given:
        assert [portion async for portion in given] == [(["item"], 0)]


async def test_a_silence_gives_a_portion_of_nothing_after_each_beat() -> None:
    goes_on = asyncio.Event()

    async def produce(outlet: Outlet) -> None:
        await goes_on.wait()
        outlet("item")

    found = []
    async with aclosing(portions(produce, beat=0.001)) as given:
        async for portion in given:
            found.append(portion)
            if len(found) == 3:
                goes_on.set()

    assert found[:3] == [([], 0)] * 3
    assert found[-1] == (["item"], 0)


@pytest.mark.parametrize(
    ("verb", "last_id"),
    [
        *(("events", each) for each in ("9" * 5000, "\u0663", "-1", "+1", "1_0", " 1", "web")),
        *(("logs", each) for each in ("7", "@nan", "@inf", "@1e400", "@" + "9" * 5000, "@")),
    ],
)
def test_what_is_no_place_in_a_stream_is_refused(verb: str, last_id: str) -> None:
    with pytest.raises(UsageError, match="no place"):
        resumed(verb, last_id)


def test_events_go_on_after_a_number() -> None:
    assert resumed("events", "17") == {"after": 17}
    assert resumed("events", "") == {}
