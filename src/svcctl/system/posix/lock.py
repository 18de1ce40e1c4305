"""Locks that die with the process which holds them: flock(2)."""

from __future__ import annotations

import fcntl
import os


def open_lock(path: str, *, mode: int) -> int:
    """Open the file *path* to lock it; it is made with *mode* where there is none.

    Raises OSError for a link: others could lead what is written there elsewhere.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, mode)


def lock_file(descriptor: int) -> None:
    """Lock an open file; raises BlockingIOError where somebody else has locked it."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
