"""Says how much memory programs can still get, on this machine or in the group we are in."""

from __future__ import annotations

import os
from collections.abc import Iterator

from svcctl.system.posix.cgroup import find_mount, find_own
from svcctl.system.posix.process import read_small

_AVAILABLE = b"MemAvailable:"


def memory_left() -> int | None:
    """Give what programs can get in bytes, see proc(5) ``meminfo``; None where nobody says."""
    known = [each for each in (_of_machine(read_small("/proc/meminfo")), *_of_groups()) if each]
    return min(known, default=None)


def _of_machine(meminfo: bytes) -> int | None:
    _, found, rest = meminfo.partition(_AVAILABLE)
    return int(rest.split(None, 1)[0]) * 1024 if found else None


def _of_groups() -> Iterator[int]:
    """Give what each group that we are in has left; version 2 only, as limits are set there."""
    mount = find_mount(os.fsdecode(read_small("/proc/self/mountinfo")))
    own = find_own(os.fsdecode(read_small("/proc/self/cgroup")))
    if not mount:
        return
    folder = (mount + own).rstrip("/")
    while folder.startswith(mount):
        left = left_in_group(
            read_small(f"{folder}/memory.max"),
            read_small(f"{folder}/memory.current"),
            read_small(f"{folder}/memory.stat"),
        )
        if left is not None:
            yield left
        folder = folder.rpartition("/")[0]


def left_in_group(most: bytes, current: bytes, stat: bytes) -> int | None:
    """Give what a group has left; caches of files count as free.  None where it has no limit."""
    if not most.strip().isdigit() or not current.strip().isdigit():
        return None
    words = stat.split()
    cached = int(words[words.index(b"inactive_file") + 1]) if b"inactive_file" in words else 0
    return max(1, int(most) - int(current) + cached)
