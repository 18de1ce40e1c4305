"""Says who holds something, so that a dead process, or another one with its pid, does not."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from svcctl.system.identity import identify, started_at

_SLACK = 2.0  # seconds: clocks of kernels and file systems are not read at one instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process, and *since* when it holds what it holds (seconds since 1970).

    *start_ticks* and *boot_id* are those of :class:`svcctl.ports.Identity`; 0 and empty where a
    note of somebody else's has the pid alone.
    """

    pid: int
    start_ticks: int = 0
    boot_id: str = ""
    since: float = 0.0

    def note(self) -> str:
        """Print it; the first line is the pid alone, as others expect it of lock files."""
        return f"{self.pid}\n{self.start_ticks} {self.boot_id or '-'} {self.since:.3f}\n"


def this_process() -> Holder:
    """Give this process as a holder, from now on."""
    own = identify(os.getpid())
    ticks, boot = (own.start_ticks, own.boot_id) if own else (0, "")
    return Holder(pid=os.getpid(), start_ticks=ticks, boot_id=boot, since=time.time())


def parse(note: str, *, written: float = 0.0) -> Holder | None:
    """Read a note, of ours or a pid that was *written* at that time; None where it is neither."""
    first, _, rest = note.partition("\n")
    if not first.strip().isdecimal():
        return None
    pid, fields = int(first), rest.split()
    try:
        ticks, boot, since = int(fields[0]), fields[1], float(fields[2])
    except (ValueError, IndexError):
        return Holder(pid=pid, since=written)
    return Holder(pid=pid, start_ticks=ticks, boot_id="" if boot == "-" else boot, since=since)


def lives(holder: Holder) -> bool:
    """Say whether the process that *holder* names still is the one with that pid.

    A pid alone is that of a process which was started before the note was written.
    """
    found = identify(holder.pid)
    if found is None:
        return False
    if holder.start_ticks:
        return (found.start_ticks, found.boot_id) == (holder.start_ticks, holder.boot_id)
    return not holder.since or started_at(found) <= holder.since + _SLACK


def described(holder: Holder | None) -> str:
    """Say who it is and since when, by the clock on the wall: ``pid 4711 since 10:32``."""
    if holder is None:
        return "another process"
    if not holder.since:
        return f"pid {holder.pid}"
    at, now = time.localtime(holder.since), time.localtime()
    shape = "%H:%M" if at[:3] == now[:3] else "%Y-%m-%d %H:%M"
    return f"pid {holder.pid} since {time.strftime(shape, at)}"
