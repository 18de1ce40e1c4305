"""What strangers can use up before they have shown who they are, and what they get for it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.errors import SpecError, SystemFault
from svcctl.server.grpc import connection_cap, serving
from svcctl.server.grpc.asking import Limits
from svcctl.server.grpc.serving import Bounds, served
from svcctl.wire import Selection
from tests.flows.conftest import PATIENCE
from tests.flows.grpc.stand import Stand, ask, begin, failure, named, request_of, showing, told

pytestmark = pytest.mark.slow

FIRST = asyncio.FIRST_COMPLETED


async def _served(stand: Stand, host: str, port: int) -> None:
    nobody: Any = stand  # it is asked nothing
    async with served(
        nobody,
        doorkeeper=nobody,
        keys=stand.keys,
        clock=stand.clock,
        host=host,
        port=port,
        tls=None,
    ):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_others_are_not_let_in_without_tls(stand: Stand, host: str) -> None:
    with pytest.raises(SpecError, match="no TLS"):
        asyncio.run(_served(stand, host, 0))


def test_a_port_that_is_taken_is_told(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        del channel
        with pytest.raises(SystemFault, match="cannot listen on"):
            await _served(stand, "127.0.0.1", stand.port)

    told(stand, story)


def test_a_request_that_is_too_long_is_refused(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        request = request_of(named("Stop"), reason="x" * (1024 * 1024))
        error = await failure(ask(channel, named("Stop"), showing(stand.token()), request=request))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert stand.came == []

    told(stand, story)


def test_metadata_that_is_too_long_is_refused(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await failure(ask(channel, named("Status"), showing("x" * 100_000)))
        assert stand.came == []

    told(stand, story)


def test_who_is_let_in_and_asks_for_nothing_is_not_waited_for(tmp_path: Path) -> None:
    stand = Stand(tmp_path, Bounds(of_asking=Limits(patience=0.2)))

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        rpc: Any = channel.stream_unary(named("Status").path)
        error = await failure(rpc(metadata=showing(stand.token())))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "no request came" in error.details()

    told(stand, story)


def test_who_is_not_let_in_need_not_even_ask(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        del stand
        error = await failure(channel.stream_unary(named("Status").path)())
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED

    told(stand, story)


def test_a_call_without_a_request_is_a_mistake(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        rpc: Any = channel.stream_unary(named("Status").path)
        error = await failure(rpc(iter(()), metadata=showing(stand.token())))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert stand.came == []

    told(stand, story)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff",
    ],
    ids=["nothing", "HTTP/1.1", "TLS", "half of HTTP/2"],
)
def test_who_speaks_something_else_is_cut_off(tmp_path: Path, said: bytes) -> None:
    stand = Stand(tmp_path, Bounds(handshake=1.0))

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await ask(channel, named("Status"), showing(stand.token()))
        reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
        writer.write(said)
        with suppress(ConnectionError):
            await writer.drain()
            await reader.read()
        writer.close()
        await ask(channel, named("Status"), showing(stand.token()))

    told(stand, story)


def test_so_many_are_connected_and_no_more(tmp_path: Path) -> None:
    stand = Stand(tmp_path, Bounds(connections=2))

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await ask(channel, named("Status"), showing(stand.token()))
        kept = await asyncio.open_connection("127.0.0.1", stand.port)
        assert await kept[0].read(9)  # the settings of the other end
        reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        for each in (writer, kept[1]):
            each.close()

    told(stand, story)


def test_those_who_say_nothing_give_their_places_to_others(tmp_path: Path) -> None:
    stand = Stand(tmp_path, Bounds(connections=20, handshake=1.0))

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        found = [await asyncio.open_connection("127.0.0.1", stand.port) for _ in range(60)]

        rpc: Any = channel.unary_unary(named("Status").path)
        await rpc(b"", metadata=showing(stand.token()), wait_for_ready=True)

        assert stand.came == ["status"]
        await asyncio.gather(*(_end(reader) for reader, _ in found))
        for _, writer in found:
            writer.close()

    told(stand, story)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, with loopback of many addresses")
def test_one_address_has_so_many_connections_and_no_more(tmp_path: Path) -> None:
    stand = Stand(tmp_path, Bounds(per_address=3))

    async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", stand.port, local_addr=(address, 0))

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        del stand, channel
        found = [await connect("127.0.0.1") for _ in range(5)]
        ends = {asyncio.create_task(_end(reader)) for reader, _ in found}
        while sum(each.done() for each in ends) < 2:
            await asyncio.wait({each for each in ends if not each.done()}, return_when=FIRST)
        found.append(await connect("127.0.0.2"))

        assert await found[-1][0].read(9)  # the settings of the other end
        assert sum(each.done() for each in ends) == 2
        for _, writer in found:
            writer.close()
        await asyncio.gather(*ends)

    told(stand, story)


def test_what_is_asked_over_one_connection_too_many_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_cap, "_can_look", bool)  # as on Windows: none is cut
    stand = Stand(tmp_path, Bounds(per_address=2))

    async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        emit({"at": 1.0, "text": "first"})
        await asyncio.Event().wait()
        return None

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        del channel
        shown = showing(stand.token())
        async with AsyncExitStack() as stack:
            kept, also, beyond = [
                await stack.enter_async_context(_channel(stand.port)) for _ in range(3)
            ]
            raw = request_of(named("Logs")).SerializeToString()
            streams = [begin(each, named("Logs"), shown, raw) for each in (kept, also)]
            for each in streams:
                await each.read()

            await ask(kept, named("Status"), shown)
            refused = await failure(ask(beyond, named("Status"), shown))
            stranger = await failure(ask(beyond, named("Status"), None))
            streams[1].cancel()
            while await _code(ask(beyond, named("Status"), shown)):
                pass  # until the server has seen that the stream is over

        assert refused.code() is stranger.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "127.0.0.1 asks over 2 connections" in refused.details()
        assert stand.came[-1] == "status"

    stand.deeds["logs"] = logs
    told(stand, story)


def _channel(port: int) -> grpc.aio.Channel:
    """Give a channel with a connection of its own."""
    alone = [("grpc.use_local_subchannel_pool", 1)]
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=alone)


async def _code(work: Awaitable[Any]) -> grpc.StatusCode | None:
    """Give how *work* fails, None where it does not."""
    try:
        await work
    except grpc.aio.AioRpcError as error:
        return error.code()
    return None


async def _end(reader: asyncio.StreamReader) -> None:
    """Read until the other end hangs up."""
    with suppress(ConnectionError):
        while await reader.read(1024):
            pass


@pytest.mark.parametrize("name", ["Logs", "WatchStatus"])
def test_a_stream_is_not_waited_for_when_the_port_is_closed(
    stand: Stand, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tell(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection
        emit({"number": 1, "at": 1.0, "text": "line"})
        if name == "Logs" or args.flag("follow"):
            await asyncio.Event().wait()
        return {}

    async def story() -> Any:
        call = named(name)
        async with asyncio.timeout(PATIENCE), AsyncExitStack() as outlasting:
            async with stand.open():
                channel = await outlasting.enter_async_context(
                    grpc.aio.insecure_channel(f"127.0.0.1:{stand.port}")
                )
                request = request_of(call).SerializeToString()
                stream = begin(channel, call, showing(stand.token()), request)
                await stream.read()
            return await failure(stream.read())

    monkeypatch.setattr(serving, "_LAST_ANSWERS", 2 * PATIENCE)
    stand.deeds |= {"logs": tell, "events": tell}
    error = asyncio.run(story())

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "being stopped" in error.details()
