"""What becomes of the events of a console: Wine delivers Ctrl-C alone, so here all are handed over.

The function that Windows would call is called as Windows does, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Callable
from ctypes import wintypes
from typing import Any

import pytest

from svcctl.system.windows import console_signals
from tests.system.windows.waiting import PATIENCE

CTRL_C, CTRL_BREAK, CLOSE, LOGOFF, SHUTDOWN = 0, 1, 2, 5, 6

Tell = Callable[[int], bool]


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> list[Tell]:
    """Give the functions that listen to the console, newest last."""
    found: list[Tell] = []
    kind = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)

    def declared(*_: object) -> Callable[[Any, bool], bool]:
        def listen(address: Any, add: bool) -> bool:
            if add:
                found.append(kind(address.value))
            else:
                found.pop()
            return True

        return listen

    monkeypatch.setattr(console_signals, "declare", declared)
    return found


@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK])
def test_a_key_asks_each_time_and_is_answered_at_once(listeners: list[Tell], event: int) -> None:
    asked = asyncio.Event()

    async def life() -> bool:
        with console_signals.stop_signals(asked.set):
            answer = await asyncio.to_thread(listeners[-1], event)
            await asyncio.wait_for(asked.wait(), PATIENCE)
            return bool(answer)

    assert asyncio.run(life())
    assert listeners == []


@pytest.mark.parametrize("event", [CLOSE, SHUTDOWN])
def test_windows_gets_its_answer_once_all_is_done(listeners: list[Tell], event: int) -> None:
    done: list[str] = []

    async def life() -> None:
        asked = asyncio.Event()
        with console_signals.stop_signals(asked.set):
            tell = listeners[-1]
            thread = threading.Thread(target=lambda: done.append(f"answered {tell(event)}"))
            thread.start()
            await asyncio.wait_for(asked.wait(), PATIENCE)
            done.append("let go")
        await asyncio.to_thread(thread.join, PATIENCE)

    asyncio.run(life())

    assert done == ["let go", "answered 1"]


def test_who_is_not_done_in_time_is_hurried_before_windows_ends_it(
    listeners: list[Tell], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_signals, "_GRANTED", 0.01)
    heard: list[str] = []

    async def life() -> None:
        hurried = asyncio.Event()
        with console_signals.stop_signals(lambda: heard.append("stop"), hurry=hurried.set):
            thread = threading.Thread(target=listeners[-1], args=(CLOSE,))
            thread.start()
            await asyncio.wait_for(hurried.wait(), PATIENCE)
        await asyncio.to_thread(thread.join, PATIENCE)

    asyncio.run(life())

    assert heard == ["stop"]


def test_that_a_user_logs_off_ends_no_service(listeners: list[Tell]) -> None:
    heard: list[str] = []

    async def life() -> bool:
        with console_signals.stop_signals(lambda: heard.append("stop")):
            return bool(await asyncio.to_thread(listeners[-1], LOGOFF))

    assert asyncio.run(life())
    assert heard == []
