"""The asking end of the local API on Windows: a blocking conversation over a named pipe."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from svcctl.errors import SvcctlError
from svcctl.system.windows.security import (
    insist_it_is_ours,
    may_own,
    own_sid,
    owner_of,
    owner_of_pipe,
    sid_of_new_things,
)

if TYPE_CHECKING:
    import asyncio

_ERROR_PIPE_BUSY = 231
_PIECE = 64 * 1024
_PATIENCE = 5.0  # seconds in which a busy server must have an end free
_FOR_EVER = 0xFFFF_FFFF

# SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION: whoever serves may see who we are, and not act
# as us, see CreateFileW.
_ONLY_IDENTIFY = 0x0011_0000


# FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES.  GENERIC_WRITE would ask for the right to serve the pipe
# as well (FILE_CREATE_PIPE_INSTANCE), which not all have who may converse: see CreateNamedPipeW.
_SAY = 0x0102


class _Overlapped(Protocol):
    """An operation that goes on meanwhile; see CPython's _winapi."""

    event: int

    def cancel(self) -> None: ...
    def getbuffer(self) -> bytes | None: ...
    def GetOverlappedResult(self, wait: bool, /) -> tuple[int, int]: ...  # noqa: N802


class PipeConnection:
    """A conversation with whoever serves the pipe *address*; see client.local.Connection.

    Raises OSError as a socket would, TimeoutError after *timeout* seconds without an answer, and
    PermissionError where the pipe is not that of the agent which holds the file *lock*: any user
    can serve an address that no agent serves.  Every wait is over at Ctrl-C, which it would not
    be in a plain read of a file.
    """

    def __init__(self, address: str, timeout: float | None, *, lock: str) -> None:
        self._timeout = timeout
        self._pipe = _open(address, time.monotonic() + (timeout or _PATIENCE))
        try:
            _insist_it_is_ours(self._pipe, lock)
        except BaseException:
            self.close()
            raise

    def send(self, content: bytes) -> None:
        """Say *content*."""
        rest = memoryview(content)
        while rest:
            started, _ = _api().WriteFile(self._pipe, rest[:_PIECE], overlapped=True)
            rest = rest[self._wait(started) :]

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
        _api().CloseHandle(self._pipe)

    def _read(self) -> bytes:
        try:
            started, _ = _api().ReadFile(self._pipe, _PIECE, overlapped=True)
            size = self._wait(started)
            return bytes(started.getbuffer()[:size])
        except BrokenPipeError:
            return b""

    def _wait(self, started: _Overlapped) -> int:
        """Wait for the end of an operation; give the bytes it moved."""
        limit = _FOR_EVER if self._timeout is None else max(1, int(self._timeout * 1000))
        try:
            ended = _api().WaitForMultipleObjects([started.event], False, limit)
            if ended == _api().WAIT_TIMEOUT:
                raise TimeoutError
        except BaseException:
            started.cancel()
            with suppress(OSError):
                started.GetOverlappedResult(True)
            raise
        moved, _ = started.GetOverlappedResult(True)
        return moved


async def open_streams(
    address: str, *, lock: str, limit: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Give both ways of a conversation over a pipe to a loop that has others to attend to.

    See :class:`PipeConnection`; one that is busy is an OSError at once.  *limit*: bytes of the
    longest line.
    """
    import asyncio  # noqa: PLC0415 - not for short commands
    from asyncio import windows_utils  # noqa: PLC0415

    handle = _open(address, time.monotonic())
    try:
        _insist_it_is_ours(handle, lock)
    except BaseException:
        _api().CloseHandle(handle)
        raise
    utils: Any = windows_utils
    loop: Any = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = loop._make_duplex_pipe_transport(utils.PipeHandle(handle), protocol)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def pipe_connections(lock: str) -> partial[PipeConnection]:
    """Give what connects to the pipe of the agent that holds the file *lock*."""
    return partial(PipeConnection, lock=lock)


def _open(address: str, deadline: float) -> int:
    api = _api()
    while True:
        try:
            handle: int = api.CreateFile(
                address,
                api.GENERIC_READ | _SAY,
                0,
                api.NULL,
                api.OPEN_EXISTING,
                api.FILE_FLAG_OVERLAPPED | _ONLY_IDENTIFY,
                api.NULL,
            )
        except OSError as error:
            left = int((deadline - time.monotonic()) * 1000)
            if getattr(error, "winerror", 0) != _ERROR_PIPE_BUSY or left <= 0:
                raise
            with suppress(OSError):  # where the wait failed, the next open tells why
                api.WaitNamedPipe(address, left)
        else:
            return handle


def _insist_it_is_ours(pipe: int, lock: str) -> None:
    """Refuse who is neither us, SYSTEM nor an administrator, nor made the lock in our folder."""
    owner = owner_of_pipe(pipe)
    if owner is None or any(may_own(owner, own, above=False) for own in _ours()):
        return
    with suppress(SvcctlError):  # there is none, or somebody else laid it out
        insist_it_is_ours(os.path.dirname(lock))
        if owner == owner_of(lock):
            return
    raise PermissionError(errno.EACCES, f"it is served by {owner}, who is not its agent")


def _ours() -> tuple[str, str]:
    return own_sid(), sid_of_new_things()


def _api() -> Any:  # noqa: ANN401 (other systems know nothing of it)
    import _winapi  # noqa: PLC0415 - Windows only

    return _winapi
