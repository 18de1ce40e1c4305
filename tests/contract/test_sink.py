"""What every sink of a service's log must do."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from svcctl.sdk.logs.descriptor import Descriptor
from svcctl.sdk.logs.logger import Logs, Source
from svcctl.sdk.logs.rotating import RotatingFile
from svcctl.sdk.logs.sink import Sink
from svcctl.testing.fakes import FakeClock
from svcctl.testing.recorder import RecordingSink

INFO = 20


@dataclass
class Drained:
    """A sink, and what has come out of it."""

    sink: Sink
    read: Callable[[], list[dict[str, Any]]]


def _recording(_: Path) -> Iterator[Drained]:
    sink = RecordingSink()
    yield Drained(sink, lambda: sink.records)


def _rotating(folder: Path) -> Iterator[Drained]:
    path = folder / "service.log"
    sink = RotatingFile(str(path), clock=time.monotonic)
    yield Drained(sink, lambda: [json.loads(each) for each in path.read_bytes().splitlines()])
    sink.close()


def _descriptor(folder: Path) -> Iterator[Drained]:
    path = folder / "out"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sink = Descriptor(descriptor, clock=time.monotonic)
    yield Drained(sink, lambda: [json.loads(each) for each in path.read_bytes().splitlines()])
    os.close(descriptor)


@pytest.fixture(params=[_recording, _rotating, _descriptor], ids=["fake", "file", "descriptor"])
def drained(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drained]:
    yield from request.param(tmp_path)


def test_a_record_is_there_whole_once_the_call_came_back(drained: Drained) -> None:
    drained.sink.write(b'{"event":"first"}\n', INFO)
    drained.sink.write(b'{"event":"second"}\n{"event":"third"}\n', INFO)

    assert [each["event"] for each in drained.read()] == ["first", "second", "third"]


def test_threads_may_write_at_once_and_tear_nothing(drained: Drained) -> None:
    def write(thread: int) -> None:
        for number in range(50):
            drained.sink.write(b'{"thread":%d,"number":%d}\n' % (thread, number), INFO)

    threads = [threading.Thread(target=write, args=(each,)) for each in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    written = drained.read()
    for thread in range(4):
        own = [each["number"] for each in written if each["thread"] == thread]
        assert own == list(range(50))


def test_what_was_written_stays_after_it_was_closed_twice(drained: Drained) -> None:
    drained.sink.write(b'{"event":"last"}\n', INFO)

    drained.sink.flush()
    drained.sink.close()
    drained.sink.close()
    drained.sink.flush()

    assert [each["event"] for each in drained.read()] == ["last"]


def test_a_log_that_writes_there_can_be_read_back(drained: Drained) -> None:
    logs = Logs(source=Source(service="mailer"), sink=drained.sink, clock=FakeClock())

    logs.logger().info("letter.sent", to="Ada", text="déjà\nvu")

    (record,) = drained.read()
    assert (record["event"], record["to"], record["text"]) == ("letter.sent", "Ada", "déjà\nvu")
