"""What the limits of a definition are in terms of a job object."""

from __future__ import annotations

import ctypes
from ctypes import wintypes

from svcctl.spec.policy import Limits

BREAKAWAY_OK = 0x0000_0800
KILL_ON_JOB_CLOSE = 0x0000_2000

_ACTIVE_PROCESS = 0x0000_0008
_JOB_MEMORY = 0x0000_0200
_RATE_ENABLE = 0x1
_RATE_HARD_CAP = 0x4
_ALL = 10_000  # hundredths of a percent, of all processors
_MASK_BITS = ctypes.sizeof(ctypes.c_size_t) * 8

_BELOW_NORMAL, _ABOVE_NORMAL = 0x4000, 0x8000
_PRIORITY_CLASSES = {
    "idle": 0x40,
    "below-normal": _BELOW_NORMAL,
    "normal": 0x20,
    "above-normal": _ABOVE_NORMAL,
    "high": 0x80,
    "realtime": 0x100,
}


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION of winnt.h."""

    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_longlong),
        ("PerJobUserTimeLimit", ctypes.c_longlong),
        ("LimitFlags", wintypes.DWORD),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", wintypes.DWORD),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", wintypes.DWORD),
        ("SchedulingClass", wintypes.DWORD),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION of winnt.h."""

    _fields_ = (
        ("BasicLimitInformation", BasicLimits),
        ("IoInfo", ctypes.c_ulonglong * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


class RateControl(ctypes.Structure):
    """JOBOBJECT_CPU_RATE_CONTROL_INFORMATION of winnt.h."""

    _fields_ = (("ControlFlags", wintypes.DWORD), ("CpuRate", wintypes.DWORD))


def life(*, breakaway: bool) -> ExtendedLimits:
    """Give the settings every job begins with: nothing in it outlives the last handle to it."""
    found = ExtendedLimits()
    found.BasicLimitInformation.LimitFlags = KILL_ON_JOB_CLOSE | (BREAKAWAY_OK if breakaway else 0)
    return found


def with_memory(limits: ExtendedLimits, size: int) -> ExtendedLimits:
    """Give *limits* for a job that has at most *size* bytes committed, all of it together."""
    found = ExtendedLimits.from_buffer_copy(limits)
    found.BasicLimitInformation.LimitFlags |= _JOB_MEMORY
    found.JobMemoryLimit = size
    return found


def with_tasks(limits: ExtendedLimits, count: int) -> ExtendedLimits:
    """Give *limits* for a job of at most *count* processes; Windows does not count threads."""
    found = ExtendedLimits.from_buffer_copy(limits)
    found.BasicLimitInformation.LimitFlags |= _ACTIVE_PROCESS
    found.BasicLimitInformation.ActiveProcessLimit = count
    return found


def tasks_of(limits: ExtendedLimits) -> int | None:
    """Give how many processes *limits* let a job have; None where they do not say."""
    basic = limits.BasicLimitInformation
    return int(basic.ActiveProcessLimit) if basic.LimitFlags & _ACTIVE_PROCESS else None


def without_kill(limits: ExtendedLimits) -> ExtendedLimits:
    """Give *limits* for a job whose processes may outlive it."""
    found = ExtendedLimits.from_buffer_copy(limits)
    found.BasicLimitInformation.LimitFlags &= ~KILL_ON_JOB_CLOSE
    return found


def cpu_rate(cpu: float, *, processors: int) -> RateControl | None:
    """Give the hard cap for *cpu* cores; None where that is all there are, and so no limit."""
    if cpu >= processors:
        return None
    return RateControl(_RATE_ENABLE | _RATE_HARD_CAP, max(1, int(cpu / processors * _ALL)))


def priority_class(priority: str, nice: int) -> int:
    """Give the number of the priority class of that name, else for *nice*; 0: as it is.

    Only who says so by name gets more than ``high``: a program of the class ``realtime`` that
    never waits leaves no time to the rest of the machine.
    """
    if priority:
        return _PRIORITY_CLASSES[priority]
    for least, name in ((15, "idle"), (1, "below-normal"), (0, ""), (-9, "above-normal")):
        if nice >= least:
            return _PRIORITY_CLASSES.get(name, 0)
    return _PRIORITY_CLASSES["high"]


def affinity_mask(affinity: tuple[int, ...], *, processors: int) -> int | None:
    """Give the mask of processors; None where one of them is not there, or beyond the mask."""
    if any(each >= min(processors, _MASK_BITS) for each in affinity):
        return None
    return sum(1 << each for each in set(affinity))


def not_on_windows(limits: Limits) -> tuple[tuple[str, str], ...]:
    """Name the limits Windows does not have at all, each with the problem."""
    options = [
        *(["nofile"] if limits.nofile is not None else []),
        *map("rlimit.{}".format, limits.rlimit),
    ]
    return tuple((option, "Windows has no such limit") for option in options)
