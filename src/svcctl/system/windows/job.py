"""Job objects: what belongs to a tree, however far it went, and what the tree may use."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.errors import SystemFault
from svcctl.spec.policy import Limits
from svcctl.system.windows.job_limits import (
    ExtendedLimits,
    cpu_rate,
    life,
    tasks_of,
    with_memory,
    with_tasks,
    without_kill,
)
from svcctl.system.windows.kernel import close_handle, kernel32, last_problem
from svcctl.system.windows.process import TICKS, processors
from svcctl.system.windows.winapi import ERROR_MORE_DATA, check, declare

_ACCOUNTING = 1
_PROCESS_IDS = 3
_ACCOUNTING_AND_IO = 8
_EXTENDED_LIMITS = 9
_RATE_CONTROL = 15
_FIRST_GUESS = 64  # processes


class _Accounting(ctypes.Structure):
    """JOBOBJECT_BASIC_ACCOUNTING_INFORMATION of winnt.h."""

    _fields_ = (
        ("TotalUserTime", ctypes.c_longlong),
        ("TotalKernelTime", ctypes.c_longlong),
        ("ThisPeriodTotalUserTime", ctypes.c_longlong),
        ("ThisPeriodTotalKernelTime", ctypes.c_longlong),
        ("TotalPageFaultCount", wintypes.DWORD),
        ("TotalProcesses", wintypes.DWORD),
        ("ActiveProcesses", wintypes.DWORD),
        ("TotalTerminatedProcesses", wintypes.DWORD),
    )


class _AccountingAndIo(ctypes.Structure):
    """JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION of winnt.h, with its IO_COUNTERS."""

    _fields_ = (
        ("BasicInfo", _Accounting),
        ("ReadOperationCount", ctypes.c_ulonglong),
        ("WriteOperationCount", ctypes.c_ulonglong),
        ("OtherOperationCount", ctypes.c_ulonglong),
        ("ReadTransferCount", ctypes.c_ulonglong),
        ("WriteTransferCount", ctypes.c_ulonglong),
        ("OtherTransferCount", ctypes.c_ulonglong),
    )


class Job:
    """A job of ours: who starts in it, and all that comes of them, ends with the last handle to it.

    Nobody else has a handle, so the death of this process is theirs too.  Whoever
    :meth:`share`\\ s it must :meth:`close` it.  Raises SystemFault where none can be made.
    """

    def __init__(self, *, breakaway: bool = False) -> None:
        self._handle: int | None = _calls().CreateJobObjectW(None, None)
        check(self._handle, "a job object cannot be made")
        self._limits = life(breakaway=breakaway)
        self._users = 1
        if not self._set(_EXTENDED_LIMITS, self._limits):
            problem = last_problem()
            self.close()
            raise SystemFault(f"a job object cannot be made to end what is in it: {problem}")

    def limit(self, limits: Limits) -> tuple[tuple[str, str], ...]:
        """Set *limits*; give those that Windows refuses, each with the problem."""
        problems: list[tuple[str, str]] = []
        asked = (("memory", limits.memory, with_memory), ("tasks", limits.tasks, with_tasks))
        for option, value, change in asked:
            if value is not None:
                wanted = change(self._limits, value)
                if self._set(_EXTENDED_LIMITS, wanted):
                    self._limits = wanted
                else:
                    problems.append((option, last_problem()))
        if limits.cpu is not None:
            rate = cpu_rate(limits.cpu, processors=processors())
            if rate is not None and not self._set(_RATE_CONTROL, rate):
                problems.append(("cpu", last_problem()))
        return tuple(problems)

    def add(self, process: int) -> None:
        """Put a process in, for good; raises SystemFault where it cannot be."""
        done = _calls().AssignProcessToJobObject(self._handle, process)
        check(done, "the program cannot be put into a job")

    def pids(self) -> list[int]:
        """Give the processes in it that have not ended."""
        room = _FIRST_GUESS
        while self._handle is not None:
            found = _process_ids(room)()
            size = ctypes.sizeof(found)
            if _calls().QueryInformationJobObject(
                self._handle, _PROCESS_IDS, ctypes.byref(found), size, None
            ):
                return list(found.ProcessIdList[: found.NumberOfProcessIdsInList])
            if ctypes.get_last_error() != ERROR_MORE_DATA:
                break
            room = max(2 * room, 2 * found.NumberOfAssignedProcesses)
        return []

    def cpu_seconds(self) -> tuple[float, float]:
        """Give the processor time of all that are or were in it, and the part in the kernel."""
        found = _Accounting()
        _calls().QueryInformationJobObject(
            self._handle, _ACCOUNTING, ctypes.byref(found), ctypes.sizeof(found), None
        )
        both = float(found.TotalUserTime + found.TotalKernelTime) / TICKS
        return both, float(found.TotalKernelTime) / TICKS

    def transferred(self) -> tuple[int | None, int | None]:
        """Give the bytes that all that are or were in it read and wrote; None where unknown.

        Windows counts files, pipes and sockets alike.
        """
        found = _AccountingAndIo()
        told = _calls().QueryInformationJobObject(
            self._handle, _ACCOUNTING_AND_IO, ctypes.byref(found), ctypes.sizeof(found), None
        )
        return (found.ReadTransferCount, found.WriteTransferCount) if told else (None, None)

    def terminate(self, code: int) -> None:
        """End all that are in it, with exit code *code*."""
        _calls().TerminateJobObject(self._handle, code)

    def share(self) -> Job:
        """Give it to one more user."""
        self._users += 1
        return self

    def close(self, *, spare: bool = False) -> None:
        """Let go of it, and where this was its last user end all in it, unless they are spared."""
        self._users -= 1
        if self._users or self._handle is None:
            return
        if spare:
            self._set(_EXTENDED_LIMITS, without_kill(self._limits))
        close_handle(self._handle)
        self._handle = None

    def _set(self, kind: int, value: ctypes.Structure) -> bool:
        return bool(
            _calls().SetInformationJobObject(
                self._handle, kind, ctypes.byref(value), ctypes.sizeof(value)
            )
        )


def most_processes() -> int | None:
    """Give how many processes the job that we ourselves are in may have; None: any number."""
    found = ExtendedLimits()
    size = ctypes.sizeof(found)
    told = _calls().QueryInformationJobObject(
        None, _EXTENDED_LIMITS, ctypes.byref(found), size, None
    )
    return tasks_of(found) if told else None


@cache
def _process_ids(room: int) -> type[Any]:
    """Give JOBOBJECT_BASIC_PROCESS_ID_LIST with room for that many."""

    class ProcessIds(ctypes.Structure):
        _fields_ = (
            ("NumberOfAssignedProcesses", wintypes.DWORD),
            ("NumberOfProcessIdsInList", wintypes.DWORD),
            ("ProcessIdList", ctypes.c_size_t * room),
        )

    return ProcessIds


@cache
def _calls() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    dll = kernel32()
    handle, pointer, dword = wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD
    declare(dll.CreateJobObjectW, handle, pointer, wintypes.LPCWSTR)
    declare(dll.SetInformationJobObject, wintypes.BOOL, handle, ctypes.c_int, pointer, dword)
    declare(
        dll.QueryInformationJobObject,
        wintypes.BOOL,
        handle,
        ctypes.c_int,
        pointer,
        dword,
        ctypes.POINTER(dword),
    )
    declare(dll.AssignProcessToJobObject, wintypes.BOOL, handle, handle)
    declare(dll.TerminateJobObject, wintypes.BOOL, handle, wintypes.UINT)
    return dll
