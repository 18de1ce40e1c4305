"""Says how much memory programs can still get of Windows."""

from __future__ import annotations

import ctypes
from ctypes import wintypes

from svcctl.system.windows.kernel import kernel32


class _Memory(ctypes.Structure):
    """MEMORYSTATUSEX of sysinfoapi.h."""

    _fields_ = (
        ("Length", wintypes.DWORD),
        ("MemoryLoad", wintypes.DWORD),
        ("TotalPhys", ctypes.c_ulonglong),
        ("AvailPhys", ctypes.c_ulonglong),
        ("TotalPageFile", ctypes.c_ulonglong),
        ("AvailPageFile", ctypes.c_ulonglong),
        ("TotalVirtual", ctypes.c_ulonglong),
        ("AvailVirtual", ctypes.c_ulonglong),
        ("AvailExtendedVirtual", ctypes.c_ulonglong),
    )


def commit_left() -> int | None:
    """Give what programs can still commit, in bytes; None where Windows does not say."""
    found = _Memory(Length=ctypes.sizeof(_Memory))
    told = kernel32().GlobalMemoryStatusEx(ctypes.byref(found))
    return int(found.AvailPageFile) if told else None
