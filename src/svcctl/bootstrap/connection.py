"""How an agent or a host on this machine is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.client.local import LocalClient
from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths
from svcctl.wire import LONGEST

if TYPE_CHECKING:  # most commands do without a loop
    import asyncio


def client_of(where: Paths, *, timeout: float | None) -> LocalClient:
    """Give a client of the agent or host with the folders *where*; it connects when entered."""
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.pipe_client import pipe_connections  # noqa: PLC0415

        return LocalClient(where.socket, timeout=timeout, connect=pipe_connections(where.lock))
    return LocalClient(where.socket, timeout=timeout)


async def streams_to(where: Paths) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the agent or host with the folders *where*, from within a loop; raises OSError."""
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.pipe_client import open_streams as open_pipe  # noqa: PLC0415

        return await open_pipe(where.socket, lock=where.lock, limit=LONGEST)
    from svcctl.system.posix.local_socket import open_streams  # noqa: PLC0415

    return await open_streams(where.socket, limit=LONGEST)
