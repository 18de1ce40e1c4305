"""The door of the local API on Windows: a named pipe, and who may come in."""

from __future__ import annotations

import asyncio

from svcctl.contact import Greet
from svcctl.errors import Denied, SvcctlError
from svcctl.system.windows.kernel import (
    PROCESS_QUERY_LIMITED_INFORMATION,
    close_handle,
    open_process,
)
from svcctl.system.windows.pipes import PipeServer, client_pid
from svcctl.system.windows.security import own_sid, pipe_sddl, sid_of_process


class PipeDoor:
    """Lets askers in at *address*: SYSTEM, administrators and this very account.

    Raises Conflict where somebody serves that address already.
    """

    def __init__(self, address: str) -> None:
        self._server = PipeServer(address, sddl=pipe_sddl(own_sid()))
        self._visits: set[asyncio.Future[None]] = set()

    async def open(self, greet: Greet, *, limit: int) -> None:
        """Have *greet* converse with everyone who comes; *limit*: bytes of the longest line."""

        def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: int) -> None:
            visit = asyncio.ensure_future(greet(reader, writer, lambda: _who_is(handle)))
            self._visits.add(visit)
            visit.add_done_callback(self._visits.discard)

        self._server.open(met, limit=limit)

    def close(self) -> None:
        """Let nobody in any more."""
        self._server.close()


def _who_is(handle: int) -> str:
    """Name the actor at the other end by the SID of its account; the pipe let nobody else in."""
    pid = client_pid(handle)
    process = open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION)
    if process is None:
        return f"pid:{pid}"
    try:
        return f"sid:{sid_of_process(process)}"
    except Denied:
        return f"pid:{pid}"
    except SvcctlError as error:
        raise Denied(f"nobody knows who process {pid} is: {error.problem}") from error
    finally:
        close_handle(process)
