"""Where a service host writes to: Windows gives a service no stdin, stdout or stderr."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LARGEST_LOG = 1 << 20
"""Bytes of a host's own log; one older log of that size is kept beside it."""


def host_log(state: str) -> str:
    """Give the log of the host whose state folder is *state*: its own words, not the program's."""
    return os.path.join(state, "host.log")


def open_streams(path: str, *, limit: int = LARGEST_LOG) -> None:
    """Give this process a stdin that is empty, and a stdout and stderr that end up in *path*.

    Their descriptors 0, 1 and 2 as well, for those who know nothing of ``sys``.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    log = BoundedLog(path, limit=limit)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
    sys.stdout = sys.stderr = log_stream(log)


def log_stream(log: BoundedLog) -> TextIO:
    """Give a text stream into *log* that hands on every line, whatever is in it."""
    raw = cast("io.BufferedWriter", log)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)


class BoundedLog(io.RawIOBase):
    """A file that is appended to; once it holds *limit* bytes it is put aside as ``PATH.1``.

    It is copied and emptied, because on Windows an open file cannot be renamed.  What cannot be
    written is lost: a full disk must not end a service.
    """

    def __init__(self, path: str, *, limit: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._path, self._limit = path, limit
        self._descriptor = os.open(path, flags, 0o640)

    def fileno(self) -> int:
        """Give the descriptor of the file, always the same."""
        return self._descriptor

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Append *content*, as far as the disk lets us; give its size."""
        piece = memoryview(content).cast("B")
        if os.fstat(self._descriptor).st_size + len(piece) > self._limit:
            self._put_aside()
        with suppress(OSError):
            os.write(self._descriptor, piece)
        return len(piece)

    def _put_aside(self) -> None:
        older = f"{self._path}.1"
        with suppress(OSError), open(self._path, "rb") as full, open(older, "wb") as kept:
            kept.write(full.read())
        os.ftruncate(self._descriptor, 0)
