"""Tells which files changed without looking at them: inotify(7), where the system has it."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import time
from typing import Protocol

_EVENT = struct.Struct("iIII")
_MODIFY, _ATTRIB, _MOVED, _CREATE, _DELETE = 0x2, 0x4, 0xC0, 0x100, 0x200
_SELF_GONE = 0xC00  # IN_DELETE_SELF | IN_MOVE_SELF
_OVERFLOW, _IGNORED = 0x4000, 0x8000
_WANTED = _MODIFY | _ATTRIB | _MOVED | _CREATE | _DELETE | _SELF_GONE
_BUFFER = 256 * 1024


class Changes(Protocol):
    """Says what changed in folders; silent about what it cannot see, such as other machines."""

    def watch(self, folders: set[str]) -> None:
        """Watch these folders from now on, and no others."""

    def wait(self, seconds: float) -> None:
        """Come back when something changed, or after so long."""

    def take(self) -> set[str] | None:
        """Give the paths of what changed since the last call; None: nobody knows."""

    def close(self) -> None:
        """Watch no more."""


class Asleep:
    """Knows of no change: everything is looked at again and again."""

    def watch(self, folders: set[str]) -> None:
        """Nothing can be watched."""

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def take(self) -> set[str] | None:
        """Nobody knows."""
        return None

    def close(self) -> None:
        """Nothing is held."""


class Inotify:
    """Changes as the kernel of Linux tells them; raises OSError where it cannot."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._add, self._remove = libc.inotify_add_watch, libc.inotify_rm_watch
        self._descriptor: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self._folders: dict[int, str] = {}
        self._blind = False

    def fileno(self) -> int:
        """Give the descriptor that can be read once something has changed, for an event loop."""
        return self._descriptor

    def watch(self, folders: set[str]) -> None:
        """Watch these folders; what cannot be watched is looked at like everything, now and then.

        A folder that is not there is left out.
        """
        known = set(self._folders.values())
        for number in [each for each, folder in self._folders.items() if folder not in folders]:
            self._remove(self._descriptor, number)
            del self._folders[number]
        self._blind = False
        for folder in folders - known:
            number = self._add(self._descriptor, os.fsencode(folder or "."), _WANTED)
            if number >= 0:
                self._folders[number] = folder
            elif ctypes.get_errno() != errno.ENOENT:
                self._blind = True

    def wait(self, seconds: float) -> None:
        """Come back when something changed, or after so long."""
        waiting = select.poll()  # select(2) knows the first 1024 descriptors only
        waiting.register(self._descriptor, select.POLLIN)
        waiting.poll(seconds * 1000)

    def take(self) -> set[str] | None:
        """Give the paths of what changed; None where the kernel lost count or cannot watch all."""
        found: set[str] = set()
        whole = not self._blind
        while events := self._read():
            place = 0
            while place < len(events):
                number, mask, _, length = _EVENT.unpack_from(events, place)
                name = events[place + _EVENT.size : place + _EVENT.size + length].rstrip(b"\0")
                place += _EVENT.size + length
                whole = whole and not mask & (_OVERFLOW | _SELF_GONE)
                if mask & _IGNORED:
                    self._folders.pop(number, None)
                elif folder := self._folders.get(number):
                    found.add(os.path.join(folder, os.fsdecode(name)))
        return found if whole else None

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, _BUFFER)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """Watch no more."""
        os.close(self._descriptor)


def best_changes() -> Changes:
    """Give what this system can do."""
    try:
        return Inotify()
    except (OSError, AttributeError, TypeError):  # other systems; or no instance is left
        return Asleep()
