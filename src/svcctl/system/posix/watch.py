"""Tells when files change: woken by watchfiles where that is installed, else once a second."""

from __future__ import annotations

import asyncio
import glob
import importlib.util
import logging
import os
from collections.abc import Callable, Coroutine

from svcctl.ports import Cancel

_log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks, without watchfiles."""

# watchfiles wakes up as often to see whether it should end; its own default is every 50 ms.
_STEP_MS = 500

Seen = dict[str, tuple[int, int, int]]


class PosixFileWatch:
    """Watches files by globs; ``**`` reaches down into folders. Nothing wakes without a watch."""

    def __init__(self, *, every: float = EVERY, use_watchfiles: bool | None = None) -> None:
        """*every* is seconds between looks; *use_watchfiles*: None where it is installed."""
        self._every = every
        if use_watchfiles is None:
            use_watchfiles = importlib.util.find_spec("watchfiles") is not None
        self._use_watchfiles = use_watchfiles

    def watch(self, globs: tuple[str, ...], call: Callable[[list[str]], None]) -> Cancel:
        """Call, from the event loop, with the files that came, went or changed, in order."""
        seen = survey(globs)

        def look() -> None:
            nonlocal seen
            before, seen = seen, survey(globs)
            changed = differences(before, seen)
            if changed:
                call(changed)

        folders = _folders(globs)
        task = asyncio.get_running_loop().create_task(self._ways(folders, look))
        return lambda: _discard(task.cancel())

    def _ways(
        self, folders: dict[str, bool], look: Callable[[], None]
    ) -> Coroutine[object, object, None]:
        if self._use_watchfiles and all(map(os.path.isdir, folders)):
            return _be_woken(folders, look, self._every)
        return _poll(look, self._every)


def survey(globs: tuple[str, ...]) -> Seen:
    """Look at the files that fit *globs*: time of change, size and inode of each."""
    found: Seen = {}
    for pattern in globs:
        for path in glob.iglob(pattern, recursive=True, include_hidden=True):
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


def _folders(globs: tuple[str, ...]) -> dict[str, bool]:
    """Give the folders to watch; True where those below matter too."""
    folders: dict[str, bool] = {}
    for pattern in globs:
        folder, deep = os.path.dirname(pattern), False
        while glob.has_magic(folder):
            folder, deep = os.path.dirname(folder), True
        folders[folder or "."] = folders.get(folder or ".", False) or deep
    return folders


async def _poll(look: Callable[[], None], every: float) -> None:
    while True:
        await asyncio.sleep(every)
        look()


async def _be_woken(folders: dict[str, bool], look: Callable[[], None], every: float) -> None:
    from watchfiles import awatch  # noqa: PLC0415  # an extra

    look()
    try:
        async for _ in awatch(
            *folders,
            watch_filter=None,
            step=_STEP_MS,
            debounce=_STEP_MS,
            recursive=any(folders.values()),
        ):
            look()
    except (OSError, RuntimeError) as error:  # out of inotify watches, or the folder went away
        _log.warning("watch.polling", extra={"folders": sorted(folders), "problem": str(error)})
    await _poll(look, every)


def _discard(_: object) -> None:
    return
