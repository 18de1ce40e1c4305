"""Hears when this process is asked to stop at its console: SetConsoleCtrlHandler."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ctypes import wintypes
from typing import Any

from svcctl.system.windows.winapi import declare, library

_CTRL_C, _CTRL_BREAK, _CLOSE, _LOGOFF, _SHUTDOWN = 0, 1, 2, 5, 6
_FINAL = frozenset((_CLOSE, _SHUTDOWN))
_HEARD = frozenset((_CTRL_C, _CTRL_BREAK)) | _FINAL
_LAST_WORDS = 30.0  # seconds; Windows ends us earlier where it grants less
_GRANTED = 3.5  # seconds of the five after which it does, see HandlerRoutine: to let go as well


@contextmanager
def stop_signals(
    call: Callable[[], None], *, hangup: bool = False, hurry: Callable[[], None] | None = None
) -> Iterator[None]:
    """Make *call* from the event loop at every Ctrl-C and Ctrl-Break while the block lasts.

    Also when the console is closed or the machine goes down, with and without *hangup*: Windows
    ends a process when it has answered to that, so the answer waits until the block is left.
    *hurry* is called in time before it ends one that has not.
    That a user logs off is told to services, whom it does not concern: see HandlerRoutine.
    """
    del hangup
    loop = asyncio.get_running_loop()
    left = threading.Event()

    def asked(event: int) -> None:
        call()
        if event in _FINAL and hurry:
            loop.call_later(_GRANTED, hurry)

    def told(event: int) -> bool:
        if event not in _HEARD:
            return event == _LOGOFF
        with suppress(RuntimeError):  # the loop is closed: we end anyway
            loop.call_soon_threadsafe(asked, event)
        if event in _FINAL:
            left.wait(_LAST_WORDS)
        return True

    with _listening(told):
        try:
            yield
        finally:
            left.set()


@contextmanager
def left_to_another(end: Callable[[], None]) -> Iterator[None]:
    """Leave events of our console to a process that gets them too, while the block lasts.

    *end* waits for its end: when the console is closed, or the machine goes down, we are ended as
    soon as we have answered, and it with us.
    """

    def told(event: int) -> bool:
        if event in _FINAL:
            end()
        return event in _HEARD or event == _LOGOFF

    with _listening(told):
        yield


@contextmanager
def _listening(told: Callable[[int], bool]) -> Iterator[None]:
    """Have *told* called, in a thread of its own, at every event of the console."""
    maker: Any = ctypes
    kind = maker.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
    kept = kind(told)  # Windows holds no reference to it
    listen = declare(
        library("kernel32").SetConsoleCtrlHandler, wintypes.BOOL, ctypes.c_void_p, wintypes.BOOL
    )
    address = ctypes.cast(kept, ctypes.c_void_p)
    listen(address, True)
    try:
        yield
    finally:
        listen(address, False)
