"""How an agent or a host on this machine is reached."""

from __future__ import annotations

from svcctl.client.local import LocalClient
from svcctl.system.detect import Platform, platform


def client_at(address: str, *, timeout: float | None) -> LocalClient:
    """Give a client of the agent or host at *address*; it connects when entered."""
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.pipe_client import PipeConnection  # noqa: PLC0415

        return LocalClient(address, timeout=timeout, connect=PipeConnection)
    return LocalClient(address, timeout=timeout)
