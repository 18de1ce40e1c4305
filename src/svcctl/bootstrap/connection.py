"""How an agent or a host on this machine is reached."""

from __future__ import annotations

from svcctl.client.local import LocalClient


def client_at(address: str, *, timeout: float | None) -> LocalClient:
    """Give a client of the agent or host at *address*; it connects when entered."""
    return LocalClient(address, timeout=timeout)
