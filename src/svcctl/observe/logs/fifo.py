"""Pipes in the file system, which outlive whoever reads them: fifo(7)."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from svcctl.observe.logs.inlet import Inlet

_PACE, _STREAK = 0.002, 20  # seconds from call to call that are too few, so many times in a row
_REST = 0.001  # seconds that a pipe is left to fill then
_WIDE = 512 * 1024  # bytes; anybody may have 1 MiB a pipe, and 64 MiB in all: pipe(7)


class Fifos:
    """The pipes of *instance* in *folder*; *owner* (uid, gid) is given them."""

    def __init__(self, folder: str, instance: str, *, owner: tuple[int, int] | None) -> None:
        self._folder, self._instance, self._owner = folder, instance, owner

    def open(self, stream: str) -> Inlet:
        """See :class:`Inlets`."""
        os.makedirs(self._folder, mode=0o711, exist_ok=True)
        return _Fifo(self._path(stream), owner=self._owner)

    def is_there(self, stream: str) -> bool:
        """See :class:`Inlets`."""
        return os.path.exists(self._path(stream))

    def discard(self, stream: str) -> None:
        """See :class:`Inlets`."""
        with suppress(FileNotFoundError):
            os.unlink(self._path(stream))

    def _path(self, stream: str) -> str:
        return f"{self._folder}/{self._instance}.{stream}"


class _Fifo:
    """A FIFO that is held open for reading and writing, by us and by the program."""

    def __init__(self, path: str, *, owner: tuple[int, int] | None) -> None:
        self._path = path
        with suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        self.descriptor: int | None = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        try:
            if owner:
                os.fchown(self.descriptor, *owner)
        except OSError:
            os.close(self.descriptor)
            raise
        self._loop = asyncio.get_running_loop()
        self._call: Callable[[], None] | None = None
        self._waking: asyncio.TimerHandle | None = None
        self._came, self._streak = 0.0, 0
        self._wide: bool | None = None

    def writer(self) -> int:
        return os.open(self._path, os.O_RDWR)

    def read(self, size: int) -> bytes:
        assert self.descriptor is not None
        return os.read(self.descriptor, size)

    def waiting(self) -> int:
        import fcntl  # noqa: PLC0415 - not on Windows, where nobody makes a FIFO
        import termios  # noqa: PLC0415

        assert self.descriptor is not None
        told = fcntl.ioctl(self.descriptor, termios.FIONREAD, bytes(4))
        return int.from_bytes(told, sys.byteorder)

    def flush(self) -> None:
        """What was written is in the pipe."""

    def watch(self, call: Callable[[], None]) -> None:
        assert self.descriptor is not None
        self._call = call
        self._loop.add_reader(self.descriptor, call)

    def rest(self) -> None:
        now = self._loop.time()
        self._streak = self._streak + 1 if now - self._came < _PACE else 0
        self._came = now
        if self._streak > _STREAK and self._call and self._is_wide():
            self.unwatch()
            self._waking = self._loop.call_later(_REST, self.watch, self._call)

    def unwatch(self) -> None:
        assert self.descriptor is not None
        if self._waking:
            self._waking.cancel()
        self._loop.remove_reader(self.descriptor)

    def close(self) -> None:
        assert self.descriptor is not None
        os.close(self.descriptor)

    def _is_wide(self) -> bool:
        """Hold more than usual from now on, where the system allows it."""
        assert self.descriptor is not None
        if self._wide is None:
            import fcntl  # noqa: PLC0415 - not on Windows, where nobody makes a FIFO

            try:
                self._wide = fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, _WIDE) >= _WIDE
            except (OSError, AttributeError):  # the user's pipes hold enough already; not Linux
                self._wide = False
        return self._wide
