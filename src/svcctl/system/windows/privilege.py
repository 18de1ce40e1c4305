"""Turns a privilege of this process on for as long as it is needed."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes

from svcctl.system.windows import winapi
from svcctl.system.windows.kernel import close_handle, kernel32

SHUTDOWN = "SeShutdownPrivilege"

_ADJUST_AND_QUERY = 0x28  # TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY
_ENABLED = 2
_NOT_ALL_ASSIGNED = 1300


class _TokenPrivileges(ctypes.Structure):
    """TOKEN_PRIVILEGES with one LUID_AND_ATTRIBUTES."""

    _fields_ = (
        ("PrivilegeCount", wintypes.DWORD),
        ("LowPart", wintypes.DWORD),
        ("HighPart", wintypes.LONG),
        ("Attributes", wintypes.DWORD),
    )


@contextmanager
def holding(name: str) -> Iterator[None]:
    """Have the privilege *name* enabled; raises SystemFault where this process has it not."""
    with own_token() as token:
        before = _adjust(token, name)
        try:
            yield
        finally:
            if before.PrivilegeCount:
                _set(token, before)


@contextmanager
def own_token(access: int = _ADJUST_AND_QUERY) -> Iterator[int]:
    """Give the token of this process, opened for *access*; raises Denied or SystemFault."""
    opened = winapi.declare(
        winapi.library("advapi32").OpenProcessToken,
        wintypes.BOOL,
        wintypes.HANDLE,
        wintypes.DWORD,
        ctypes.POINTER(wintypes.HANDLE),
    )
    token = wintypes.HANDLE()
    done = opened(kernel32().GetCurrentProcess(), access, ctypes.byref(token))
    winapi.check(done, "the rights of this process cannot be read")
    try:
        yield token.value or 0
    finally:
        close_handle(token.value or 0)


def _adjust(token: int, name: str) -> _TokenPrivileges:
    """Enable the privilege; give how it was, with a count of 0 where it was enabled already."""
    wanted = _TokenPrivileges(1, 0, 0, _ENABLED)
    look_up = winapi.declare(
        winapi.library("advapi32").LookupPrivilegeValueW,
        wintypes.BOOL,
        wintypes.LPCWSTR,
        wintypes.LPCWSTR,
        ctypes.c_void_p,
    )
    at = ctypes.byref(wanted, _TokenPrivileges.LowPart.offset)
    winapi.check(look_up(None, name, at), f"privilege {name!r} is not known")
    return _set(token, wanted, name=name)


def _set(token: int, wanted: _TokenPrivileges, *, name: str = "") -> _TokenPrivileges:
    before, size = _TokenPrivileges(), wintypes.DWORD()
    adjust = winapi.declare(
        winapi.library("advapi32").AdjustTokenPrivileges,
        wintypes.BOOL,
        wintypes.HANDLE,
        wintypes.BOOL,
        ctypes.c_void_p,
        wintypes.DWORD,
        ctypes.c_void_p,
        ctypes.POINTER(wintypes.DWORD),
    )
    done = adjust(
        *(token, False, ctypes.byref(wanted), ctypes.sizeof(before)),
        *(ctypes.byref(before), ctypes.byref(size)),
    )
    winapi.check(done, "the rights of this process cannot be changed")
    if ctypes.get_last_error() == _NOT_ALL_ASSIGNED:
        raise winapi.fault(
            f"this process lacks {name}",
            _NOT_ALL_ASSIGNED,
            hint="run it from an elevated prompt, as administrator",
        )
    return before
