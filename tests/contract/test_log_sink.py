"""What every sink of a program's output must do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from svcctl.engine.bus import LocalBus
from svcctl.observe.logs.archive import Packer
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.fifo import Fifos
from svcctl.ports import LogSink
from svcctl.spec.policy import LogPolicy
from svcctl.testing.fakes import FakeClock, FakeSink


class Output(Protocol):
    """A sink, and a program that writes to it."""

    @property
    def sink(self) -> LogSink: ...

    async def write(self, *lines: str) -> None:
        """Have the program write *lines* to its stdout, and let them be captured."""


class FakeOutput:
    """Nothing is written anywhere."""

    def __init__(self, _: Path) -> None:
        self.sink = FakeSink()

    async def write(self, *lines: str) -> None:
        self.sink.log(*lines)


class RealOutput:
    """Pipes and files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sink = Capture(
            "web",
            "web",
            folder=str(folder / "logs"),
            inlets=Fifos(str(folder / "pipes"), "web", owner=None),
            policy=LogPolicy(),
            clock=FakeClock(),
            bus=LocalBus(),
            packer=Packer(),
        )

    async def write(self, *lines: str) -> None:
        writer = self.sink.writer("stdout")
        assert writer is not None
        os.write(writer, "".join(f"{each}\n" for each in lines).encode())
        os.close(writer)
        self.sink.drain()
        await asyncio.sleep(0)


@pytest.fixture(params=[FakeOutput, RealOutput], ids=["fake", "capture"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Output]:
    made: type[FakeOutput | RealOutput] = request.param
    return lambda: made(tmp_path)


async def test_the_last_lines_are_given_oldest_first(make: Callable[[], Output]) -> None:
    output = make()

    await output.write("one", "two")
    await output.write("three")

    assert output.sink.tail(2) == [b"two", b"three"]
    assert output.sink.tail(0) == []
    output.sink.close()


async def test_who_follows_gets_the_lines_from_then_on(make: Callable[[], Output]) -> None:
    output = make()
    heard: list[tuple[str, bytes]] = []

    await output.write("before")
    cancel = output.sink.follow(
        lambda stream, lines: heard.extend((stream, bytes(line)) for line in lines)
    )
    await output.write("while", "it follows")
    cancel()
    cancel()
    await output.write("after")

    assert heard == [("stdout", b"while"), ("stdout", b"it follows")]
    output.sink.close()


async def test_a_child_gets_a_descriptor_that_is_its_own(make: Callable[[], Output]) -> None:
    output = make()

    output.sink.begin_run()
    writers = [output.sink.writer("stdout"), output.sink.writer("stderr")]

    assert len({each for each in writers if each is not None}) == 2
    for each in writers:
        assert each is not None
        os.close(each)
    output.sink.close()
    output.sink.close()


async def test_an_instance_that_is_no_more_lets_go_of_everything(
    make: Callable[[], Output],
) -> None:
    output = make()
    await output.write("last words")

    output.sink.close()
    output.sink.discard()


async def test_what_was_captured_is_counted_and_nothing_waits_then(
    make: Callable[[], Output],
) -> None:
    output = make()
    await output.write("one", "two")
    output.sink.drain()

    flow = output.sink.flow()

    assert (flow.captured_bytes, flow.waiting_bytes) == (8, 0)
    output.sink.close()


async def test_what_no_loop_took_yet_is_told(tmp_path: Path) -> None:
    sink = RealOutput(tmp_path).sink
    writer = sink.writer("stderr")
    assert writer is not None

    os.write(writer, b"four")

    assert sink.flow().waiting_bytes == 4
    os.close(writer)
    sink.close()
