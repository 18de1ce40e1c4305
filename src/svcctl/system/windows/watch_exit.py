"""Tells the event loop of the end of a process, without a thread or a timer of ours."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from contextlib import suppress
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.errors import SystemFault
from svcctl.system.windows.kernel import kernel32, last_problem
from svcctl.system.windows.winapi import INVALID_HANDLE, declare

_INFINITE = 0xFFFF_FFFF
_ONCE_IN_THE_WAITING_THREAD = 0x0000_000C  # WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD

# Windows knows the address of a callback but holds no reference to it: freed, it would be called.
_registered: set[ExitWatch] = set()


class ExitWatch:
    """One call, made from the event loop once the process behind a handle has ended.

    The thread pool of Windows does the waiting: one thread for 63 processes
    (RegisterWaitForSingleObject).  Raises SystemFault where nothing more can be waited for.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, process: int, call: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._call: Callable[[], None] | None = call
        self._wait = wintypes.HANDLE()
        kind, register, self._unregister = _calls()
        self._callback = kind(lambda _context, _timed_out: self._ended())
        if not register(
            ctypes.byref(self._wait),
            process,
            self._callback,
            None,
            _INFINITE,
            _ONCE_IN_THE_WAITING_THREAD,
        ):
            raise SystemFault(f"a process cannot be watched: {last_problem()}")
        _registered.add(self)

    def cancel(self) -> None:
        """Make no call any more; harmless once it was made."""
        if self._call is not None:
            self._call = None
            self._unregister(self._wait, INVALID_HANDLE)  # waits for a callback under way
            _registered.discard(self)

    def _ended(self) -> None:
        """Pass it on; this is a thread of Windows."""
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        call = self._call
        if call is not None:
            self.cancel()
            call()


@cache
def _calls() -> tuple[Any, Any, Any]:
    """Give the kind of the callback, and the calls that register and unregister one."""
    kind = ctypes.WINFUNCTYPE(None, ctypes.c_void_p, ctypes.c_ubyte)
    register = declare(
        kernel32().RegisterWaitForSingleObject,
        wintypes.BOOL,
        ctypes.POINTER(wintypes.HANDLE),
        wintypes.HANDLE,
        kind,
        ctypes.c_void_p,
        wintypes.ULONG,
        wintypes.ULONG,
    )
    unregister = declare(
        kernel32().UnregisterWaitEx, wintypes.BOOL, wintypes.HANDLE, wintypes.HANDLE
    )
    return kind, register, unregister
