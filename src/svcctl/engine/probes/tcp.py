"""Whether something accepts connections."""

from __future__ import annotations

import asyncio
from contextlib import suppress


def split_address(text: str) -> tuple[str, int]:
    """Give host and port of ``host:port``, ``[v6]:port`` or a bare port (on loopback)."""
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


async def check_tcp(address: str) -> str:
    """Connect and hang up; give what went wrong, or an empty text."""
    host, port = split_address(address)
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return f"{host}:{port}: {explain(error)}"
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return ""


def explain(error: OSError) -> str:
    """Say in few words why a connection failed."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return (error.strerror or str(error) or type(error).__name__).lower()
