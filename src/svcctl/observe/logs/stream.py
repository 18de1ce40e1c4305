"""Moves one stream of a program from its pipe into files, inside the kernel.

The pipe is a FIFO that both ends hold open for reading and writing: the program itself holds a
reader, so it never gets SIGPIPE when no agent lives, and what it wrote waits for the next agent.
splice(2) moves bytes from pipe to file in one system call: at no instant are they in the memory of
a process that could be killed.  See pipe(7), fifo(7), splice(2), tee(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable

from svcctl.observe.logs.index import IndexWriter

_CHUNK = 1 << 20
_PEEK = 64 * 1024  # a pipe holds no more
_LONGEST_LINE = 1 << 20  # bytes past the limit after which even an unfinished line is cut
_NONBLOCK = 2  # SPLICE_F_NONBLOCK


class Stream:
    """One FIFO and the file its content goes to."""

    def __init__(self, *, fifo: str, path: str, owner: tuple[int, int] | None) -> None:
        self.path = path
        self._fifo = fifo
        if not os.path.exists(fifo):  # noqa: PTH110
            os.mkfifo(fifo, 0o600)
            if owner:
                os.chown(fifo, *owner)
        self.pipe = os.open(fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._move = self._splice if hasattr(os, "splice") else self._copy
        self._open()

    def _open(self) -> None:
        # splice(2) refuses files opened with O_APPEND
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self.size = os.lseek(self.file, 0, os.SEEK_END)
        self._index = IndexWriter(f"{self.path}.idx")

    def writer(self) -> int:
        """Give a descriptor for the program; it blocks when the pipe is full."""
        return os.open(self._fifo, os.O_RDWR | os.O_CLOEXEC)

    def pump(self, now_ns: Callable[[], int]) -> int:
        """Move what waits, at most one pipe full; give the bytes moved, 0 if none waited.

        Raises OSError where the file cannot be written; nothing is lost then.
        """
        try:
            moved = self._move(_CHUNK)
        except BlockingIOError:
            return 0
        self._index.note(self.size, now_ns())
        self.size += moved
        return moved

    def finish_line(self, limit: int) -> bool:
        """Move the rest of the unfinished line, and no more; True where the file may be rotated."""
        if self.ends_with_newline():
            return True
        waiting = peek(self.pipe)
        rest = waiting.find(b"\n") + 1
        if not waiting:
            return False
        try:
            self.size += self._move(rest or len(waiting))
        except BlockingIOError:
            return False
        return self.ends_with_newline() or self.size > limit + _LONGEST_LINE

    def ends_with_newline(self) -> bool:
        """The file's last line is complete."""
        return self.size == 0 or os.pread(self.file, 1, self.size - 1) == b"\n"

    def rotate(self, name: str) -> None:
        """Keep the file as *name* and go on with a new one."""
        os.replace(f"{self.path}.idx", f"{name}.idx")  # noqa: PTH105
        os.replace(self.path, name)  # noqa: PTH105
        self._index.close()
        os.close(self.file)
        self._open()

    def close(self) -> None:
        """Let go; what waits in the pipe stays there as long as a program holds it."""
        self._index.close()
        os.close(self.file)
        os.close(self.pipe)

    def _splice(self, count: int) -> int:
        try:
            return os.splice(self.pipe, self.file, count, flags=_NONBLOCK)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        self._move = self._copy  # this file system cannot be spliced to
        return self._copy(count)

    def _copy(self, count: int) -> int:
        received = os.read(self.pipe, min(count, _PEEK))
        written = 0
        while written < len(received):
            written += os.write(self.file, received[written:])
        return written


def peek(pipe: int) -> bytes:
    """Give what waits in *pipe* without taking it (tee(2) into a pipe of our own)."""
    tee = ctypes.CDLL(None, use_errno=True).tee
    read_end, write_end = os.pipe()
    try:
        count = tee(pipe, write_end, _PEEK, _NONBLOCK)
        return os.read(read_end, count) if count > 0 else b""
    finally:
        os.close(read_end)
        os.close(write_end)
