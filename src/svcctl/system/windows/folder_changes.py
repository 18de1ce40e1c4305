"""Tells which files changed in folders, by ReadDirectoryChangesW."""

from __future__ import annotations

import ctypes
import logging
import ntpath
import struct
import time
from collections.abc import Iterator
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.system.windows.kernel import kernel32
from svcctl.system.windows.winapi import INVALID_HANDLE, declare, library

log = logging.getLogger(__name__)

_LIST = 0x1  # FILE_LIST_DIRECTORY
_SHARE_ALL = 0x7
_OPEN_EXISTING = 3
_FOLDER_OVERLAPPED = 0x0200_0000 | 0x4000_0000  # FILE_FLAG_BACKUP_SEMANTICS | _OVERLAPPED
_WANTED = 0x1 | 0x2 | 0x8 | 0x10 | 0x40  # names of files and folders, sizes, writes, creations
_BUFFER = 64 * 1024  # more is refused for folders of other machines
_EVENT = struct.Struct("<III")  # FILE_NOTIFY_INFORMATION: next, action, length of the name
_PENDING = 0x103
_FOR_EVER = 0xFFFF_FFFF


class Overlapped(ctypes.Structure):
    """OVERLAPPED of minwinbase.h."""

    _fields_ = (
        ("Internal", ctypes.c_size_t),
        ("InternalHigh", ctypes.c_size_t),
        ("Offset", wintypes.DWORD),
        ("OffsetHigh", wintypes.DWORD),
        ("hEvent", wintypes.HANDLE),
    )


class FolderChanges:
    """Changes as Windows tells them; see :class:`svcctl.observe.logs.tail.changes.Changes`.

    Windows tells of a write once its cache does, which may be late while whoever writes keeps the
    file open: every *blind* seconds nobody knows.
    """

    def __init__(self, *, blind: float = 0.25) -> None:
        self._event: int = kernel32().CreateEventW(None, True, False, None)
        self._folders: dict[str, _Folder] = {}
        self._blind, self._blind_every, self._next_blind = False, blind, 0.0

    def watch(self, folders: set[str]) -> None:
        """Watch these folders; one that cannot be watched is looked at like everything."""
        for gone in [each for each in self._folders if each not in folders]:
            self._folders.pop(gone).close()
        self._blind = False
        for path in folders - set(self._folders):
            if folder := _opened(path, self._event):
                self._folders[path] = folder
            else:
                self._blind = True

    def wait(self, seconds: float) -> None:
        """Come back when something changed, or after so long."""
        most = seconds if self._blind else min(seconds, self._blind_every)
        kernel32().WaitForSingleObject(self._event, int(max(0.0, most) * 1000))

    def take(self) -> set[str] | None:
        """Give the paths of what changed; None where nobody knows."""
        found: set[str] = set()
        whole, more = not self._blind, True
        while more:
            more = False
            for path, folder in tuple(self._folders.items()):
                if not folder.is_done():
                    continue
                names = folder.take()
                if names is None:
                    whole = False
                else:
                    found.update(ntpath.join(path, name) for name in names)
                if folder.read():
                    more = True  # this made the event silent, whatever else was done meanwhile
                else:
                    self._folders.pop(path).close()
                    whole = False
        now = time.monotonic()
        if now >= self._next_blind:
            self._next_blind = now + self._blind_every
            whole = False
        return found if whole else None

    def close(self) -> None:
        """Watch no more."""
        for folder in self._folders.values():
            folder.close()
        self._folders.clear()
        kernel32().CloseHandle(self._event)


class _Folder:
    """One folder that is being read, and where Windows puts what it tells."""

    def __init__(self, handle: int, event: int) -> None:
        self._handle, self._event = handle, event
        self._buffer = ctypes.create_string_buffer(_BUFFER)
        self._overlapped = Overlapped()
        self._asked = False

    def read(self) -> bool:
        """Ask for what changes next; say whether Windows will tell."""
        self._overlapped = Overlapped(hEvent=self._event)
        self._asked = bool(
            _calls().ReadDirectoryChangesW(
                *(self._handle, self._buffer, _BUFFER, False, _WANTED, None),
                *(ctypes.byref(self._overlapped), None),
            )
        )
        return self._asked

    def is_done(self) -> bool:
        """Say whether something is told."""
        return int(self._overlapped.Internal) != _PENDING

    def take(self) -> list[str] | None:
        """Give the names of what changed; None where there were too many, or it failed."""
        length = int(self._overlapped.InternalHigh)
        if self._overlapped.Internal or not length:
            return None
        return list(names_in(self._buffer.raw[:length]))

    def close(self) -> None:
        """Let go, once Windows puts nothing there any more.

        What it refused to tell looks as if it were pending, and never ends.
        """
        if self._asked:
            _calls().CancelIoEx(self._handle, ctypes.byref(self._overlapped))
            while not self.is_done():  # the event may speak of another folder
                kernel32().WaitForSingleObject(self._event, _FOR_EVER)
        kernel32().CloseHandle(self._handle)


def names_in(told: bytes) -> Iterator[str]:
    """Give the names in what ReadDirectoryChangesW told."""
    place = 0
    while place + _EVENT.size <= len(told):
        following, _, length = _EVENT.unpack_from(told, place)
        begin = place + _EVENT.size
        yield told[begin : begin + length].decode("utf-16-le", "replace")
        if not following:
            return
        place += following


def _opened(path: str, event: int) -> _Folder | None:
    handle = _calls().CreateFileW(
        *(path or ".", _LIST, _SHARE_ALL, None, _OPEN_EXISTING, _FOLDER_OVERLAPPED, None)
    )
    if handle in {None, INVALID_HANDLE}:
        return None
    folder = _Folder(handle, event)
    if folder.read():
        return folder
    log.debug("folder.not-watched", extra={"path": path, "error": ctypes.get_last_error()})
    kernel32().CloseHandle(handle)
    return None


@cache
def _calls() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    dll = library("kernel32")
    handle, dword, flag = wintypes.HANDLE, wintypes.DWORD, wintypes.BOOL
    pointer = ctypes.POINTER(Overlapped)
    declare(
        dll.CreateFileW,
        *(handle, ctypes.c_wchar_p, dword, dword, ctypes.c_void_p, dword, dword, handle),
    )
    declare(
        dll.ReadDirectoryChangesW,
        *(flag, handle, ctypes.c_void_p, dword, flag, dword, ctypes.c_void_p, pointer),
        ctypes.c_void_p,
    )
    declare(dll.CancelIoEx, flag, handle, pointer)
    return dll
