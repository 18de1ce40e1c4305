"""A request is a whole line, however it comes in, and no asker takes all the memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from svcctl.errors import Conflict, UsageError
from svcctl.server.frames import AT_ONCE, Room, read_line
from svcctl.wire import LONGEST


def fed(parts: Iterable[bytes], *, ends: bool = True) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=AT_ONCE)
    for part in parts:
        reader.feed_data(part)
    if ends:
        reader.feed_eof()
    return reader


@pytest.mark.parametrize("size", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE, 2**20])
async def test_lines_of_every_length_come_one_by_one(size: int) -> None:
    line = b"x" * size + b"\n"
    reader, room = fed([line, line]), Room()

    assert [await read_line(reader, room) for _ in range(3)] == [line, line, b""]


async def test_a_line_may_come_byte_by_byte() -> None:
    reader = fed(bytes([each]) for each in b"one\ntwo\n")

    assert [await read_line(reader, Room()) for _ in range(2)] == [b"one\n", b"two\n"]


async def test_half_a_line_is_given_at_the_end() -> None:
    assert await read_line(fed([b"half"]), Room()) == b"half"


async def test_a_line_that_is_too_long_is_refused() -> None:
    reader = fed([b"x" * (LONGEST + 1)])

    with pytest.raises(UsageError, match="more than 16 MiB"):
        await read_line(reader, Room())


async def test_long_lines_share_the_room_and_give_it_back() -> None:
    room = Room()
    line = b"x" * (LONGEST - 1) + b"\n"
    halves = [fed([line[:-1]], ends=False) for _ in range(2)]
    waiting = [asyncio.create_task(read_line(each, room)) for each in halves]
    await asyncio.sleep(0)

    with pytest.raises(Conflict, match="too many long requests"):
        await read_line(fed([line]), room)
    assert await read_line(fed([b"short\n"]), room) == b"short\n"
    for each in halves:
        each.feed_data(b"\n")

    assert [len(each) for each in await asyncio.gather(*waiting)] == [LONGEST, LONGEST]
    assert await read_line(fed([line]), room) == line
