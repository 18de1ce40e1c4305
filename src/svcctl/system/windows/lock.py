"""A file that only one process at a time can hold: LockFileEx, through the C library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from svcctl.errors import Conflict

_WHERE = 1 << 30  # a lock keeps others from reading what it covers: the pid stands before it


@contextmanager
def lock(path: str) -> Iterator[None]:
    """Hold the file *path*, or raise Conflict with the holder's pid; its death lets go of it."""
    import msvcrt  # noqa: PLC0415 - Windows only

    crt: Any = msvcrt
    os.makedirs(os.path.dirname(path), exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOINHERIT", 0))
    try:
        os.lseek(file, _WHERE, os.SEEK_SET)
        try:
            crt.locking(file, crt.LK_NBLCK, 1)
        except OSError as error:
            os.lseek(file, 0, os.SEEK_SET)
            holder = os.read(file, 32).decode(errors="replace").strip() or "unknown"
            raise Conflict(
                f"another agent already runs here (pid {holder})",
                hint="see it with: svcctl agent status; or set SVCCTL_HOME for a second one",
            ) from error
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)
