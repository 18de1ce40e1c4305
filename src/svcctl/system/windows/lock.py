"""Locks that die with the process which holds them: LockFileEx, through the C library."""

from __future__ import annotations

import os
from typing import Any

_WHERE = 1 << 30  # a lock keeps others from reading what it covers: the note stands before it


def open_lock(path: str, *, mode: int) -> int:
    """Open the file *path* to lock it; it is made where there is none, as its folder allows."""
    own = getattr(os, "O_NOINHERIT", 0) | getattr(os, "O_BINARY", 0)
    return os.open(path, os.O_RDWR | os.O_CREAT | own, mode)


def lock_file(descriptor: int) -> None:
    """Lock an open file; raises BlockingIOError where somebody else has locked it."""
    import msvcrt  # noqa: PLC0415 - Windows only

    crt: Any = msvcrt
    os.lseek(descriptor, _WHERE, os.SEEK_SET)
    try:
        crt.locking(descriptor, crt.LK_NBLCK, 1)
    except OSError as error:
        raise BlockingIOError(error.errno, error.strerror) from error
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
