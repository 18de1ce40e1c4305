"""How programs that have an endpoint of their own are asked: those of agents, and any other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from svcctl.client.direct import DirectClient
from svcctl.client.local import Connect, LocalClient, SocketConnection
from svcctl.errors import AgentUnreachable, Conflict, TimedOut, UnknownService
from svcctl.ports import Document
from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths
from svcctl.wire import Request

_SPARE = 1.0  # seconds in which a conversation is given up that should have timed out by itself

Trusts = Callable[[int], bool]
"""Says whether a user may speak for a program."""


async def ask_program(
    address: str, verb: str, args: Document, *, within: float, trusts: Trusts
) -> object:
    """See :class:`svcctl.ports.AskProgram`.

    A thread waits for the answer: an agent asks seldom, and by the way commands ask it.
    """
    from svcctl.sdk.waiting import in_thread  # noqa: PLC0415 - who asks no program needs no thread

    connect = connections(lock=address, trusts=trusts)
    request = Request(verb=verb, args=args)

    def conversation() -> object:
        try:
            with LocalClient(address, timeout=within, connect=connect) as program:
                return _asked(program, request)
        except AgentUnreachable as error:
            raise Conflict(
                f"the service does not answer: {error.__cause__ or error.problem}",
                hint="see: svcctl status",
            ) from error

    try:
        async with asyncio.timeout(within + _SPARE):
            return await in_thread(f"ask {address}", conversation)
    except TimeoutError:
        raise TimedOut(f"the service did not answer within {within:g}s") from None


def _asked(program: LocalClient, request: Request) -> object:
    """Give what a program answers, once somebody is there; raises Conflict where he goes away."""
    try:
        return program.ask(request)
    except AgentUnreachable as error:
        raise Conflict(
            "the service went away before it answered", hint="see: svcctl status"
        ) from error
    except TimedOut as error:
        raise TimedOut(error.problem.replace("the agent", "the service")) from error


def _ours(uid: int) -> bool:
    from svcctl.system.posix.account import this_user  # noqa: PLC0415 - not there on Windows

    return uid in {0, this_user()}


def direct_client(paths: Paths, *, timeout: float, trusts: Trusts = _ours) -> DirectClient:
    """Give a client of the services whose endpoints are in the run folder of *paths*."""
    from svcctl.sdk.endpoint.place import address  # noqa: PLC0415 - for who asks by name

    def ask_named(name: str, request: Request) -> object:
        place = address(paths, name)
        connect = connections(lock=paths.lock, trusts=trusts)
        try:
            with LocalClient(place, timeout=timeout, connect=connect) as program:
                return _asked(program, request)
        except AgentUnreachable as error:
            raise UnknownService(
                f"no service {name!r}, and none of that name runs by itself",
                hint="svcctl status shows those that are kept",
            ) from error

    return DirectClient(ask_named)


def connections(*, lock: str, trusts: Trusts) -> Connect:
    """Give what connects to the endpoint of a program that a trusted user runs.

    On Windows the pipe has to be that of who made the file *lock*, ours or one above us.
    """
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.pipe_client import pipe_connections  # noqa: PLC0415

        return pipe_connections(lock)

    def insist(connected: socket.socket) -> None:
        from svcctl.system.posix.local_socket import peer  # noqa: PLC0415 - not there elsewhere

        who = peer(connected)
        if not trusts(who.uid):
            raise PermissionError(f"it is served by user {who.uid}, who is not its own")

    return lambda address, timeout: SocketConnection(address, timeout, insist=insist)
