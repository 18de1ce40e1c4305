"""Moves one stream of a program from its pipe into files, inside the kernel.

The pipe is a FIFO that both ends hold open for reading and writing: the program itself holds a
reader, so it never gets SIGPIPE when no agent lives, and what it wrote waits for the next agent.
splice(2) moves bytes from pipe to file in one system call: at no instant are they in the memory of
a process that could be killed.  See pipe(7), fifo(7), splice(2), tee(2).

Where the system or the file system has no splice, bytes are read and written instead; what an
agent has read and not yet written is then lost when it is killed.
"""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import suppress

from svcctl.observe.logs.index import IndexWriter, first_time
from svcctl.observe.logs.inlet import Inlet
from svcctl.observe.logs.lines import LONGEST
from svcctl.observe.logs.shared import open_shared, read_at

_CHUNK = 1 << 20
_PIPE = 64 * 1024  # bytes a pipe holds unless somebody made it larger
_NONBLOCK = 2  # SPLICE_F_NONBLOCK


class Stream:
    """One pipe and the file its content goes to.

    Every method that writes raises OSError where the file cannot be written; nothing is lost then,
    and the call can be repeated.  So does the making of one; *inlet* is then still the caller's.
    """

    def __init__(self, inlet: Inlet, *, path: str) -> None:
        self.inlet, self.path = inlet, path
        self._copies = inlet.descriptor is None or not hasattr(os, "splice")
        self._held = b""
        self._open()

    def _open(self) -> None:
        # splice(2) refuses files opened with O_APPEND
        self.file = open_shared(self.path, os.O_RDWR | os.O_CREAT)
        self.size = os.lseek(self.file, 0, os.SEEK_END)
        self._index = IndexWriter(f"{self.path}.idx")

    @property
    def _pipe(self) -> int:
        assert self.inlet.descriptor is not None
        return self.inlet.descriptor

    @property
    def holds(self) -> bool:
        """Bytes were read and not yet written, so that the pipe alone does not tell of them."""
        return bool(self._held)

    def born(self) -> float | None:
        """Give when the oldest byte of the file was captured; None where the file is empty."""
        if self.size == 0:
            return None
        return first_time(f"{self.path}.idx") or os.fstat(self.file).st_mtime

    def pump(self, now_ns: int) -> int:
        """Move what waits, at most one pipe full; give the bytes moved, 0 if none waited."""
        self._notice_cut()
        return self._move(_CHUNK, now_ns)

    def _notice_cut(self) -> None:
        """Go on at the end of a file that somebody emptied, instead of leaving a hole in it."""
        if os.fstat(self.file).st_size < self.size:
            self.size = os.lseek(self.file, 0, os.SEEK_END)

    def break_line(self) -> int:
        """End a line that was left unfinished, if nothing of it waits; give the bytes written."""
        if self.may_rotate(self.size) or self._look():
            return 0
        written = os.write(self.file, b"\n")
        self.size += written
        return written

    def finish_line(self, now_ns: int) -> int:
        """Move the rest of the unfinished line, and no more; give the bytes moved."""
        waiting = self._look()
        rest = waiting.find(b"\n") + 1
        return self._move(rest or len(waiting), now_ns) if waiting else 0

    def may_rotate(self, limit: int) -> bool:
        """The last line is complete, or so much longer than *limit* that it must be cut."""
        if self.size == 0 or self.size > limit + LONGEST:
            return True
        return read_at(self.file, 1, self.size - 1) == b"\n"

    def rotate(self, name: str) -> None:
        """Keep the file as *name* and go on with a new one.

        The index goes first: where an agent is killed in between, it can be told from its number
        that it belongs to the file still being written.
        """
        file, index = self.file, self._index
        with suppress(FileNotFoundError):  # nothing was noted, or somebody deleted it
            os.rename(f"{self.path}.idx", f"{name}.idx")
        with suppress(FileNotFoundError):
            os.rename(self.path, name)
        self._open()
        index.close()
        os.close(file)

    def close(self) -> None:
        """Let go; what waits in the pipe stays there as long as a program holds it."""
        self._index.close()
        os.close(self.file)
        self.inlet.close()

    def _move(self, count: int, now_ns: int) -> int:
        try:
            moved = self._copy(count) if self._copies else self._splice(count)
        except BlockingIOError:
            return 0
        self._index.note(self.size, now_ns)
        self.size += moved
        return moved

    def _splice(self, count: int) -> int:
        try:
            return os.splice(self._pipe, self.file, count, flags=_NONBLOCK)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        self._copies = True  # this file system cannot be spliced to
        return self._copy(count)

    def _copy(self, count: int) -> int:
        self._held = self._held or self.inlet.read(_PIPE)
        written = os.write(self.file, self._held[:count])
        self._held = self._held[written:]
        return written

    def _look(self) -> bytes:
        """Give what comes next, without moving it."""
        if not self._copies:
            return _peek(self._pipe)
        with suppress(BlockingIOError):
            self._held = self._held or self.inlet.read(_PIPE)
        return self._held


def _peek(pipe: int) -> bytes:
    """Give what waits in *pipe* without taking it: tee(2) into a pipe of our own."""
    tee = ctypes.CDLL(None, use_errno=True).tee
    read_end, write_end = os.pipe()
    try:
        count = tee(pipe, write_end, ctypes.c_size_t(_PIPE), _NONBLOCK)
        return os.read(read_end, count) if count > 0 else b""
    finally:
        os.close(read_end)
        os.close(write_end)
