"""What Linux tells about a process: memory, time on a processor, context switches; see proc(5)."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

_PROC = Path("/proc")


def alive(pid: int) -> bool:
    """Say whether *pid* is a process that still runs (a zombie does not)."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def pss(pid: int) -> float:
    """Give the memory of *pid* in MB (10^6 bytes); a page shared by n processes counts 1/n."""
    found = re.search(
        r"^Pss:\s+(\d+) kB", (_PROC / str(pid) / "smaps_rollup").read_text(), re.MULTILINE
    )
    assert found
    return int(found[1]) * 1024 / 1e6


def cpu(pid: int) -> float:
    """Give the seconds that all threads of *pid* have spent on a processor."""
    used = 0
    for thread in (_PROC / str(pid) / "task").iterdir():
        used += int((thread / "schedstat").read_text().split()[0])
    return used / 1e9


def switches(pid: int) -> int:
    """Give how often threads of *pid* left the processor, of their own will or not."""
    count = 0
    for thread in (_PROC / str(pid) / "task").iterdir():
        found = re.findall(r"ctxt_switches:\t(\d+)", (thread / "status").read_text())
        count += sum(map(int, found))
    return count


def with_environment(setting: str) -> list[int]:
    """Give the processes, but this one, that were started with *setting* (NAME=value)."""
    wanted, found = setting.encode(), []
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def kill(pids: Iterable[int]) -> None:
    """End *pids* at once; those that have gone already are no problem."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Deathwatch:
    """Waits for the last of some processes to end; made while they live, so that no pid is reused.

    ``with Deathwatch(pids) as watch: ...; watch.last(within=10)``
    """

    def __init__(self, pids: Iterable[int]) -> None:
        self._poll = select.poll()
        self._left = {os.pidfd_open(pid) for pid in pids}
        self._open = set(self._left)
        for fd in self._left:
            self._poll.register(fd, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._open:
            os.close(fd)

    def last(self, *, within: float) -> int:
        """Give the monotonic nanosecond of the last death; raise TimeoutError after *within* s."""
        deadline, at = time.monotonic() + within, time.monotonic_ns()
        while self._left:
            ended = self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not ended:
                raise TimeoutError(f"{len(self._left)} processes still run after {within:g}s")
            at = time.monotonic_ns()
            for fd, _ in ended:
                self._left.discard(fd)
                self._poll.unregister(fd)
        return at
