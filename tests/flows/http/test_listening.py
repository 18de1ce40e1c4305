"""The port of the HTTP interface: before anybody speaks HTTP, and when it is closed."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.server.http import serving
from svcctl.server.http.serving import listening
from svcctl.wire import Selection
from tests.flows.http.asking import line_to
from tests.flows.http.stand import PATIENCE, Stand, bearer_of


def test_an_answer_in_two_parts_does_not_wait_until_the_first_is_acknowledged() -> None:
    with (
        listening("127.0.0.1", 0, safely=False) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        accepted, _ = listener.accept()

        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.slow
def test_a_stream_is_not_waited_for_when_the_port_is_closed_and_an_answer_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand, begun = Stand(tmp_path), asyncio.Event()

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        emit({"number": 1})
        await asyncio.Event().wait()
        return None

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        begun.set()
        await asyncio.sleep(0)
        return "stopped"

    async def story() -> None:
        proof = bearer_of(stand.token())
        asked = f"authorization: {proof['authorization']}\r\naccept: text/event-stream\r\n"
        async with asyncio.timeout(PATIENCE), AsyncExitStack() as outlasting:
            async with stand.open():
                reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
                writer.write(f"GET /v1/events HTTP/1.1\r\nhost: x\r\n{asked}\r\n".encode())
                await reader.readuntil(b"id: 1\n")
                line = await outlasting.enter_async_context(line_to(stand.port))
                stopping = asyncio.create_task(
                    line.ask("POST", "/v1/services/web/stop", proof, b"{}")
                )
                await begun.wait()
            assert (await stopping).json() == {"result": "stopped"}
            assert b"0\r\n\r\n" not in await reader.read()  # which would say that it is over
            writer.close()

    monkeypatch.setattr(serving, "_LAST_ANSWERS", 2 * PATIENCE)
    stand.deeds |= {"events": events, "stop": stop}
    asyncio.run(story())
