"""Watches the files of a configuration by looking at them: on NFS and in Kubernetes as well."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass

from svcctl.ports import Clock
from svcctl.sdk.config.follow import FilesChanged, SourceChange
from svcctl.sdk.config.sources import read_some
from svcctl.sdk.config.text import digest
from svcctl.sdk.lengths import interval
from svcctl.sdk.waiting import sleep

# seconds in which a file may change twice and keep its time, by what the file system counts in
_FINE, _COARSE = 0.1, 2.0
_SETTLE = 0.2  # seconds for which a file must stay the same: not every editor replaces it at once
_LOOKS = 25  # after a change, until it is taken as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a file looked: *mark* is its time of change (ns), size and inode; None: not looked yet.

    *digest* is that of its content, empty where there is no such file; where it cannot be read
    it says why.
    """

    digest: str
    mark: tuple[int, int, int] | None = None


class Watched:
    """A ConfigSource: files, and what their symbolic links lead to.

    A change is told once the content differs and has stood still for a moment; that a file cannot
    be read is a change too, but for a moment's trouble of a network (ESTALE).
    """

    def __init__(
        self,
        files: Callable[[], Mapping[str, str]],
        *,
        clock: Clock,
        every: float | str = 1.0,
        name: str = "files",
    ) -> None:
        """*files* gives the digests by path that are in force: ``lambda: live.loaded.files``."""
        self._files = files
        self._clock = clock
        self._every = interval(every)
        self._name = name

    @property
    def name(self) -> str:
        """Give what the history calls it."""
        return self._name

    async def changes(self) -> AsyncGenerator[SourceChange, None]:
        """Give the files that changed, as often as any does; it never ends."""
        seen: dict[str, Look] = {}
        while True:
            files = self._files()
            before = {path: seen.get(path, Look(digest=files[path])) for path in files}
            seen = await self._settled(before)
            changed = differences(before, seen)
            if changed:
                yield FilesChanged(paths=changed)
            await sleep(self._clock, self._every)

    async def _settled(self, before: dict[str, Look]) -> dict[str, Look]:
        """Look at all files, and again as long as they go on changing."""
        seen = await self._look(before)
        if not differences(before, seen):
            return seen
        for _ in range(_LOOKS):
            await sleep(self._clock, min(_SETTLE, self._every))
            later = await self._look(seen)
            if not differences(seen, later):
                return later
            seen = later
        return seen

    async def _look(self, before: Mapping[str, Look]) -> dict[str, Look]:
        return await asyncio.to_thread(look_at, before, self._clock.now())


def look_at(before: Mapping[str, Look], now: float) -> dict[str, Look]:
    """Look at every file again, at *now* (seconds since 1970); blocks.

    Content is read only where the mark differs, or is so young that it may hide a change.
    """
    return {path: _look(path, look, now) for path, look in before.items()}


def differences(before: Mapping[str, Look], after: Mapping[str, Look]) -> tuple[str, ...]:
    """Give the files whose content differs, in order."""
    return tuple(sorted(path for path in after if before[path].digest != after[path].digest))


def _look(path: str, before: Look, now: float) -> Look:
    try:
        found = os.stat(path)
        mark = (found.st_mtime_ns, found.st_size, found.st_ino)
        if mark == before.mark and now - found.st_mtime > _doubt(found.st_mtime_ns):
            return before
        return Look(digest=digest(read_some(path)), mark=mark)
    except FileNotFoundError:
        return Look(digest="")
    except OSError as error:
        if error.errno == errno.ESTALE:  # who looks again will see
            return before
        return Look(digest=f"unreadable: {error.errno}")


def _doubt(mtime_ns: int) -> float:
    """Give for how long a file of that time may hide a change; whole seconds are FAT's or NFS'."""
    return _COARSE if mtime_ns % 1_000_000_000 == 0 else _FINE
