"""Reads processes as Windows tells of them, and makes them stand still."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache

from svcctl.ports import Document, Identity
from svcctl.system.windows.kernel import (
    PROCESS_QUERY_LIMITED_INFORMATION,
    SYNCHRONIZE,
    close_handle,
    has_ended,
    kernel32,
    ntdll,
    open_process,
)
from svcctl.system.windows.snapshot import take_snapshot

TOKEN_VARIABLE = "SVCCTL_TOKEN"  # noqa: S105  # the name of a variable
TAG_VARIABLE = "SVCCTL_TAG"
TICKS = 10_000_000
"""Times of Windows count in tenths of a microsecond."""

_TIME_OF_DAY = 3
_LONGEST_PATH = 32768


class _TimeOfDay(ctypes.Structure):
    """SYSTEM_TIMEOFDAY_INFORMATION of ntexapi.h."""

    _fields_ = (
        ("BootTime", ctypes.c_longlong),
        ("CurrentTime", ctypes.c_longlong),
        ("TimeZoneBias", ctypes.c_longlong),
        ("TimeZoneId", wintypes.ULONG),
        ("Reserved", wintypes.ULONG),
        ("BootTimeBias", ctypes.c_ulonglong),
        ("SleepTimeBias", ctypes.c_ulonglong),
    )


@contextmanager
def looking_at(pid: int) -> Iterator[int | None]:
    """Give a handle to look at a process with; None where it is gone or hidden from us."""
    handle = open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE)
    try:
        yield None if handle is None or has_ended(handle) else handle
    finally:
        if handle is not None:
            close_handle(handle)


@cache
def boot_id() -> str:
    """Give a name of this boot: when it was, whatever was done to the clock since."""
    found = _TimeOfDay()
    ntdll().NtQuerySystemInformation(_TIME_OF_DAY, ctypes.byref(found), ctypes.sizeof(found), None)
    return f"{found.BootTime - found.BootTimeBias:x}"


def identify(pid: int) -> Identity | None:
    """Say who *pid* is; None where there is none, or it is hidden from us."""
    with looking_at(pid) as process:
        return None if process is None else identity_of(pid, process)


def identity_of(pid: int, process: int) -> Identity:
    """Say who the process behind a handle is; its ticks are the time of its creation."""
    return Identity(pid=pid, start_ticks=_times(process)[0], boot_id=boot_id())


def path_of(process: int) -> str:
    """Give the path of a process's program; empty where it is not told."""
    text = ctypes.create_unicode_buffer(_LONGEST_PATH)
    size = wintypes.DWORD(_LONGEST_PATH)
    told = kernel32().QueryFullProcessImageNameW(process, 0, text, ctypes.byref(size))
    return text.value if told else ""


def own_usage() -> Document:
    """Measure this process alone, and the threads in it."""
    used = sum(_times(kernel32().GetCurrentProcess())[2:])
    found = take_snapshot()[os.getpid()]
    return {
        "cpu_seconds": used / TICKS,
        "memory_bytes": found.resident_bytes,
        "threads": found.threads,
        "open_files": found.handles,
    }


def processors() -> int:
    """Give how many processors this machine has."""
    return os.cpu_count() or 1


def suspend(process: int) -> bool:
    """Make a process stand still, once more; False where it cannot be, or is no more."""
    return int(ntdll().NtSuspendProcess(process)) >= 0


def resume(process: int) -> None:
    """Take back one :func:`suspend`."""
    ntdll().NtResumeProcess(process)


def _times(process: int) -> tuple[int, int, int, int]:
    """Give the times of a process: created, ended, in the kernel, in the program."""
    found = [wintypes.FILETIME() for _ in range(4)]
    kernel32().GetProcessTimes(process, *map(ctypes.byref, found))
    created, ended, kernel, user = (
        each.dwHighDateTime << 32 | each.dwLowDateTime for each in found
    )
    return created, ended, kernel, user
