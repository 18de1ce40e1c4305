"""What blocks is waited for, and keeps nobody from ending."""

from __future__ import annotations

import asyncio
import threading

import pytest

from svcctl.alert.channels.thread import in_thread


def test_what_a_call_gives_is_given() -> None:
    assert asyncio.run(in_thread(lambda: 5)) == 5


def test_what_a_call_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 / 0))


def test_a_call_that_never_ends_holds_nobody_up() -> None:
    began, never = threading.Event(), threading.Event()

    def block() -> None:
        began.set()
        never.wait()

    async def cancelled() -> None:
        task = asyncio.ensure_future(in_thread(block))
        while not began.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())  # which waits for the threads of the loop

    assert next(each for each in threading.enumerate() if each.name == "alert").daemon
    never.set()
