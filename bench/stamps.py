"""How a measured program says that it runs: one line into a FIFO, timed when it arrives.

The program is a shell that writes its name and pid and then waits for ever without a further
process, so that little but the start itself is measured.  A write of so few bytes is atomic
(pipe(7)), and the reader sleeps in poll(2) until it comes.
"""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = 'echo "$1 $$" >"{stamps}"\nread -r _ <>"{hold}"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A program called *name* ran as *pid* at *at* (monotonic nanoseconds)."""

    name: str
    pid: int
    at: int


class Stamps:
    """The reader's end, and the program that writes; both live in *folder*."""

    def __init__(self, folder: Path) -> None:
        fifo, hold = folder / "stamps", folder / "hold"
        os.mkfifo(fifo)
        os.mkfifo(hold)
        self.fifo = str(fifo)
        self._script = folder / "service.sh"
        self._script.write_text(_SCRIPT.format(stamps=fifo, hold=hold))
        # opened for both, so that it is never at its end and no writer ever waits for a reader
        self._fd = os.open(fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._rest = b""
        self._came: list[Stamp] = []

    def command(self, name: str) -> list[str]:
        """Give the command of a program that stamps as *name* and stays."""
        return ["/bin/sh", str(self._script), name]

    def take(self, count: int, *, within: float) -> list[Stamp]:
        """Wait for *count* stamps; raise TimeoutError if they are not there *within* seconds."""
        deadline = time.monotonic() + within
        while len(self._came) < count:
            if not self._read(deadline - time.monotonic()):
                raise TimeoutError(f"{len(self._came)} of {count} started within {within:g}s")
        taken, self._came = self._came[:count], self._came[count:]
        return taken

    def more(self, *, within: float) -> list[Stamp]:
        """Give what else arrives *within* seconds."""
        deadline = time.monotonic() + within
        while self._read(deadline - time.monotonic()):
            pass
        taken, self._came = self._came, []
        return taken

    def close(self) -> None:
        """Read no more."""
        os.close(self._fd)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._fd], [], [], max(0.0, seconds))[0]:
            return False
        now = time.monotonic_ns()
        *lines, self._rest = (self._rest + os.read(self._fd, 1 << 16)).split(b"\n")
        for line in lines:
            name, pid = line.decode().split()
            self._came.append(Stamp(name=name, pid=int(pid), at=now))
        return True
