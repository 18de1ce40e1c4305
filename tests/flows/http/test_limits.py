"""What strangers can use up before they have shown who they are, and what they get for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.server.addresses import is_loopback
from svcctl.server.http.guarded import Limits
from svcctl.server.http.serving import served
from tests.flows.http.stand import PATIENCE, Stand

pytestmark = pytest.mark.slow

HURRIED = Limits(head=2_000, head_time=0.3, body_time=0.3, idle=60, connections=6, per_address=4)
Story = Callable[[Stand], Awaitable[None]]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path, HURRIED)


def told(stand: Stand, story: Story) -> None:
    async def tell() -> None:
        async with asyncio.timeout(PATIENCE), stand.open():
            await story(stand)

    asyncio.run(tell())


async def _said(stand: Stand, *pieces: bytes) -> bytes:
    """Give all that is answered to *pieces* before the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"GET /v1/status HTTP/1.1\r\nx: ",),
        (b"GET /v1/status HTTP/1.1\r\nx: " + b"a" * 4_000,),
        (b"GET /" + b"a" * 4_000,),
    ],
    ids=["silence", "half a head", "a head without end", "a path without end"],
)
def test_who_does_not_come_to_the_point_is_cut_off(stand: Stand, pieces: tuple[bytes, ...]) -> None:
    async def story(stand: Stand) -> None:
        assert await _said(stand, *pieces) == b""
        assert stand.came == []

    told(stand, story)


def test_what_is_begun_behind_a_request_is_cut_off_as_well(stand: Stand) -> None:
    async def story(stand: Stand) -> None:
        whole = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"
        answers = await _said(stand, whole + whole + b"GET /health HTTP/1.1\r\nx: ")
        assert answers.count(b"HTTP/1.1 200 OK") == 2

    told(stand, story)


def test_half_a_body_is_waited_for_so_long_and_no_longer(stand: Stand) -> None:
    async def story(stand: Stand) -> None:
        token = f"authorization: Bearer {stand.token()}\r\n".encode()
        head = b"POST /v1/services/web/stop HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n"
        assert await _said(stand, head + token + b"\r\n{") == b""
        assert stand.came == []

    told(stand, story)


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na",
        b"GET /v1/status HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET /v1/status HTTP/9.9\r\n\r\n",
    ],
    ids=["tls", "two lengths of two kinds", "two lengths", "a space before the colon", "a version"],
)
def test_what_could_be_read_in_two_ways_is_refused(stand: Stand, request_: bytes) -> None:
    async def story(stand: Stand) -> None:
        assert (await _said(stand, request_)).startswith(b"HTTP/1.1 400 ")
        assert stand.came == []

    told(stand, story)


def test_one_address_has_so_many_connections_and_others_are_cut_off(stand: Stand) -> None:
    async def story(stand: Stand) -> None:
        ask = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: %s\r\n\r\n"
        kept = [await asyncio.open_connection("127.0.0.1", stand.port) for _ in range(4)]
        for reader, writer in kept:
            writer.write(ask % b"keep-alive")
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

        assert await _said(stand, ask % b"close") == b""
        for _, writer in kept:
            writer.close()
            await writer.wait_closed()
        while not await _said(stand, ask % b"close"):
            pass
        assert stand.came == []

    told(stand, story)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_others_are_not_let_in_without_tls(host: str) -> None:
    async def serve() -> None:
        async with served(None, host=host, port=0, tls=None):  # type: ignore[arg-type]
            pass

    with pytest.raises(SpecError, match="no TLS"):
        asyncio.run(serve())
    assert not is_loopback(host)
    assert is_loopback("::1")
