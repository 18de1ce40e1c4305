"""Knows which folders belong to one service alone, and how much is in them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping

from svcctl.ports import Clock
from svcctl.spec.service import ServiceSpec

log = logging.getLogger(__name__)

Measure = Callable[[str], tuple[int, int] | None]
"""Gives the bytes in a folder and those its disk has left; see svcctl.system.folder."""

_EVERY = 600.0  # seconds between two looks at one folder
_SHALLOW = 2  # parts of a path: fewer belong to everybody


class OwnFolders:
    """Looks at one folder after the other, in a thread, and never waits for it."""

    def __init__(self, measure: Measure, *, clock: Clock) -> None:
        self._measure, self._clock = measure, clock
        self._found: dict[str, tuple[int, int]] = {}
        self._looked: dict[str, float] = {}
        self._looking: asyncio.Task[None] | None = None

    def of(self, service: str) -> tuple[int, int] | None:
        """Give the bytes in the folder of *service* and those left, as they were minutes ago."""
        return self._found.get(service)

    def look(self, specs: Mapping[str, ServiceSpec], running: Iterable[str]) -> None:
        """Look at the folders of *running* services again, where that is due."""
        if self._looking is not None and not self._looking.done():
            return
        now = self._clock.monotonic()
        due = {each for each in running if now - self._looked.get(each, -_EVERY) >= _EVERY}
        if not due:
            return
        self._looked = {name: at for name, at in self._looked.items() if name in specs}
        self._looked |= dict.fromkeys(due, now)
        own = own_folders(specs.values())
        self._found = {name: found for name, found in self._found.items() if name in own}
        wanted = {name: own[name] for name in due if name in own}
        if wanted:
            self._looking = asyncio.get_running_loop().create_task(self._look_at(wanted))

    def close(self) -> None:
        """Look no more; a look under way is given up."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look_at(self, folders: Mapping[str, str]) -> None:
        from svcctl.sdk.waiting import in_thread  # noqa: PLC0415 - for those who have folders

        def measure() -> dict[str, tuple[int, int] | None]:
            return {name: self._measure(path) for name, path in folders.items()}

        try:
            found = await in_thread("folders", measure)
        except RuntimeError as error:  # the machine has no thread to give; the next may do better
            log.warning("folders.not-measured", extra={"problem": str(error)})
            return
        for name, each in found.items():
            self._found.pop(name, None)
            if each is not None:
                self._found[name] = each


def own_folders(specs: Iterable[ServiceSpec]) -> dict[str, str]:
    """Give by service the folder it works in, where no other works there, above or below."""
    folders = sorted(
        (f"{os.path.normpath(spec.cwd)}{os.sep}", spec.name) for spec in specs if spec.cwd
    )
    shared: set[str] = set()
    above, above_of = "", ""
    for path, name in folders:  # whatever is below a folder follows it
        if above and path.startswith(above):
            shared |= {name, above_of}
        else:
            above, above_of = path, name
    return {
        name: path.removesuffix(os.sep)
        for path, name in folders
        if name not in shared and path.strip(os.sep).count(os.sep) + 1 >= _SHALLOW
    }
