"""Pipes that a thread each reads, for systems whose loops cannot wait for a pipe."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress

from svcctl.observe.logs.inlet import Inlet

_PIECE = 64 * 1024
_ENOUGH = 1 << 20  # bytes held before a program has to wait
_PATIENCE = 5.0  # seconds a reader gets to come to what was written last


class ReadPipes:
    """The pipes of one instance."""

    def open(self, stream: str) -> Inlet:
        """See :class:`Inlets`."""
        return _ReadPipe(stream)

    def is_there(self, stream: str) -> bool:
        """No: they end with who reads them."""
        del stream
        return False

    def discard(self, stream: str) -> None:
        """Nothing is left of them."""


class _ReadPipe:
    """A pipe, the thread that reads it, and what it read and nobody took yet."""

    def __init__(self, name: str) -> None:
        self.descriptor: int | None = None
        self._loop = asyncio.get_running_loop()
        self._reader, self._writer = os.pipe()
        self._held = bytearray()
        self._change = threading.Condition()
        self._mark = os.urandom(16)
        self._marked, self._hurry, self._closed = False, False, False
        self._call: Callable[[], None] | None = None
        self._rung = False
        threading.Thread(target=self._fill, name=f"read-{name}", daemon=True).start()

    def writer(self) -> int:
        return os.dup(self._writer)

    def read(self, size: int) -> bytes:
        with self._change:
            if not self._held:
                raise BlockingIOError
            taken = bytes(self._held[:size])
            del self._held[:size]
            self._change.notify_all()
        return taken

    def waiting(self) -> int:
        with self._change:
            return len(self._held)

    def flush(self) -> None:
        """Write a mark, and wait until the thread has come to it: all before it is held then."""
        with self._change:
            self._marked, self._hurry = False, True
            self._change.notify_all()
        os.write(self._writer, self._mark)
        with self._change:
            self._change.wait_for(lambda: self._marked, timeout=_PATIENCE)
            self._hurry = False

    def watch(self, call: Callable[[], None]) -> None:
        with self._change:
            self._call = call
            self._ring()

    def rest(self) -> None:
        """Not needed: the thread gathers while the loop is busy."""

    def unwatch(self) -> None:
        with self._change:
            self._call = None

    def close(self) -> None:
        with self._change:
            self._closed, self._call = True, None
            self._change.notify_all()
        os.close(self._writer)

    def _fill(self) -> None:
        while not self._closed and (piece := os.read(self._reader, _PIECE)):
            with self._change:
                self._change.wait_for(self._may_hold)
                self._held += piece
                self._take_mark(len(piece))
                self._ring()
        os.close(self._reader)

    def _may_hold(self) -> bool:
        return len(self._held) < _ENOUGH or self._hurry or self._closed

    def _take_mark(self, new: int) -> None:
        """Take the mark out of the *new* bytes at the end; it may have begun before them."""
        if not self._hurry:
            return
        start = max(0, len(self._held) - new - len(self._mark))
        at = self._held.find(self._mark, start)
        if at >= 0:
            del self._held[at : at + len(self._mark)]
            self._marked = True
            self._change.notify_all()

    def _ring(self) -> None:
        """Have the loop make the call, once for whatever has come."""
        if self._held and self._call and not self._rung:
            self._rung = True
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        with self._change:
            self._rung, call = False, self._call
        if call:
            call()
        with self._change:
            self._ring()
