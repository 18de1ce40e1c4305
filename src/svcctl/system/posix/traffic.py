"""What a tree of processes has open, and what it read from disks and wrote to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from svcctl.system.posix.process import Process, disk_bytes, open_files


@dataclass(frozen=True, slots=True)
class _Seen:
    """A process at the last look: its processor time, and bytes read and written."""

    cpu_ticks: int
    read: int
    written: int


_NEW = _Seen(-1, 0, 0)


class Traffic:
    """Counts bytes of one tree, so that those of processes that ended stay counted.

    A process that has used no tick of processor time since the last look is not asked again:
    half the price where most processes rest, and no more than a tick's worth of bytes late.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], _Seen] = {}
        self._read = self._written = 0

    def look(self, processes: Iterable[Process]) -> tuple[int | None, int | None, int | None]:
        """Give open files, bytes read and bytes written; None where all hide it from us."""
        files: int | None = None
        seen: dict[tuple[int, int], _Seen] = {}
        for each in processes:
            opened = open_files(each.pid)
            if opened is not None:
                files = opened + (files or 0)
            key = each.pid, each.start_ticks
            before = self._seen.get(key, _NEW)
            now = before if before.cpu_ticks == each.cpu_ticks else _ask(each)
            if now is not None:
                seen[key] = now
                self._read += max(0, now.read - before.read)
                self._written += max(0, now.written - before.written)
        self._seen = seen
        return (files, self._read, self._written) if seen else (files, None, None)


def _ask(process: Process) -> _Seen | None:
    found = disk_bytes(process.pid)
    return None if found is None else _Seen(process.cpu_ticks, *found)
