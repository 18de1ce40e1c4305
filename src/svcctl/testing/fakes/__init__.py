"""Ports without an outside, for tests: time, programs and output are moved by hand."""

from svcctl.testing.fakes.clock import FakeClock, FakeTimer
from svcctl.testing.fakes.processes import FakeChild, FakeSpawner
from svcctl.testing.fakes.sayings import FakeNoticeBoard, FakeSink
from svcctl.testing.fakes.surroundings import FakeBus, FakeEventLog, FakeFileWatch, FakeStore

__all__ = [
    "FakeBus",
    "FakeChild",
    "FakeClock",
    "FakeEventLog",
    "FakeFileWatch",
    "FakeNoticeBoard",
    "FakeSink",
    "FakeSpawner",
    "FakeStore",
    "FakeTimer",
]
