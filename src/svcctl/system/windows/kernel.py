"""Calls of kernel32 and ntdll about processes, each with its full signature."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.system.windows.winapi import declare, library, message

PROCESS_TERMINATE = 0x0001
PROCESS_SUSPEND_RESUME = 0x0800
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
SYNCHRONIZE = 0x0010_0000

_WAIT_OBJECT_0 = 0

_BOOL, _DWORD, _HANDLE = wintypes.BOOL, wintypes.DWORD, wintypes.HANDLE
_DWORDS, _TIMES = ctypes.POINTER(wintypes.DWORD), ctypes.POINTER(wintypes.FILETIME)


@cache
def kernel32() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    """Give kernel32 with signatures for what is called here; loaded once, and on Windows only."""
    dll = library("kernel32")
    declare(dll.CloseHandle, _BOOL, _HANDLE)
    declare(dll.OpenProcess, _HANDLE, _DWORD, _BOOL, _DWORD)
    declare(dll.GetCurrentProcess, _HANDLE)
    declare(dll.WaitForSingleObject, _DWORD, _HANDLE, _DWORD)
    declare(dll.CreateEventW, _HANDLE, ctypes.c_void_p, _BOOL, _BOOL, ctypes.c_wchar_p)
    declare(dll.SetEvent, _BOOL, _HANDLE)
    declare(dll.ResetEvent, _BOOL, _HANDLE)
    declare(dll.GetExitCodeProcess, _BOOL, _HANDLE, _DWORDS)
    declare(dll.TerminateProcess, _BOOL, _HANDLE, wintypes.UINT)
    declare(dll.GetProcessTimes, _BOOL, _HANDLE, _TIMES, _TIMES, _TIMES, _TIMES)
    declare(dll.QueryFullProcessImageNameW, _BOOL, _HANDLE, _DWORD, ctypes.c_wchar_p, _DWORDS)
    declare(dll.SetPriorityClass, _BOOL, _HANDLE, _DWORD)
    declare(dll.SetProcessAffinityMask, _BOOL, _HANDLE, ctypes.c_size_t)
    declare(dll.ResumeThread, _DWORD, _HANDLE)
    declare(dll.GlobalMemoryStatusEx, _BOOL, ctypes.c_void_p)
    declare(
        dll.DuplicateHandle,
        _BOOL,
        _HANDLE,
        _HANDLE,
        _HANDLE,
        ctypes.POINTER(_HANDLE),
        _DWORD,
        _BOOL,
        _DWORD,
    )
    return dll


@cache
def ntdll() -> Any:  # noqa: ANN401
    """Give ntdll with signatures for what is called here; its functions give an NTSTATUS."""
    dll = library("ntdll")
    declare(dll.NtSuspendProcess, ctypes.c_long, _HANDLE)
    declare(dll.NtResumeProcess, ctypes.c_long, _HANDLE)
    declare(dll.RtlNtStatusToDosError, wintypes.ULONG, ctypes.c_long)
    declare(
        dll.NtQuerySystemInformation,
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_void_p,
        wintypes.ULONG,
        ctypes.POINTER(wintypes.ULONG),
    )
    return dll


def last_problem() -> str:
    """Give the last error of this thread in Windows' words."""
    code = ctypes.get_last_error()
    return f"{message(code)} (error {code})"


def close_handle(handle: int) -> None:
    """Let go of *handle*."""
    kernel32().CloseHandle(handle)


def open_process(pid: int, access: int) -> int | None:
    """Open the process *pid*; None where there is none, or it is not ours to open."""
    handle: int | None = kernel32().OpenProcess(access, False, pid)
    return handle


def has_ended(process: int) -> bool:
    """Say whether the process of a handle (opened with SYNCHRONIZE) is over."""
    ended: int = kernel32().WaitForSingleObject(process, 0)
    return ended == _WAIT_OBJECT_0


def exit_code(process: int) -> int:
    """Give the exit code of a process that has ended, as the 32 bits without sign it is."""
    code = wintypes.DWORD()
    kernel32().GetExitCodeProcess(process, ctypes.byref(code))
    return code.value
