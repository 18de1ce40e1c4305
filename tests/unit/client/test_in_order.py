"""Items of several sources come in the order of their time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from svcctl.app.waiting import Emit
from svcctl.client.in_order import AsyncAnswers, answers_of, in_order
from svcctl.errors import UnknownService


class Taken:
    """Takes items, and counts how often somebody waited for it."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.waits = 0

    def __call__(self, item: object) -> None:
        self.items.append(item)

    async def room(self) -> None:
        self.waits += 1


async def said(*times: float, result: object = None) -> AsyncAnswers:
    for at in times:
        yield False, {"at": at}
    yield True, result


def work(*times: float, result: object = None) -> Any:
    async def deed(emit: Emit) -> object:
        for at in times:
            emit({"at": at})
            await emit.room()
        return result

    return deed


def test_the_oldest_comes_first_whoever_has_it() -> None:
    taken = Taken()
    sources = [said(1.0, 4.0, result={"lines": 2}), answers_of(work(2.0, 3.0, result={"lines": 2}))]

    found = asyncio.run(in_order(sources, taken))

    assert [each["at"] for each in taken.items] == [1.0, 2.0, 3.0, 4.0]
    assert found == {"lines": 4}


def test_nothing_is_handed_over_faster_than_it_is_taken() -> None:
    taken = Taken()

    asyncio.run(in_order([said(*map(float, range(1_000)))], taken))

    assert (len(taken.items), taken.waits) == (1_000, 10)


def test_what_one_source_raises_is_raised_and_ends_the_others() -> None:
    ended = asyncio.Event()

    async def slow(emit: Emit) -> object:
        try:
            emit({"at": 1.0})
            return await asyncio.Event().wait()
        finally:
            ended.set()

    async def fails(_: Emit) -> object:
        raise UnknownService("no service")

    with pytest.raises(UnknownService):
        asyncio.run(in_order([answers_of(slow), answers_of(fails)], Taken()))

    assert ended.is_set()
