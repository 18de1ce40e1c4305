"""Opens the port of the HTTP interface and closes it in order."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from uvicorn.config import Config
from uvicorn.server import ServerState

from svcctl.errors import SystemFault
from svcctl.server.addresses import insist_on_safety
from svcctl.server.http.behind import Behind
from svcctl.server.http.connection import GuardedProtocol, Limits, Places
from svcctl.server.http.handshakes import Handshakes
from svcctl.server.http.proxies import Proxies

if TYPE_CHECKING:
    from starlette.applications import Starlette

_BACKLOG = 512  # connections that wait to be taken
_LAST_ANSWERS = 5.0  # seconds that answers under way get when the port is closed


@asynccontextmanager
async def served(
    app: Starlette,
    *,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    limits: Limits | None = None,
    proxies: Proxies | None = None,
) -> AsyncIterator[int]:
    """Serve *app* at *host* while the block lasts; give the port, which is chosen where it is 0.

    Raises SpecError for an address others can reach without *tls*, SystemFault where the port
    cannot be had.
    """
    with listening(host, port, safely=tls is not None) as listener:
        async with served_at(app, listener, tls=tls, limits=limits, proxies=proxies):
            yield listener.getsockname()[1]


@contextmanager
def listening(host: str, port: int, *, safely: bool) -> Iterator[socket.socket]:
    """Give a socket that listens while the block lasts: who connects waits until it is served.

    Raises SpecError for an address others can reach unless they do so *safely*, by TLS;
    SystemFault where the port cannot be had.
    """
    insist_on_safety(host, safely=safely)
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        why = os.strerror(number) if number and number > 0 else error
        raise SystemFault(
            f"cannot listen on {host}:{port}: {why}", hint="choose another port"
        ) from error
    with listener:
        # handed on to every connection: asyncio sets it only where a socket names its protocol, and
        # create_server's name none, so that an answer in two parts waits for a late ACK: 40 ms
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


@asynccontextmanager
async def served_at(
    app: Starlette,
    listener: socket.socket,
    *,
    tls: ssl.SSLContext | None,
    limits: Limits | None = None,
    proxies: Proxies | None = None,
) -> AsyncIterator[None]:
    """Serve *app* to those who connect to *listener* while the block lasts.

    *proxies* are taken at their word for whom they hand on.
    """
    limits, proxies = limits or Limits(), proxies or Proxies()
    config = Config(
        Behind(app, proxies, each=limits.per_address) if proxies.networks else app,
        http=GuardedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.ERROR,  # or strangers fill the log with what is no request
        access_log=False,  # what is asked for stands in the audit log
        proxy_headers=False,  # it would believe what a caller has written itself
        timeout_keep_alive=limits.idle,
    )
    config.load()
    state, places = ServerState(), Places(limits, proxies)

    def connection() -> GuardedProtocol:
        return GuardedProtocol(config, state, places)

    handshakes = Handshakes(connection, places=places, tls=tls) if tls else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(handshakes or connection, sock=listener)
    try:
        yield
    finally:
        server.close()
        if handshakes:
            await handshakes.close()
        await _close(state)


async def _close(state: ServerState) -> None:
    """Let answers under way end, streams not; then hang up."""
    for connection in list(state.connections):
        connection.shutdown()
    if state.tasks:
        await asyncio.wait(state.tasks, timeout=_LAST_ANSWERS)
    left = list(state.tasks)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for connection in list(state.connections):
        connection.transport.abort()
