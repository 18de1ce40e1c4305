"""What every notice board must do."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pytest

from svcctl.contact import Notice, NoticeBoard
from svcctl.system.posix.notify import PosixNoticeBoard
from svcctl.testing.fakes import FakeNoticeBoard


class Side(Protocol):
    """A board, and a program that speaks to it."""

    board: NoticeBoard

    async def say(self, address: str, instance: str, text: str) -> None:
        """Have the program of *instance* send a notice, and let it come through."""


class FakeSide(AbstractAsyncContextManager["FakeSide"]):
    """Nobody sends anything."""

    def __init__(self, _: Path) -> None:
        self.board = FakeNoticeBoard()

    async def __aexit__(self, *_: object) -> None:
        return None

    async def say(self, address: str, instance: str, text: str) -> None:
        del address
        self.board.say(instance, dict([text.split("=", 1)]), uid=os.getuid())


class PosixSide(AbstractAsyncContextManager["PosixSide"]):
    """Datagrams."""

    def __init__(self, folder: Path) -> None:
        self.board = PosixNoticeBoard(str(folder / "n"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.board.close()

    async def say(self, address: str, instance: str, text: str) -> None:
        del instance
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as program:
            if os.path.exists(address):
                program.sendto(text.encode(), address)
        for _ in range(3):  # turns of the loop: a datagram is there at once
            await asyncio.sleep(0)


@pytest.fixture(params=[FakeSide, PosixSide], ids=["fake", "posix"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Side:
    made: Side = request.param(tmp_path)
    return made


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def test_a_program_is_heard_with_its_user(side: Side) -> None:
    heard: list[Notice] = []

    address, _ = side.board.listen("web", heard.append)
    await side.say(address, "web", "STATUS=well = fine")
    await until(lambda: heard)

    assert heard == [Notice(fields={"STATUS": "well = fine"}, uid=os.getuid())]


async def test_each_instance_has_an_address_that_stays(side: Side) -> None:
    first, cancel = side.board.listen("web", lambda _: None)
    other, _ = side.board.listen("db", lambda _: None)
    cancel()
    again, _ = side.board.listen("web", lambda _: None)

    assert first == again
    assert first != other


async def test_who_listens_last_is_the_only_one(side: Side) -> None:
    before: list[Notice] = []
    now: list[Notice] = []
    _, cancel = side.board.listen("web", before.append)

    address, _ = side.board.listen("web", now.append)
    cancel()
    await side.say(address, "web", "READY=1")
    await until(lambda: now)

    assert before == []


async def test_who_has_cancelled_hears_nothing(side: Side) -> None:
    heard: list[Notice] = []
    address, cancel = side.board.listen("web", heard.append)

    cancel()
    cancel()
    await side.say(address, "web", "READY=1")

    assert heard == []
