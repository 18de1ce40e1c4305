"""Reads a file that a definition names: whatever it is, nobody waits and memory is bounded."""

from __future__ import annotations

import errno
import os
import stat

LARGEST = 1024 * 1024
"""Bytes such a file may have: no system gives a program more than that in variables."""


def read(path: str) -> bytes:
    """Give what stands in *path*.

    Raises OSError: also for a pipe, as its writer would have to be waited for, and for more than
    LARGEST bytes.
    """
    with open(path, "rb", opener=_at_once) as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.ESPIPE, "it is a pipe, not a file")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, f"more than {LARGEST // 1024**2} MiB")
    return content


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
