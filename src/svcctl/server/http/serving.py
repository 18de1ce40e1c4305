"""Opens the port of the HTTP interface and closes it in order."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

from uvicorn.config import Config
from uvicorn.server import ServerState

from svcctl.errors import SpecError, SystemFault
from svcctl.server.http.guarded import Crowd, GuardedProtocol, Limits

if TYPE_CHECKING:
    from starlette.applications import Starlette

_HANDSHAKE = 5.0  # seconds
_LAST_ANSWERS = 5.0  # seconds that answers under way get when the port is closed


@asynccontextmanager
async def served(
    app: Starlette,
    *,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    limits: Limits | None = None,
) -> AsyncIterator[int]:
    """Serve *app* at *host* while the block lasts; give the port, which is chosen where it is 0.

    Raises SpecError for an address others can reach without *tls*, SystemFault where the port
    cannot be had.
    """
    if tls is None and not is_loopback(host):
        raise SpecError(
            f"{host!r} can be reached from other machines, and there is no TLS",
            hint="give a certificate, or listen on 127.0.0.1",
        )
    limits = limits or Limits()
    config = Config(
        app,
        http=GuardedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        timeout_keep_alive=limits.idle,
    )
    config.load()
    state, crowd = ServerState(), Crowd(limits)
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(
            lambda: GuardedProtocol(config, state, crowd),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=_HANDSHAKE if tls else None,
        )
    except OSError as error:
        raise SystemFault(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            hint="choose another port",
        ) from error
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await _close(state)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches *host*; a name is taken for one others reach."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
