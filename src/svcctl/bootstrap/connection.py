"""How an agent or a host on this machine is reached."""

from __future__ import annotations

from svcctl.client.local import LocalClient
from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths


def client_of(where: Paths, *, timeout: float | None) -> LocalClient:
    """Give a client of the agent or host with the folders *where*; it connects when entered."""
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.pipe_client import pipe_connections  # noqa: PLC0415

        return LocalClient(where.socket, timeout=timeout, connect=pipe_connections(where.lock))
    return LocalClient(where.socket, timeout=timeout)
