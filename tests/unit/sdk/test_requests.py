"""What is asked of a service is done one after the other, until it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from svcctl.errors import Conflict
from svcctl.sdk.requests import Requests


@asynccontextmanager
async def obeyed(stopping: asyncio.Event) -> AsyncIterator[Requests]:
    requests = Requests(stopping)
    obeying = asyncio.create_task(requests.obey())
    try:
        yield requests
    finally:
        obeying.cancel()
        await asyncio.wait((obeying,))


def test_each_waits_for_the_one_before() -> None:
    done: list[str] = []

    async def life() -> None:
        go_on = asyncio.Event()

        async def first() -> None:
            await go_on.wait()
            done.append("first")

        async def second() -> str:
            done.append("second")
            return "its result"

        async with obeyed(asyncio.Event()) as requests:
            requests.ask(first)
            outcome = requests.ask(second)
            await asyncio.sleep(0)
            go_on.set()
            assert await outcome == "its result"

    asyncio.run(life())

    assert done == ["first", "second"]


def test_an_error_is_for_who_asked_and_the_next_is_seen_to() -> None:
    async def life() -> None:
        async def broken() -> None:
            raise Conflict("it is paused already")

        async def sound() -> int:
            return 1

        async with obeyed(asyncio.Event()) as requests:
            outcome = requests.ask(broken)
            assert await requests.ask(sound) == 1
            with pytest.raises(Conflict, match="paused already"):
                await outcome

    asyncio.run(life())


def test_a_stop_cuts_what_is_under_way_and_lets_nothing_begin() -> None:
    begun: list[str] = []

    async def life() -> None:
        stopping, is_at_it = asyncio.Event(), asyncio.Event()

        async def endless() -> None:
            is_at_it.set()
            await asyncio.Event().wait()

        async def late() -> None:
            begun.append("late")

        async with obeyed(stopping) as requests:
            cut, refused = requests.ask(endless), requests.ask(late)
            await is_at_it.wait()
            stopping.set()
            for outcome in (cut, refused):
                with pytest.raises(Conflict, match="the service stops"):
                    await outcome

    asyncio.run(life())

    assert begun == []
