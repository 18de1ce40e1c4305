"""The asking end of the local API on Windows: a blocking conversation over a named pipe."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.system.windows.winapi import declare, library

_ERROR_PIPE_BUSY = 231
_PIECE = 64 * 1024
_LOOK_AGAIN = 0.005  # seconds between two looks at a pipe that is read with a time-out
_PATIENCE = 5.0  # seconds in which a busy server must have an instance free


class PipeConnection:
    """A conversation with whoever serves the pipe *address*; see client.local.Connection.

    Raises OSError as a socket would, and TimeoutError after *timeout* seconds without an answer.
    """

    def __init__(self, address: str, timeout: float | None) -> None:
        self._timeout = timeout
        self._pipe = _open(address, time.monotonic() + (timeout or _PATIENCE))

    def send(self, content: bytes) -> None:
        """Say *content*."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._pipe, rest[:_PIECE]) :]

    def lines(self) -> Iterator[bytes]:
        """Give what is answered, line by line, until the other end hangs up."""
        held = b""
        while piece := self._read():
            *whole, held = (held + piece).split(b"\n")
            yield from (line + b"\n" for line in whole)
        if held:
            yield held

    def close(self) -> None:
        """Hang up."""
        os.close(self._pipe)

    def _read(self) -> bytes:
        if self._timeout is not None:
            self._await_answer(self._timeout)
        try:
            return os.read(self._pipe, _PIECE)
        except BrokenPipeError:
            return b""

    def _await_answer(self, timeout: float) -> None:
        """Wait until something can be read: a read itself knows no time-out."""
        import msvcrt  # noqa: PLC0415 - Windows only

        crt: Any = msvcrt
        handle = crt.get_osfhandle(self._pipe)
        waiting = wintypes.DWORD()
        deadline = time.monotonic() + timeout
        while _peek()(handle, None, 0, None, ctypes.byref(waiting), None) and not waiting.value:
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(_LOOK_AGAIN)


def _open(address: str, deadline: float) -> int:
    binary = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
    while True:
        try:
            return os.open(address, os.O_RDWR | binary)
        except OSError as error:
            busy = getattr(error, "winerror", 0) == _ERROR_PIPE_BUSY or error.errno == 22  # EINVAL
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN)


@cache
def _peek() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    pointer = ctypes.c_void_p
    return declare(
        library("kernel32").PeekNamedPipe,
        wintypes.BOOL,
        *(wintypes.HANDLE, pointer, wintypes.DWORD, pointer, pointer, pointer),
    )
