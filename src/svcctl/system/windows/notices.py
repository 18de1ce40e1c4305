"""Listens to what programs say of themselves on Windows: sd_notify(3) over a named pipe.

A program opens ``%NOTIFY_SOCKET%`` as a file, writes lines such as ``READY=1`` and closes it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

from svcctl.contact import Notice
from svcctl.ports import Cancel
from svcctl.system.windows.pipes import PipeServer
from svcctl.system.windows.security import own_sid, pipe_sddl

_LONGEST = 1 << 16
_LET_IN = 0  # the pipe's access list vouches for whoever could open it


class WindowsNoticeBoard:
    """One pipe for each instance of the agent called *agent*; open to its own account."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._cancels: dict[str, Cancel] = {}
        self._visits: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Stop listening to everyone."""
        for cancel in tuple(self._cancels.values()):
            cancel()

    def listen(self, instance: str, call: Callable[[Notice], None]) -> tuple[str, Cancel]:
        """Give the address for NOTIFY_SOCKET; replaces who listened for *instance*."""
        before = self._cancels.get(instance)
        if before is not None:
            before()
        digest = hashlib.blake2b(instance.encode(), digest_size=8).hexdigest()
        address = rf"\\.\pipe\svcctl-notify-{self._agent}-{digest}"
        server = PipeServer(address, sddl=pipe_sddl(own_sid()))
        open_now = True

        def cancel() -> None:
            nonlocal open_now
            if open_now:
                open_now = False
                server.close()
                self._cancels.pop(instance, None)

        def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: int) -> None:
            del handle
            visit = asyncio.ensure_future(_hear(reader, writer, call))
            self._visits.add(visit)
            visit.add_done_callback(self._visits.discard)

        server.open(met, limit=_LONGEST)
        self._cancels[instance] = cancel
        return address, cancel


async def _hear(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, call: Callable[[Notice], None]
) -> None:
    try:
        said = await reader.read(_LONGEST)
        while piece := await reader.read(_LONGEST):
            said += piece
    except (ConnectionError, OSError):
        return
    finally:
        writer.close()
    lines = said.decode(errors="replace").splitlines()
    fields = {key: value for key, _, value in (line.partition("=") for line in lines) if key}
    if fields:
        call(Notice(fields=fields, uid=_LET_IN))
