"""The door of the local API on Windows: a named pipe, and who may come in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from functools import partial

from svcctl.contact import Greet
from svcctl.errors import Denied, NotAvailable, SvcctlError
from svcctl.system.windows.kernel import (
    PROCESS_QUERY_LIMITED_INFORMATION,
    close_handle,
    open_process,
)
from svcctl.system.windows.pipes import PipeServer, client_pid
from svcctl.system.windows.security import own_sid, pipe_sddl, sid_of_process

_SID = re.compile(r"sid:(S-1(?:-[0-9]+)+)")


class PipeDoor:
    """Lets askers in at *address*: SYSTEM, administrators and this very account, and admitted ones.

    Raises Conflict where somebody serves that address already.
    """

    def __init__(self, address: str) -> None:
        self._server = PipeServer(address, sddl=pipe_sddl(own_sid()))
        self._visits: set[asyncio.Future[None]] = set()
        self._has_callers = False

    async def open(self, greet: Greet, *, limit: int) -> None:
        """Have *greet* converse with everyone who comes; *limit*: bytes of the longest line."""

        def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: int) -> None:
            visit = asyncio.ensure_future(greet(reader, writer, partial(self._who_is, handle)))
            self._visits.add(visit)
            visit.add_done_callback(self._visits.discard)

        self._server.open(met, limit=limit)

    def admit(self, actors: Collection[str]) -> None:
        """See :class:`svcctl.contact.GuardedDoor`; NotAvailable for who is no SID of an account."""
        found = {each: _SID.fullmatch(each) for each in sorted(actors)}
        unknown = [each for each, sid in found.items() if sid is None]
        if unknown:
            raise NotAvailable(
                f"{unknown[0]!r} cannot be let in on Windows",
                hint="accounts are called by their SID there, such as 'sid:S-1-5-19'",
            )
        callers = [sid[1] for sid in found.values() if sid and sid[1] != own_sid()]
        self._server.protect(pipe_sddl(own_sid(), callers=callers))
        self._has_callers = bool(callers)

    def close(self) -> None:
        """Let nobody in any more."""
        self._server.close()

    def _who_is(self, handle: int) -> str:
        """Name the actor at the other end: while only peers are let in, it may hide its account."""
        pid = client_pid(handle)
        actor = _actor_of(pid)
        if self._has_callers and not actor.startswith("sid:"):
            raise Denied(f"nobody knows who process {pid} is, and not all may do everything")
        return actor


def _actor_of(pid: int) -> str:
    """Name the actor that a process is by the SID of its account, by its number where it hides."""
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
