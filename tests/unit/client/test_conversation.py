"""A conversation with a host gives a result, items as they come, or one of our errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from svcctl.client.conversation import Conversation
from svcctl.errors import AgentUnreachable, UnknownService
from svcctl.wire import Request, decode_request


class Asker:
    """Keeps what is asked; a writer of streams, as far as a conversation needs one."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.closed = False

    def write(self, line: bytes) -> None:
        self.asked.append(decode_request(line))

    async def drain(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    async def wait_closed(self) -> None:
        raise ConnectionResetError


def conversing(*lines: bytes, then: Callable[[Conversation], Any], limit: int = 1000) -> Any:
    """Give what *then* makes of a conversation with one who says *lines* and hangs up."""

    async def converse() -> Any:
        reader = asyncio.StreamReader(limit=limit)
        reader.feed_data(b"".join(lines))
        reader.feed_eof()
        asker: Any = Asker()
        conversation = Conversation(reader, asker)
        try:
            return await then(conversation)
        finally:
            await conversation.close()
            assert asker.closed
            assert [each.verb for each in asker.asked] == ["events"]

    return asyncio.run(converse())


EVENTS = Request(verb="events")


def test_a_result_is_given_without_its_items() -> None:
    lines = b'{"id": 1, "item": 5}\n', b'{"id": 1, "result": {"events": 1}}\n'

    assert conversing(*lines, then=lambda c: c.ask(EVENTS)) == {"events": 1}


def test_items_are_given_without_the_result() -> None:
    lines = b'{"id": 1, "item": 5}\n', b'{"id": 1, "item": 6}\n', b'{"id": 1, "result": 2}\n'

    assert conversing(*lines, then=lambda c: c.items(EVENTS)) == [5, 6]


def test_what_the_host_refuses_is_raised() -> None:
    line = b'{"id": 1, "error": {"code": "SVC-1201", "problem": "no service", "hint": "h"}}\n'
    line = line.replace(b"SVC-1201", UnknownService.code.encode())

    with pytest.raises(UnknownService, match="no service"):
        conversing(line, then=lambda c: c.ask(EVENTS))


@pytest.mark.parametrize(
    "line",
    [b"", b'{"id": 1, "item": 5}\n', b"HTTP/1.1 400\r\n", b'{"id": 1, "resu', b"[1]\n"],
    ids=lambda line: repr(line[:20]),
)
def test_a_host_that_goes_away_or_is_none_is_unreachable(line: bytes) -> None:
    with pytest.raises(AgentUnreachable):
        conversing(line, then=lambda c: c.ask(EVENTS))


def test_a_line_longer_than_any_is_no_answer() -> None:
    with pytest.raises(AgentUnreachable, match="went away"):
        conversing(b"x" * 2000 + b"\n", then=lambda c: c.ask(EVENTS), limit=100)
