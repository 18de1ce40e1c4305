"""Named pipes that only those named in a security descriptor may open: CreateNamedPipeW."""

from __future__ import annotations

import asyncio
import ctypes
import logging
from collections.abc import Callable
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.errors import Conflict, SvcctlError, SystemFault
from svcctl.system.windows.security import descriptor_of, protect_pipe
from svcctl.system.windows.winapi import (
    ERROR_ACCESS_DENIED,
    INVALID_HANDLE,
    declare,
    fault,
    library,
)

log = logging.getLogger(__name__)

_AGAIN = 0.5  # seconds until an end that Windows refused is asked for once more
_DUPLEX = 0x3
_FIRST = 0x0008_0000  # FILE_FLAG_FIRST_PIPE_INSTANCE
_OVERLAPPED = 0x4000_0000
_WRITE_DAC = 0x0004_0000
_REJECT_REMOTE = 0x8
_UNLIMITED = 255
_BUFFER = 64 * 1024
_ERROR_PIPE_BUSY = 231

Met = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], None]
"""Called with the two ends of a conversation, and the handle of our end."""


class PipeServer:
    """Lets clients in at *address*; only those that *sddl* names, and none from other machines.

    Raises Conflict where somebody serves that address already.  Uses the accepting half of
    asyncio's own pipe server, which takes no security descriptor.
    """

    def __init__(self, address: str, *, sddl: str) -> None:
        self._address, self._sddl = address, sddl
        self._loop: Any = asyncio.get_running_loop()
        self._limit = 0
        self._met: Met | None = None
        self._waiting: asyncio.Future[Any] | None = None
        self._free: Any = self._make(first=True)
        self._closed = False

    def open(self, met: Met, *, limit: int) -> None:
        """Call *met* for everyone who comes; *limit*: bytes of the longest line."""
        self._met, self._limit = met, limit
        self._await_caller()

    def protect(self, sddl: str) -> None:
        """Let in only those that *sddl* names from now on; raises SystemFault, or Denied."""
        protect_pipe(self._free.handle, sddl)  # all ends of a pipe have one descriptor
        self._sddl = sddl

    def close(self) -> None:
        """Let nobody in any more."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.cancel()
        self._free.close()

    def _await_caller(self) -> None:
        try:
            self._waiting = self._loop._proactor.accept_pipe(self._free)
        except OSError:
            self._loop.call_soon(self._renew, self._free, True)
        else:
            assert self._waiting is not None
            self._waiting.add_done_callback(self._come)

    def _come(self, done: asyncio.Future[Any]) -> None:
        if not done.cancelled():
            self._renew(self._free, done.exception() is not None)

    def _renew(self, taken: Any, gone: bool) -> None:  # noqa: ANN401
        """Have another end of the pipe ready before the *taken* one is used, or given up.

        Were there none at all for an instant, anybody could serve our address.
        """
        if self._closed:
            return
        try:
            self._free = self._make(first=False)
        except SvcctlError as error:
            log.warning("pipe.busy", extra={"address": self._address, "problem": error.problem})
            self._loop.call_later(_AGAIN, self._renew, taken, gone)
            return
        if gone:  # who called did not wait
            taken.close()
        else:
            self._converse(taken)
        self._await_caller()

    def _converse(self, pipe: Any) -> None:  # noqa: ANN401
        reader = asyncio.StreamReader(limit=self._limit, loop=self._loop)
        handle = pipe.fileno()

        def begun(ours: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert self._met is not None
            self._met(ours, writer, handle)

        protocol = asyncio.StreamReaderProtocol(reader, begun, loop=self._loop)
        self._loop._make_duplex_pipe_transport(pipe, protocol)

    def _make(self, *, first: bool) -> Any:  # noqa: ANN401
        from asyncio import windows_utils  # noqa: PLC0415 - Windows only

        with descriptor_of(self._sddl) as attributes:
            handle = _calls().CreateNamedPipeW(
                self._address,
                _DUPLEX | _OVERLAPPED | _WRITE_DAC | (_FIRST if first else 0),
                _REJECT_REMOTE,
                _UNLIMITED,
                _BUFFER,
                _BUFFER,
                0,
                ctypes.byref(attributes),
            )
        if handle in {None, INVALID_HANDLE}:
            code = ctypes.get_last_error()
            if first and code in {ERROR_ACCESS_DENIED, _ERROR_PIPE_BUSY}:
                raise Conflict(
                    f"somebody serves '{self._address}' already", hint="svcctl agent status"
                )
            raise fault(f"cannot listen at '{self._address}'", code)
        utils: Any = windows_utils
        return utils.PipeHandle(handle)


def client_pid(handle: int) -> int:
    """Give the process at the other end of a pipe; raises SystemFault where Windows cannot tell."""
    pid = wintypes.ULONG()
    if not _calls().GetNamedPipeClientProcessId(handle, ctypes.byref(pid)):
        raise SystemFault("Windows does not tell who is at the other end of a pipe")
    return pid.value


@cache
def _calls() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    dll = library("kernel32")
    dword, handle = wintypes.DWORD, wintypes.HANDLE
    declare(
        dll.CreateNamedPipeW,
        handle,
        *(ctypes.c_wchar_p, dword, dword, dword, dword, dword, dword, ctypes.c_void_p),
    )
    declare(dll.GetNamedPipeClientProcessId, wintypes.BOOL, handle, ctypes.POINTER(wintypes.ULONG))
    return dll
