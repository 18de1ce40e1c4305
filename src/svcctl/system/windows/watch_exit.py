"""Tells the event loop of the end of a process, without a thread or a timer of ours."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
from collections.abc import Callable
from contextlib import suppress
from ctypes import wintypes
from functools import cache
from typing import Any, NamedTuple

from svcctl.errors import SystemFault
from svcctl.system.windows.kernel import kernel32, last_problem
from svcctl.system.windows.winapi import declare

_INFINITE = 0xFFFF_FFFF
_ONCE_IN_THE_WAITING_THREAD = 0x0000_000C  # WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD

_watching: dict[int, ExitWatch] = {}
_numbers = itertools.count(1)


class ExitWatch:
    """One call, made from the event loop once the process behind a handle has ended.

    The thread pool of Windows does the waiting: one thread for 63 processes
    (RegisterWaitForSingleObject).  Raises SystemFault where nothing more can be waited for.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, process: int, call: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._call = call
        self._wait = wintypes.HANDLE()
        self._number = next(_numbers)
        _watching[self._number] = self
        if not _calls().register(
            ctypes.byref(self._wait),
            process,
            _calls().ended,
            self._number,
            _INFINITE,
            _ONCE_IN_THE_WAITING_THREAD,
        ):
            del _watching[self._number]
            raise SystemFault(f"a process cannot be watched: {last_problem()}")

    def cancel(self) -> None:
        """Make no call any more; harmless once it was made.

        A callback under way is not waited for: it finds that its number is nobody's any more.  To
        wait for one that just became due breaks Wine 8: tp_object_cancel of its threadpool.c takes
        it out of a queue it was never in, and dies with a lock that the next call waits for.
        """
        if _watching.pop(self._number, None) is not None:
            _calls().unregister(self._wait, None)

    def _tell(self) -> None:
        if self._number in _watching:
            self.cancel()
            self._call()


class _Calls(NamedTuple):
    ended: Any
    register: Any
    unregister: Any


@cache
def _calls() -> _Calls:
    """Give the one callback there is, and the calls that register and unregister a wait.

    Windows knows the address of a callback but holds no reference to it: this one is never freed,
    so one that comes late does no harm.
    """
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
    return _Calls(kind(_ended), register, unregister)


def _ended(number: int, _timed_out: int) -> None:
    """Pass it on to the loop that watches; this is a thread of Windows."""
    watch = _watching.get(number)
    if watch is not None:
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            watch._loop.call_soon_threadsafe(watch._tell)
