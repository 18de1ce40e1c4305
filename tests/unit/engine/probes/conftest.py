"""Real servers on loopback, that answer whatever a test wants."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CERTIFICATE = Path(__file__).with_name("self_signed.pem")


@asynccontextmanager
async def _serving(
    answer: Answer, *, host: str = "127.0.0.1", secured: bool = False
) -> AsyncIterator[str]:
    """Serve *answer* to every client; give ``host:port``."""
    context = None
    if secured:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except ConnectionError:
            pass  # the client has heard enough
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    finally:
        server.close()


@pytest.fixture
def serving() -> Callable[..., AbstractAsyncContextManager[str]]:
    return _serving


def _saying(*parts: bytes, hang: bool = False) -> Answer:
    """Read a request, then write *parts* one by one; *hang*: never hang up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        if hang:
            await reader.read()

    return answer


@pytest.fixture
def saying() -> Callable[..., Answer]:
    return _saying
