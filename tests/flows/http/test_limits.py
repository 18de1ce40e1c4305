"""What strangers can use up before they have shown who they are, and what they get for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.server.addresses import is_loopback
from svcctl.server.http.connection import Limits, Places
from svcctl.server.http.serving import served
from tests.flows.http.stand import PATIENCE, Stand

pytestmark = pytest.mark.slow

HURRIED = Limits(head=2_000, head_time=0.3, body_time=0.3, idle=60, connections=6, per_address=4)
UPGRADE = (b"connection: upgrade", b"upgrade: h2c", b"content-length: 2")
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
    [(), (b"GET /v1/status HTTP/1.1\r\nx: ",)],
    ids=["silence", "half a head"],
)
def test_who_does_not_come_to_the_point_is_cut_off(stand: Stand, pieces: tuple[bytes, ...]) -> None:
    async def story(stand: Stand) -> None:
        assert await _said(stand, *pieces) == b""
        assert stand.came == []

    told(stand, story)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /v1/status HTTP/1.1\r\nx: " + b"a" * 4_000,
        b"GET /" + b"a" * 4_000,
        b"GET /health HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 2_000 + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 2_000 + b"\r\n",
    ],
    ids=["a head without end", "a path without end", "a long header", "many headers"],
)
def test_a_head_that_is_too_long_is_refused_however_it_comes(stand: Stand, request_: bytes) -> None:
    async def story(stand: Stand) -> None:
        head, _, body = (await _said(stand, request_)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 431 ")
        assert json.loads(body)["status"] == 431
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
        b"GET /v1/status HTTP/1.1\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
        b"POST /v1/stop HTTP/1.1\r\nhost: x\r\n%s\r\n\r\n{}" % b"\r\n".join(UPGRADE),
    ],
    ids=[
        *("tls", "two lengths of two kinds", "two lengths", "a space before the colon"),
        *("a version", "no host", "two hosts", "a body behind an upgrade"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(
    stand: Stand, request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(stand: Stand) -> None:
        head, _, body = (await _said(stand, request_)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b"content-type: application/problem+json" in head
        assert json.loads(body)["code"] == "SVC-1200"
        assert stand.came == []

    told(stand, story)
    assert caplog.messages == []  # or strangers could fill the disk


def test_who_asks_for_another_protocol_is_answered_in_this_one(stand: Stand) -> None:
    async def story(stand: Stand) -> None:
        asked = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
        answer = await _said(stand, asked)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nconnection: close\r\n" in answer

    told(stand, story)


def test_who_reads_nothing_gives_the_place_to_others(tmp_path: Path) -> None:
    ask = b"GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n%s\r\n"

    async def story(stand: Stand) -> None:
        token = stand.token().encode()
        _, stuck = await asyncio.open_connection("127.0.0.1", stand.port, limit=1)
        stuck.write(ask % (token, b"") * 100)

        last = ask % (token, b"connection: close\r\n")
        while not await _said(stand, last):
            pass
        stuck.close()

    told(Stand(tmp_path, replace(HURRIED, head=32_000, per_address=1, stuck=0.3)), story)


def test_a_network_of_ipv6_has_as_many_places_as_an_address() -> None:
    places = Places(replace(HURRIED, per_address=1))

    assert places.let_in(_Peer("2001:db8::1"))
    assert places.let_in(_Peer("2001:db8::2")) is None
    assert places.let_in(_Peer("2001:db8:0:1::1"))
    assert places.let_in(_Peer("192.0.2.1"))


class _Peer(asyncio.BaseTransport):
    """A connection from *address*."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 50_123)})


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
