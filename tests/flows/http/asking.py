"""One connection that is kept, over which requests are sent as they stand, byte for byte.

A client of a library would send other paths than a test wrote, and be most of what is measured.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said: names of *headers* in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Give the document it is."""
        return json.loads(self.body)


class Line:
    """Asks, one request after the other; raises ConnectionError once the server has hung up."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Give what *target* is answered with."""
        said = {"host": "127.0.0.1"}
        if body is not None:
            said |= {"content-type": "application/json", "content-length": str(len(body))}
        said |= headers or {}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        head = f"{method} {target} HTTP/1.1\r\n{lines}\r\n"
        self._writer.write(head.encode("latin-1") + (body or b""))
        return await self._answer(is_empty=method == "HEAD")

    async def _answer(self, *, is_empty: bool) -> Answer:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the server hung up") from error
        first, *rest = head.decode("latin-1").split("\r\n")[:-2]
        pairs = (line.partition(":") for line in rest)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        length = 0 if is_empty else int(headers.get("content-length", "0"))
        body = await self._reader.readexactly(length)
        return Answer(status=int(first.split()[1]), headers=headers, body=body)


@asynccontextmanager
async def line_to(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Line]:
    """Give a connection to a port of loopback while the block lasts; raises OSError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):  # it was cut off
            await writer.wait_closed()
