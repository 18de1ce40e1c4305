"""Writes records to a file that is put aside when it is full."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable

from svcctl.errors import SystemFault, quoted
from svcctl.sdk.logs.forks import renew_after_fork
from svcctl.sdk.logs.losses import Losses, Told, on_stderr

_MODE = 0o640
_AGAIN = 1.0  # seconds until a rotation that was refused is tried again
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)


class RotatingFile:
    """Writes each record with one write(2) to *path*: what was written survives a ``kill -9``.

    A file that would outgrow *max_size* bytes becomes ``PATH.000001`` and so on, the highest number
    the newest, by one rename: a crash at any point loses and doubles nothing.  The *keep* newest
    are kept.  Where the rename is refused, as on Windows while somebody reads the file, it grows
    on and is put aside later.  What the disk does not take is cut off again, counted, and told once
    a minute.  One process at a time may write to a file.
    """

    def __init__(
        self,
        path: str,
        *,
        clock: Callable[[], float],
        max_size: int = 50 << 20,
        keep: int = 5,
        tell: Told = on_stderr,
    ) -> None:
        """Open *path*; raises SystemFault where that is not possible."""
        self._path = os.path.abspath(path)
        self._folder, self._name = os.path.split(self._path)
        self._max_size, self._keep, self._clock = max_size, keep, clock
        self._lock = threading.RLock()
        self._losses = Losses(f"file {quoted(path)}", clock=clock, tell=tell)
        self._file, self._size, self._again, self._closed = -1, 0, 0.0, False
        try:
            self._open()
        except OSError as error:
            problem = f"log file {quoted(path)} cannot be opened: {error.strerror}"
            raise SystemFault(problem, hint="see who may write to its folder") from error
        renew_after_fork(self)

    @property
    def dropped(self) -> int:
        """How many records could not be written so far."""
        return self._losses.total

    def write(self, record: bytes, level: int) -> None:
        """Write it whole before coming back; several at once if each ends in a line feed."""
        del level
        with self._lock:
            if self._size + len(record) > self._max_size or self._file < 0:
                self._make_room()
            written = 0
            try:
                while written < len(record):  # more than once where the disk is nearly full
                    written += os.write(self._file, record[written:] if written else record)
                self._size += written
            except OSError as error:
                self._lose(record, error, torn=written)

    def flush(self) -> None:
        """Nothing waits here."""
        with self._lock:
            self._losses.tell()

    def close(self) -> None:
        """Have the system write the file to its disk, and close it."""
        with self._lock:
            self._closed = True
            if self._file >= 0:
                self._let_go(to_disk=True)
            self._losses.tell(now=True)

    def renew(self) -> None:
        """Begin anew in a forked child, which shares the file but not the lock."""
        self._lock = threading.RLock()

    def _open(self) -> None:
        os.makedirs(self._folder, exist_ok=True)
        self._file = os.open(self._path, _FLAGS, _MODE)
        self._size = os.fstat(self._file).st_size
        if self._size and not self._ends_whole():
            self._size += os.write(self._file, b"\n")

    def _ends_whole(self) -> bool:
        """Say whether the last record has its end: the machine may have gone down in its midst."""
        with open(self._path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _make_room(self) -> None:
        """Put the file aside if it is full, and see that one is open."""
        if self._closed:
            return
        try:
            if self._file >= 0 and self._size and self._clock() >= self._again:
                self._let_go()
                self._put_aside()
            if self._file < 0:
                self._open()
        except OSError as error:
            self._losses.count(0, error.strerror)  # what is lost by it counts where it is written

    def _put_aside(self) -> None:
        numbers = self._numbers()
        try:
            os.rename(self._path, self._numbered(max(numbers, default=0) + 1))
        except OSError:  # somebody reads it on Windows: it grows on
            self._again = self._clock() + _AGAIN
            return
        for old in sorted(numbers)[: max(0, len(numbers) + 1 - self._keep)]:
            self._delete(self._numbered(old))

    def _numbers(self) -> list[int]:
        pattern = re.compile(re.escape(self._name) + r"\.(\d{6,})")
        found = (pattern.fullmatch(each) for each in os.listdir(self._folder))
        return [int(each[1]) for each in found if each]

    def _numbered(self, number: int) -> str:
        return f"{self._path}.{number:06d}"

    def _delete(self, path: str) -> None:
        try:
            os.unlink(path)
        except OSError:  # somebody reads it on Windows: the next rotation tries again
            return

    def _lose(self, record: bytes, error: OSError, *, torn: int) -> None:
        """Count *record*, and take back the *torn* bytes of it: they would spoil the next one."""
        self._losses.count(record.count(b"\n"), error.strerror)
        self._losses.tell()
        if not torn:
            return
        try:
            if os.fstat(self._file).st_size == self._size + torn:  # nobody else wrote meanwhile
                os.ftruncate(self._file, self._size)
                return
        except OSError as refused:
            self._losses.count(0, refused.strerror)
        self._let_go()  # whoever opens it again gives the torn one an end

    def _let_go(self, *, to_disk: bool = False) -> None:
        file, self._file = self._file, -1
        try:
            if to_disk:
                os.fsync(file)
        except OSError as error:
            self._losses.count(0, error.strerror)
        finally:
            os.close(file)
