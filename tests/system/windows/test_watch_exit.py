"""Who watches for the end of a process, and lets go of it as it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from svcctl.system.windows import watch_exit
from svcctl.system.windows.kernel import close_handle, kernel32
from svcctl.system.windows.watch_exit import ExitWatch
from tests.system.windows.waiting import PATIENCE

ROUNDS = 2000
INSTANTS = 40_000
"""Wine 8, asked to wait for a callback that just became due, broke once in 13,000 times."""


@pytest.fixture
def signal() -> Iterator[int]:
    """Give a handle that can be waited for like a process, and signalled by us."""
    handle: int = kernel32().CreateEventW(None, False, False, None)
    assert handle
    yield handle
    close_handle(handle)


def test_one_is_told_once_and_from_the_loop(signal: int) -> None:
    told: list[tuple[str, threading.Thread]] = []

    async def run() -> None:
        for name in ("first", "second"):
            done = asyncio.Event()

            def tell(name: str = name, done: asyncio.Event = done) -> None:
                told.append((name, threading.current_thread()))
                done.set()

            ExitWatch(asyncio.get_running_loop(), signal, tell)
            kernel32().SetEvent(signal)
            await asyncio.wait_for(done.wait(), PATIENCE)

    asyncio.run(run())

    assert told == [("first", threading.main_thread()), ("second", threading.main_thread())]
    assert not watch_exit._watching


def test_to_let_go_of_what_ends_right_now_holds_up_nobody(signal: int) -> None:
    told: list[int] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in range(ROUNDS):
            watch = ExitWatch(loop, signal, partial(told.append, number))
            kernel32().SetEvent(signal)
            if number % 3:
                await asyncio.sleep(0)
            watch.cancel()
            before = len(told)
            await asyncio.sleep(0)
            assert len(told) == before, "told after it let go"

    asyncio.run(run())

    assert len(told) == len(set(told))
    assert not watch_exit._watching


@pytest.mark.slow
def test_to_let_go_in_the_instant_of_the_end_breaks_nothing(signal: int) -> None:
    told: list[int] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in range(INSTANTS):
            watch = ExitWatch(loop, signal, partial(told.append, number))
            kernel32().SetEvent(signal)
            watch.cancel()
        await asyncio.sleep(0)

    asyncio.run(run())

    assert not told
    assert not watch_exit._watching
