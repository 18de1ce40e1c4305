"""Files and pipes that cannot be opened: programs are started and wait, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.events import Event
from svcctl.observe.logs.archive import Packer
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.fifo import Fifos
from svcctl.spec.policy import LogPolicy
from svcctl.testing.fakes import FakeBus, FakeClock

pytestmark = pytest.mark.posix


class Place:
    """Where a capture is to be made, in the way of which something stands."""

    def __init__(self, folder: Path) -> None:
        self.logs, self.pipes = folder / "logs", folder / "pipes"
        self.clock, self.bus = FakeClock(), FakeBus()
        self.told: list[Event] = []
        self.bus.subscribe(self.told.append)

    def capture(self) -> Capture:
        return Capture(
            "web",
            "web",
            folder=str(self.logs / "web"),
            inlets=Fifos(str(self.pipes), "web", owner=None),
            policy=LogPolicy(),
            clock=self.clock,
            bus=self.bus,
            packer=Packer(),
        )

    @property
    def kinds(self) -> list[str]:
        return [type(each).__name__ for each in self.told]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def in_loop(test: Callable[[Place], Any]) -> Callable[[Place], None]:
    def run(place: Place) -> None:
        asyncio.run(test(place))

    return run


@in_loop
async def test_what_is_written_before_there_is_a_file_waits_in_the_pipe(place: Place) -> None:
    place.logs.write_text("in the way")
    capture = place.capture()
    assert place.kinds == ["CapturePaused", "CapturePaused"]

    writer = capture.writer("stdout")
    assert writer is not None
    os.write(writer, b"early\n")
    os.close(writer)
    place.clock.forward(10.0)
    assert place.kinds == ["CapturePaused", "CapturePaused"]
    place.logs.unlink()
    place.clock.forward(10.0)
    capture.drain()

    assert place.kinds[2:] == ["CaptureResumed", "CaptureResumed"]
    assert (place.logs / "web" / "stdout.log").read_bytes() == b"early\n"
    assert capture.tail(5) == [b"early"]
    capture.close()


@in_loop
async def test_without_a_pipe_there_is_nothing_to_write_to_until_there_is(place: Place) -> None:
    place.pipes.write_text("in the way")
    capture = place.capture()
    with pytest.raises(OSError, match="File exists"):
        capture.writer("stdout")

    place.pipes.unlink()
    writer = capture.writer("stdout")

    assert writer is not None
    os.close(writer)
    capture.close()


@in_loop
async def test_who_is_closed_while_it_waits_tries_no_more(place: Place) -> None:
    place.logs.write_text("in the way")
    capture = place.capture()

    capture.close()
    place.logs.unlink()
    place.clock.forward(100.0)

    assert place.clock.next_at is None
    assert not place.logs.exists()
