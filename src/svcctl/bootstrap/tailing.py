"""Puts together what follows logs of others: a tail, the clock, and files on this machine."""

from __future__ import annotations

from collections.abc import Iterable

from svcctl.observe.logs.tail.changes import Changes, best_changes
from svcctl.observe.logs.tail.generation import Manner
from svcctl.observe.logs.tail.tail import Tail
from svcctl.observe.records.joining import whole
from svcctl.system import whole_file
from svcctl.system.clock import SystemClock
from svcctl.system.detect import Platform, platform


class SavedIn:
    """Positions in the file at *path*, which is there whole or not at all."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self) -> bytes | None:
        """See :class:`svcctl.observe.logs.tail.positions.Place`."""
        return whole_file.read(self._path)

    def write(self, content: bytes) -> None:
        """See :class:`svcctl.observe.logs.tail.positions.Place`."""
        whole_file.write(self._path, content)


def tail(globs: Iterable[str], *, positions: str = "", at_end: bool = True) -> Tail:
    """Give what follows the logs that fit *globs* by whole records.

    Where they were left is kept in the file *positions*; nowhere if that is empty.
    """
    return Tail(
        globs,
        clock=SystemClock(),
        place=SavedIn(positions) if positions else None,
        at_end=at_end,
        manner=Manner(whole=whole),
        changes=changes(),
    )


def changes() -> Changes:
    """Give what tells of changes on this machine."""
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.folder_changes import (  # noqa: PLC0415 - Windows only
            FolderChanges,
        )

        return FolderChanges()
    return best_changes()
