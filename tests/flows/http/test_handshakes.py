"""What strangers can use up before TLS has shown anything, and what they get for it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from svcctl.auth.authority import Authority
from svcctl.auth.contexts import Material, server_context
from svcctl.server.http.connection import Limits
from svcctl.server.http.serving import served
from svcctl.system import whole_file
from svcctl.system.clock import SystemClock
from tests.flows.http.stand import PATIENCE

pytestmark = pytest.mark.slow

FEW = Limits(per_address=3, idle=60)


class Folder:
    """The files of an authority."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> bytes | None:
        return whole_file.read(self.path(name))

    def write(self, name: str, content: bytes, *, private: bool) -> None:
        del private
        whole_file.write(self.path(name), content)

    def path(self, name: str) -> str:
        return str(self._path / name)


async def _say(request: Request) -> Response:
    return PlainTextResponse(request.url.scheme)


@asynccontextmanager
async def _open(folder: Path) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    authority = Authority(Folder(folder), now=SystemClock().now)
    authority.begin("example.org")
    authority.issue("host/a", names=("127.0.0.1",), lifetime=3600.0)
    place = authority.place("host/a")
    tls = server_context(Material(certificate=place["certificate"], key=place["key"], trust=""))
    app = Starlette(routes=[Route("/", _say)])
    async with served(app, host="127.0.0.1", port=0, tls=tls, limits=FEW) as port:
        yield port, ssl.create_default_context(cafile=place["trust"])


def _told(folder: Path, story: Callable[[int, ssl.SSLContext], Awaitable[None]]) -> None:
    async def tell() -> None:
        async with asyncio.timeout(PATIENCE), _open(folder) as opened:
            await story(*opened)

    asyncio.run(tell())


async def _asked(port: int, context: ssl.SSLContext) -> str:
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=PATIENCE) as client:
        return (await client.get(f"https://127.0.0.1:{port}/")).text


def test_who_comes_by_tls_is_answered(tmp_path: Path) -> None:
    async def story(port: int, context: ssl.SSLContext) -> None:
        assert await _asked(port, context) == "https"
        assert await _asked(port, context) == "https"

    _told(tmp_path, story)


def test_those_who_never_begin_tls_have_places_too_and_take_no_more_than_theirs(
    tmp_path: Path,
) -> None:
    async def story(port: int, context: ssl.SSLContext) -> None:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]

        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await _rest(reader) == b""  # there is no place for a fourth
        writer.close()

        for _, each in silent:
            each.close()
            await each.wait_closed()
        while True:  # until the places are free again
            try:
                assert await _asked(port, context) == "https"
                break
            except httpx.TransportError:
                await asyncio.sleep(0)

    _told(tmp_path, story)


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\0" * 999]
)
def test_what_is_no_tls_is_hung_up_on_and_gives_its_place_back(
    tmp_path: Path, noise: bytes
) -> None:
    async def story(port: int, context: ssl.SSLContext) -> None:
        for _ in range(6):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(noise)
            assert b"HTTP/1.1 200" not in await _rest(reader)
            writer.close()
        assert await _asked(port, context) == "https"

    _told(tmp_path, story)


def test_who_still_comes_to_terms_is_hung_up_on_when_the_port_is_closed(tmp_path: Path) -> None:
    left: list[asyncio.StreamReader] = []
    writers: list[asyncio.StreamWriter] = []

    async def tell() -> None:
        async with asyncio.timeout(PATIENCE):
            async with _open(tmp_path) as (port, _):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                left.append(reader)
                writers.append(writer)
                await asyncio.sleep(0)
            assert await _rest(left[0]) == b""
            writers[0].close()

    asyncio.run(tell())
