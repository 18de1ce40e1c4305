"""Whether something accepts connections."""

from __future__ import annotations

import asyncio
import os
import re

_NUMBER = re.compile(r"\[Errno (\d+)\]")


class Connection:
    """A plain connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, sent: bytes) -> None:
        """Send all of it."""
        self._writer.write(sent)
        await self._writer.drain()

    async def receive(self) -> bytes:
        """Give what came; nothing at the end."""
        return await self._reader.read(16 * 1024)

    def close(self) -> None:
        """Hang up, without waiting for the other side."""
        self._writer.transport.abort()


async def connect(host: str, port: int) -> Connection:
    """Connect, or raise OSError."""
    try:
        return Connection(*await asyncio.open_connection(host, port))
    except UnicodeError as error:
        raise OSError(f"{host!r} cannot name a host") from error


def split_address(text: str) -> tuple[str, int]:
    """Give host and port of ``host:port``, ``[v6]:port`` or a bare port (on loopback)."""
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


async def check_tcp(address: str) -> str:
    """Connect and hang up; give what went wrong, or an empty text."""
    try:
        connection = await connect(*split_address(address))
    except OSError as error:
        return f"{address}: {explain(error)}"
    connection.close()
    return ""


def explain(error: OSError) -> str:
    """Say in few words why a connection failed.

    asyncio puts the number of each address it tried into its text, and only there.
    """
    numbers = dict.fromkeys(_NUMBER.findall(str(error)))
    if numbers:
        return ", ".join(os.strerror(int(number)).lower() for number in numbers)
    return (error.strerror or str(error) or type(error).__name__).lower()
