"""Control groups that a killed manager leaves behind, as only it would remove them; cgroups(7)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


def made_for(pids: Iterable[int]) -> set[Path]:
    """Give the groups right below our own that *pids* are in."""
    mounted, ours = _mounted(), _group("self")
    found = set()
    for pid in pids:
        group = _group(str(pid))
        if mounted and ours and group and group != ours and group.is_relative_to(ours):
            below = group.relative_to(ours).parts[0]
            found.add(mounted / ours.relative_to("/") / below)
    return found


def remove(groups: Iterable[Path]) -> None:
    """Remove *groups* and those in them; one in which a process runs stays."""
    for group in groups:
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _mounted() -> Path | None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    return None


def _group(pid: str) -> Path | None:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                return Path(line.removeprefix("0::"))
    return None
