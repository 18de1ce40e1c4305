"""Reads all processes of Windows at once, as NtQuerySystemInformation lists them."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from dataclasses import dataclass

from svcctl.errors import SystemFault
from svcctl.system.windows.kernel import ntdll

_PROCESSES = 5  # SystemProcessInformation
_TOO_SMALL = -0x3FFF_FFFC  # STATUS_INFO_LENGTH_MISMATCH, 0xC0000004
_ROOM = 1 << 18
_SPARE = 1 << 14  # for those that start between two tries


class _Text(ctypes.Structure):
    """UNICODE_STRING of ntdef.h; lengths are in bytes."""

    _fields_ = (
        ("Length", wintypes.USHORT),
        ("MaximumLength", wintypes.USHORT),
        ("Buffer", ctypes.c_void_p),
    )


class _Process(ctypes.Structure):
    """SYSTEM_PROCESS_INFORMATION of winternl.h and phnt, up to what is read here."""

    _fields_ = (
        ("NextEntryOffset", wintypes.ULONG),
        ("NumberOfThreads", wintypes.ULONG),
        ("Reserved", ctypes.c_longlong * 3),
        ("CreateTime", ctypes.c_longlong),
        ("UserTime", ctypes.c_longlong),
        ("KernelTime", ctypes.c_longlong),
        ("ImageName", _Text),
        ("BasePriority", wintypes.LONG),
        ("UniqueProcessId", ctypes.c_size_t),
        ("InheritedFromUniqueProcessId", ctypes.c_size_t),
        ("HandleCount", wintypes.ULONG),
        ("SessionId", wintypes.ULONG),
        ("UniqueProcessKey", ctypes.c_size_t),
        ("PeakVirtualSize", ctypes.c_size_t),
        ("VirtualSize", ctypes.c_size_t),
        ("PageFaultCount", wintypes.ULONG),
        ("PeakWorkingSetSize", ctypes.c_size_t),
        ("WorkingSetSize", ctypes.c_size_t),
        ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
        ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
        ("PagefileUsage", ctypes.c_size_t),
        ("PeakPagefileUsage", ctypes.c_size_t),
        ("PrivatePageCount", ctypes.c_size_t),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process at the instant of a snapshot; *name* is that of its file."""

    pid: int
    name: str
    threads: int
    handles: int
    resident_bytes: int
    private_bytes: int


def take_snapshot() -> dict[int, Process]:
    """Look at every process of the machine, with one call; by pid.  Raises SystemFault."""
    room = _ROOM
    while True:
        buffer = ctypes.create_string_buffer(room)
        needed = wintypes.ULONG()
        status = ntdll().NtQuerySystemInformation(_PROCESSES, buffer, room, ctypes.byref(needed))
        if status >= 0:
            return _parse(buffer)
        if status != _TOO_SMALL:
            raise SystemFault(f"Windows does not list its processes (status {status:#x})")
        room = max(2 * room, needed.value + _SPARE)


def _parse(buffer: ctypes.Array[ctypes.c_char]) -> dict[int, Process]:
    found: dict[int, Process] = {}
    at = 0
    while True:
        each = _Process.from_buffer(buffer, at)
        text = each.ImageName
        name = ctypes.wstring_at(text.Buffer, text.Length // 2) if text.Buffer else ""
        found[each.UniqueProcessId] = Process(
            pid=each.UniqueProcessId,
            name=name,
            threads=each.NumberOfThreads,
            handles=each.HandleCount,
            resident_bytes=each.WorkingSetSize,
            private_bytes=each.PrivatePageCount,
        )
        if not each.NextEntryOffset:
            return found
        at += each.NextEntryOffset
