"""A log whose records are kept, on a clock that stands still."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pytest

from svcctl.sdk.logs.encoding import Encoding, with_json, with_msgspec, with_orjson
from svcctl.sdk.logs.logger import Logger, Logs, Source
from svcctl.testing.fakes import FakeClock

ENCODINGS = {
    name: make
    for name, make in (("orjson", with_orjson), ("msgspec", with_msgspec), ("json", with_json))
    if find_spec(name)
}


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.levels: list[int] = []
        self.flushed = self.closed = 0

    def write(self, record: bytes, level: int) -> None:
        self.records.append(record)
        self.levels.append(level)

    def flush(self) -> None:
        self.flushed += 1

    def close(self) -> None:
        self.closed += 1

    def read(self) -> list[dict[str, Any]]:
        assert all(each.endswith(b"}\n") and each.count(b"\n") == 1 for each in self.records)
        return [json.loads(each) for each in self.records]

    @property
    def last(self) -> dict[str, Any]:
        return self.read()[-1]


@dataclass
class Place:
    """A log, and what a test looks at."""

    clock: FakeClock
    sink: Kept
    logs: Logs
    log: Logger


@dataclass
class Receiver:
    """A delivery that takes what it is told to take."""

    batch: int = 10
    name: str = "receiver"
    taken: list[bytes] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    refuses: int = 0
    closed: int = 0
    tried: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.open.set()

    def deliver(self, records: Sequence[bytes]) -> int:
        self.tried.set()
        assert self.open.wait(60.0)
        if self.fails:
            raise self.fails.pop(0)
        self.taken += records
        return self.refuses

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(params=sorted(ENCODINGS))
def encoding(request: pytest.FixtureRequest) -> Encoding:
    """Each encoding that a service may come to use."""
    return ENCODINGS[request.param]()


@pytest.fixture
def make() -> Callable[..., Place]:
    """Make a log."""

    def place(*, encoding: Encoding | None = None, level: str = "info") -> Place:
        clock, sink = FakeClock(now=1_750_000_000.25), Kept()
        source = Source(service="mailer", instance="mailer.2", version="1.4")
        logs = Logs(source=source, sink=sink, clock=clock, level=level, encoding=encoding)
        return Place(clock=clock, sink=sink, logs=logs, log=logs.logger())

    return place


@pytest.fixture
def place(make: Callable[..., Place]) -> Place:
    """A log with the encoding that is found."""
    return make()


@pytest.fixture
def receiver() -> Receiver:
    """A delivery that takes what it is told to take."""
    return Receiver()
