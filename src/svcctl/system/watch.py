"""Tells when files change: woken by watchfiles where that is installed, else once a second."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from svcctl.ports import Cancel, Clock, Timer

_log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks, without watchfiles."""

# watchfiles wakes up as often to see whether it should end; its own default is every 50 ms.
_STEP_MS = 500

Seen = dict[str, tuple[int, int, int]]


class FileSystemWatch:
    """Watches files by globs; ``**`` reaches down into folders. Nothing wakes without a watch."""

    def __init__(
        self, clock: Clock, *, every: float = EVERY, use_watchfiles: bool | None = None
    ) -> None:
        """*every* is seconds between looks; *use_watchfiles*: None where it is installed."""
        self._clock = clock
        self._every = every
        self._use_watchfiles = use_watchfiles

    def watch(self, globs: tuple[str, ...], call: Callable[[list[str]], None]) -> Cancel:
        """Call, from the event loop, with the files that came, went or changed, in order."""
        one = _Watch(self._clock, globs, call, every=self._every)
        folders = folders_of(globs)
        if self._use_watchfiles is None:
            from importlib.util import find_spec  # noqa: PLC0415 - few agents watch anything

            self._use_watchfiles = find_spec("watchfiles") is not None
        if self._use_watchfiles and all(map(os.path.isdir, folders)):
            one.be_woken(folders)
        else:
            one.poll()
        return one.cancel


class _Watch:
    """One call to make, and what the files looked like before."""

    def __init__(
        self,
        clock: Clock,
        globs: tuple[str, ...],
        call: Callable[[list[str]], None],
        *,
        every: float,
    ) -> None:
        self._clock = clock
        self._globs = globs
        self._call = call
        self._every = every
        self._seen = survey(globs)
        self._timer: Timer | None = None
        self._task: asyncio.Task[None] | None = None

    def poll(self) -> None:
        """Look now and then."""
        self._timer = self._clock.later(self._every, self._look_again)

    def be_woken(self, folders: dict[str, bool]) -> None:
        """Look when something changes in one of *folders*."""
        self._task = asyncio.get_running_loop().create_task(self._wake_up(folders))

    def cancel(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _look_again(self) -> None:
        self.poll()
        self._look()

    def _look(self) -> None:
        before, self._seen = self._seen, survey(self._globs)
        changed = differences(before, self._seen)
        if changed:
            self._call(changed)

    async def _wake_up(self, folders: dict[str, bool]) -> None:
        from watchfiles import awatch  # noqa: PLC0415  # an extra

        try:
            async for _ in awatch(
                *folders,
                watch_filter=None,
                step=_STEP_MS,
                debounce=_STEP_MS,
                recursive=any(folders.values()),
            ):
                self._look()
        except (OSError, RuntimeError) as error:  # no inotify watch left, or the folder is gone
            _log.warning("watch.polling", extra={"folders": sorted(folders), "problem": str(error)})
            self.poll()


def survey(globs: tuple[str, ...]) -> Seen:
    """Look at the files that fit *globs*: time of change, size and inode of each."""
    from glob import iglob  # noqa: PLC0415 - few agents watch anything

    found: Seen = {}
    for pattern in globs:
        for path in iglob(pattern, recursive=True, include_hidden=True):
            try:
                state = os.stat(path)
            except OSError:
                continue
            found[path] = (state.st_mtime_ns, state.st_size, state.st_ino)
    return found


def differences(before: Seen, after: Seen) -> list[str]:
    """Give the files that came, went or changed, in order."""
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def folders_of(globs: tuple[str, ...]) -> dict[str, bool]:
    """Give the folders to watch; True where those below matter too."""
    from glob import has_magic  # noqa: PLC0415 - few agents watch anything

    folders: dict[str, bool] = {}
    for pattern in globs:
        folder, deep = os.path.dirname(pattern), False
        while has_magic(folder):
            folder, deep = os.path.dirname(folder), True
        folders[folder or "."] = folders.get(folder or ".", False) or deep
    return folders
