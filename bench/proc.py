"""What Linux tells about processes: memory, time on a processor, wake-ups, who is whose child.

See proc(5).
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of some processes in MB (10^6 bytes).

    *pss* counts a page that n processes share as 1/n.  *alone* counts each shared page once and in
    full: what they would take on a machine where nothing else runs.
    """

    pss: float
    alone: float


def alive(pid: int) -> bool:
    """Say whether *pid* is a process that still runs (a zombie does not)."""
    try:
        return _stat(pid)[0] not in "ZX"
    except OSError:
        return False


def descendants(root: int) -> dict[int, str]:
    """Give all running processes below *root*, with the program of each."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid in _all():
        with contextlib.suppress(OSError):
            state, parent, *_ = _stat(pid)
            if state not in "ZX":
                children[int(parent)].append(pid)
    found: dict[int, str] = {}
    asked = [root]
    while asked:
        for pid in children[asked.pop()]:
            with contextlib.suppress(OSError):
                found[pid] = os.readlink(_PROC / str(pid) / "exe")
            asked.append(pid)
    return found


def memory(pids: Iterable[int]) -> Memory:
    """Give the memory of *pids* together; those that have ended count nothing."""
    pss = private = 0
    shared: dict[str, int] = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            for mapping, sizes in _mappings(pid):
                pss += sizes["Pss"]
                private += sizes["Private_Clean"] + sizes["Private_Dirty"]
                common = sizes["Shared_Clean"] + sizes["Shared_Dirty"]
                shared[mapping] = max(common, shared.get(mapping, 0))
    return Memory(pss=pss * 1024 / 1e6, alone=(private + sum(shared.values())) * 1024 / 1e6)


def resident(pids: Iterable[int]) -> float:
    """Give what of *pids* is in memory (VmRSS), in MB: shared pages count in full for each."""
    found = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in (_PROC / str(pid) / "status").read_text().splitlines():
                if line.startswith("VmRSS"):
                    found += int(line.split()[1])
    return found * 1024 / 1e6


def cpu(pids: Iterable[int]) -> float:
    """Give the seconds that all threads of *pids* have spent on a processor."""
    used = 0
    for thread in _threads(pids):
        with contextlib.suppress(OSError):
            used += int((thread / "schedstat").read_text().split()[0])
    return used / 1e9


def wakeups(pids: Iterable[int]) -> int:
    """Give how often threads of *pids* went to sleep of their own will, and so were woken."""
    count = 0
    for thread in _threads(pids):
        with contextlib.suppress(OSError):
            for line in (thread / "status").read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    count += int(line.split()[1])
    return count


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


def _all() -> Iterator[int]:
    return (int(name) for name in os.listdir(_PROC) if name.isdigit())


def _stat(pid: int) -> list[str]:
    """Give the fields from the state on; the name before it may hold blanks."""
    return (_PROC / str(pid) / "stat").read_text(errors="replace").rsplit(") ", 1)[1].split()


def _threads(pids: Iterable[int]) -> Iterator[Path]:
    for pid in pids:
        with contextlib.suppress(OSError):
            yield from (_PROC / str(pid) / "task").iterdir()


def _mappings(pid: int) -> Iterator[tuple[str, dict[str, int]]]:
    """Give each mapping by file and offset, with its sizes in KiB."""
    name, sizes = "", defaultdict[str, int](int)
    for line in (_PROC / str(pid) / "smaps").read_text(errors="replace").splitlines():
        first, *rest = line.split(maxsplit=5)
        if not first.endswith(":"):
            if name:
                yield name, sizes
            # dev, inode and offset say which pages of which file these are
            name, sizes = "/".join(rest[1:4]), defaultdict(int)
        elif rest[-1:] == ["kB"]:
            sizes[first[:-1]] = int(rest[0])
    if name:
        yield name, sizes
