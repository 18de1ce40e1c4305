"""Tells processes apart beyond their pids, which are used again, on every platform."""

from __future__ import annotations

import os

from svcctl.ports import Identity
from svcctl.system.detect import Platform, platform

_FROM_1601_TO_1970 = 11_644_473_600.0  # seconds; a FILETIME counts from 1601


def identify(pid: int) -> Identity | None:
    """Say who *pid* is; None where there is no such process, or all of it has ended.

    Where the system does not say when a process was started, ticks are 0 and pids all there is.
    """
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows import process as windows_process  # noqa: PLC0415

        return windows_process.identify(pid)
    if platform() is not Platform.LINUX:
        return Identity(pid=pid, start_ticks=0, boot_id="") if _answers(pid) else None
    from svcctl.system.posix.process import boot_id, read_process  # noqa: PLC0415

    found = read_process(pid)
    if found is None or found.ended:
        return None
    return Identity(pid=pid, start_ticks=found.start_ticks, boot_id=boot_id())


def started_at(process: Identity) -> float:
    """Give when a process of this boot was started, in seconds since 1970; 0 where unknown."""
    if not process.start_ticks:
        return 0.0
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.process import TICKS as WINDOWS_TICKS  # noqa: PLC0415

        return process.start_ticks / WINDOWS_TICKS - _FROM_1601_TO_1970
    from svcctl.system.posix.process import read_small  # noqa: PLC0415

    _, _, rest = read_small("/proc/stat").partition(b"\nbtime ")
    return int(rest.split(None, 1)[0]) + process.start_ticks / os.sysconf("SC_CLK_TCK")


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
