"""Asks programs with windows or message loops to end: WM_CLOSE and WM_QUIT."""

from __future__ import annotations

import ctypes
from collections.abc import Collection
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.system.windows.kernel import close_handle, kernel32
from svcctl.system.windows.winapi import INVALID_HANDLE, declare, library

_WM_CLOSE = 0x0010
_WM_QUIT = 0x0012
_SNAP_THREADS = 0x0000_0004


class _ThreadEntry(ctypes.Structure):
    """THREADENTRY32 of tlhelp32.h."""

    _fields_ = (
        ("dwSize", wintypes.DWORD),
        ("cntUsage", wintypes.DWORD),
        ("th32ThreadID", wintypes.DWORD),
        ("th32OwnerProcessID", wintypes.DWORD),
        ("tpBasePri", wintypes.LONG),
        ("tpDeltaPri", wintypes.LONG),
        ("dwFlags", wintypes.DWORD),
    )


def close_windows(pids: Collection[int]) -> int:
    """Post WM_CLOSE to every top-level window of these processes; give how many there were.

    It is posted, not sent: who hangs cannot make us wait.  Windows on other desktops than ours
    are out of reach.
    """
    user32, wanted = _user32(), frozenset(pids)
    found: list[int] = []

    def look(window: int, _: int) -> bool:
        pid = wintypes.DWORD()
        user32.GetWindowThreadProcessId(window, ctypes.byref(pid))
        if pid.value in wanted:
            found.append(window)
        return True

    user32.EnumWindows(_window_callback()(look), 0)
    return sum(bool(user32.PostMessageW(window, _WM_CLOSE, 0, 0)) for window in found)


def quit_threads(pids: Collection[int]) -> int:
    """Post WM_QUIT to every thread of these processes; give how many took it.

    A thread without a message queue takes none: it never asked Windows for a message.
    """
    user32 = _user32()
    return sum(bool(user32.PostThreadMessageW(thread, _WM_QUIT, 0, 0)) for thread in _threads(pids))


def _threads(pids: Collection[int]) -> list[int]:
    dll = kernel32()
    declare(dll.CreateToolhelp32Snapshot, wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD)
    for each in (dll.Thread32First, dll.Thread32Next):
        declare(each, wintypes.BOOL, wintypes.HANDLE, ctypes.POINTER(_ThreadEntry))
    snapshot = dll.CreateToolhelp32Snapshot(_SNAP_THREADS, 0)
    if snapshot in {None, INVALID_HANDLE}:
        return []
    wanted, found = frozenset(pids), []
    entry = _ThreadEntry(dwSize=ctypes.sizeof(_ThreadEntry))
    try:
        more = dll.Thread32First(snapshot, ctypes.byref(entry))
        while more:
            if entry.th32OwnerProcessID in wanted:
                found.append(int(entry.th32ThreadID))
            more = dll.Thread32Next(snapshot, ctypes.byref(entry))
    finally:
        close_handle(snapshot)
    return found


@cache
def _window_callback() -> Any:  # noqa: ANN401
    return ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)


@cache
def _user32() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    dll = library("user32")
    message = (wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
    declare(dll.EnumWindows, wintypes.BOOL, _window_callback(), wintypes.LPARAM)
    declare(
        dll.GetWindowThreadProcessId,
        wintypes.DWORD,
        wintypes.HWND,
        ctypes.POINTER(wintypes.DWORD),
    )
    declare(dll.PostMessageW, wintypes.BOOL, wintypes.HWND, *message)
    declare(dll.PostThreadMessageW, wintypes.BOOL, wintypes.DWORD, *message)
    return dll
