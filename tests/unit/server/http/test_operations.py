"""How long it can be asked what became of something that was begun."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.errors import LimitReached
from svcctl.server.http.operations import Operation, Operations
from svcctl.testing.fakes import FakeClock

HOUR = 3600.0


async def _begun(operations: Operations, work: asyncio.Event) -> Operation:
    return operations.begin("restart", "ann", _until(work))


async def _until(event: asyncio.Event) -> object:
    return await event.wait()


async def _over(operation: Operation) -> None:
    await operation.work
    await asyncio.sleep(0)  # in which it is noted


async def test_an_outcome_is_told_for_an_hour_after_it_is_known() -> None:
    clock, ends = FakeClock(), asyncio.Event()
    operations = Operations(clock)
    operation = await _begun(operations, ends)
    clock.forward(2 * HOUR)
    ends.set()
    await _over(operation)

    clock.forward(HOUR - 1)
    await _begun(operations, ends)
    known = operations.find(operation.id, "ann")
    clock.forward(2)
    await _begun(operations, ends)

    assert known is operation
    assert operations.find(operation.id, "ann") is None


async def test_the_oldest_outcome_makes_room_and_what_is_under_way_does_not() -> None:
    clock, ends, never = FakeClock(), asyncio.Event(), asyncio.Event()
    operations = Operations(clock, most=3)
    going_on = await _begun(operations, never)
    over = [await _begun(operations, ends) for _ in range(2)]
    ends.set()
    for each in over:
        await _over(each)
        clock.forward(1)

    await _begun(operations, never)
    await _begun(operations, never)

    assert [operations.find(each.id, "ann") for each in over] == [None, None]
    assert operations.find(going_on.id, "ann") is going_on
    assert operations.find(going_on.id, "ben") is None
    with pytest.raises(LimitReached, match="3 operations"):
        await _begun(operations, never)


async def test_only_as_many_are_forgotten_as_others_need_room() -> None:
    ends = asyncio.Event()
    ends.set()
    operations = Operations(FakeClock(), most=3)
    over = [await _begun(operations, ends) for _ in range(3)]
    for each in over:
        await _over(each)

    await _begun(operations, ends)

    assert sum(operations.find(each.id, "ann") is not None for each in over) == 2
