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


@contextmanager
def stop_signals(call: Callable[[], None], *, hangup: bool = False) -> Iterator[None]:
    """Make *call* from the event loop at every Ctrl-C and Ctrl-Break while the block lasts.

    Also when the console is closed or the machine goes down, with and without *hangup*: Windows
    ends a process when it has answered to that, so the answer waits until the block is left.
    That a user logs off is told to services, whom it does not concern: see HandlerRoutine.
    """
    del hangup
    loop = asyncio.get_running_loop()
    left = threading.Event()

    def told(event: int) -> bool:
        if event not in _HEARD:
            return event == _LOGOFF
        with suppress(RuntimeError):  # the loop is closed: we end anyway
            loop.call_soon_threadsafe(call)
        if event in _FINAL:
            left.wait(_LAST_WORDS)
        return True

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
        left.set()
