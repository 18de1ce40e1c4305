"""Reads what the workload says of itself: one line in a FIFO, with its own time.

A write of so few bytes is atomic (pipe(7)), and the reader sleeps in poll(2) until one comes.
"""

from __future__ import annotations

import os
import select
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Workload *name*, running as *pid*, said *what* at *at* (monotonic ns), after *lines*."""

    what: str
    name: str
    at: int
    pid: int
    lines: int


class Stamps:
    """The reader's end of the FIFO at *path*."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        # opened for both, so that it is never at its end and no writer ever lacks a reader
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._rest = b""
        self._came: defaultdict[str, list[Stamp]] = defaultdict(list)

    def take(self, count: int, *, within: float, what: str = "started") -> list[Stamp]:
        """Wait for *count* stamps of a kind; raise TimeoutError if they do not come in time.

        Those of other kinds are kept for later.
        """
        came = self._came[what]
        deadline = time.monotonic() + within
        while len(came) < count:
            if not self._read(deadline - time.monotonic()):
                raise TimeoutError(f"{len(came)} of {count} {what} within {within:g}s")
        taken, came[:] = came[:count], came[count:]
        return taken

    def more(self, *, within: float = 0.0, what: str = "started") -> list[Stamp]:
        """Give what else of a kind is there or arrives *within* seconds."""
        deadline = time.monotonic() + within
        while self._read(deadline - time.monotonic()):
            pass
        return self._came.pop(what, [])

    def close(self) -> None:
        """Read no more."""
        os.close(self._fd)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._fd], [], [], max(0.0, seconds))[0]:
            return False
        *lines, self._rest = (self._rest + os.read(self._fd, 1 << 16)).split(b"\n")
        for line in lines:
            what, name, at, pid, count = line.decode().split()
            stamp = Stamp(what=what, name=name, at=int(at), pid=int(pid), lines=int(count))
            self._came[what].append(stamp)
        return True
