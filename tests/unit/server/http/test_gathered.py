"""What is said in one turn of the loop is one write; nothing is kept back, and nothing is lost."""

from __future__ import annotations

import asyncio
from typing import cast

from svcctl.server.http.gathered import Gathered


class Wire:
    """A transport that remembers what was asked of it."""

    def __init__(self) -> None:
        self.said: list[bytes | str] = []
        self.is_gone = False
        self.left = 0

    def write(self, part: bytes) -> None:
        self.said.append(part)

    def close(self) -> None:
        self.said.append("closed")

    def abort(self) -> None:
        self.said.append("aborted")

    def is_closing(self) -> bool:
        return self.is_gone

    def get_write_buffer_size(self) -> int:
        return self.left

    def get_extra_info(self, name: str) -> object:
        return f"the {name}"


def over(wire: Wire) -> Gathered:
    return Gathered(cast("asyncio.Transport", wire), asyncio.get_running_loop(), stuck=0.0)


async def test_what_is_said_in_one_turn_is_one_write() -> None:
    wire = Wire()
    gathered = over(wire)

    for part in (b"head ", b"body"):
        gathered.write(part)
    before = list(wire.said)
    await asyncio.sleep(0)
    gathered.write(b"next")
    await asyncio.sleep(0)

    assert (before, wire.said) == ([], [b"head body", b"next"])


async def test_much_is_written_at_once_so_that_it_does_not_pile_up() -> None:
    wire = Wire()
    gathered = over(wire)
    body = bytes(100_000)

    gathered.write(b"head")
    gathered.write(body)

    assert wire.said == [b"head" + body]
    await asyncio.sleep(0)
    assert len(wire.said) == 1


async def test_who_hangs_up_has_said_all_of_it_first() -> None:
    wire = Wire()
    gathered = over(wire)

    gathered.write(b"bye")
    gathered.close()
    await asyncio.sleep(0)

    assert wire.said == [b"bye", "closed"]


async def test_to_who_is_gone_nothing_is_said() -> None:
    cut, gone = Wire(), Wire()

    aborted = over(cut)
    aborted.write(b"never")
    aborted.abort()
    over(gone).write(b"never")
    gone.is_gone = True
    await asyncio.sleep(0)

    assert (cut.said, gone.said) == (["aborted"], [])


async def test_what_is_known_of_a_connection_is_known_through_it() -> None:
    wire = Wire()

    gathered = over(wire)

    assert (gathered.get_extra_info("peername"), gathered.is_closing()) == ("the peername", False)


async def test_who_does_not_read_the_rest_is_not_waited_for() -> None:
    wire = Wire()
    wire.left = 7

    over(wire).close()
    while wire.said != ["closed", "aborted"]:
        await asyncio.sleep(0)
