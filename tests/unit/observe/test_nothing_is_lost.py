"""What goes into the pipe stands in the files: whole lines, once, in order, whatever happens."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from svcctl.events import CapturePaused, CaptureResumed, Event
from svcctl.observe.logs.archive import pack_file
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.fifo import Fifos
from svcctl.observe.logs.query import Line, Source, Wanted, read
from svcctl.ports import Cancel, Subscriber
from svcctl.spec.policy import LogPolicy, LogTo, Stderr
from svcctl.testing.fakes import FakeClock


@dataclass
class Record:
    """A bus that only remembers."""

    events: list[Event] = field(default_factory=list)

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def subscribe(self, _: Subscriber) -> Cancel:
        return lambda: None


class PackNow:
    """Compresses at once, so that a test need not wait."""

    def pack(self, paths: list[str]) -> None:
        for path in paths:
            pack_file(path)


@dataclass
class Place:
    """The folders of one instance, the captures opened there and what programs write to them."""

    home: Path
    loop: asyncio.AbstractEventLoop
    clock: FakeClock = field(default_factory=lambda: FakeClock(now=time.time()))
    bus: Record = field(default_factory=Record)
    descriptors: list[int] = field(default_factory=list)
    sinks: list[Capture] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.home / "logs" / "web" / "web"

    def capture(self, **policy: Any) -> Capture:
        async def opened() -> Capture:
            return Capture(
                "web",
                "web",
                folder=str(self.folder),
                inlets=Fifos(str(self.home / "pipes"), "web", owner=None),
                policy=LogPolicy(**{"keep": 100_000, "compress": False, **policy}),
                clock=self.clock,
                bus=self.bus,
                packer=PackNow(),  # type: ignore[arg-type] # all a capture needs of a Packer
            )

        self.sinks.append(self.loop.run_until_complete(opened()))
        return self.sinks[-1]

    def writer(self, sink: Capture, stream: str = "stdout") -> int:
        descriptor = sink.writer(stream)
        assert descriptor is not None
        self.descriptors.append(descriptor)
        return descriptor

    def stay_young(self) -> None:
        """Let the file being written look as if it had been written just now by the clock."""
        now = self.clock.now()
        os.utime(self.folder / "stdout.log", (now, now))

    def turn(self) -> None:
        """Let the event loop look at its descriptors once."""
        self.loop.run_until_complete(asyncio.sleep(0))

    def full(self, stream: str = "stdout") -> list[bytes]:
        """The rotated files, oldest first."""
        paths = sorted(self.folder.glob(f"{stream}.log.*[0-9]"))
        return [path.read_bytes() for path in paths]

    def current(self, stream: str = "stdout") -> bytes:
        path = self.folder / f"{stream}.log"
        return path.read_bytes() if path.exists() else b""

    def lines(self, *, last: int | None = None, **wanted: Any) -> list[Line]:
        source = Source(service="web", instance="web", folder=str(self.folder))
        return list(read([source], Wanted(**wanted), last=last))

    def texts(self, *, last: int | None = None, **wanted: Any) -> list[bytes]:
        return [line.text for line in self.lines(last=last, **wanted)]


@contextmanager
def place_in(home: Path) -> Iterator[Place]:
    loop = asyncio.new_event_loop()
    place = Place(home, loop)
    try:
        yield place
    finally:
        for sink in place.sinks:
            sink.close()
        for descriptor in place.descriptors:
            os.close(descriptor)
        loop.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place for one instance."""
    with place_in(tmp_path) as made:
        yield made


@contextmanager
def new_place() -> Iterator[Place]:
    """A place for one example of a property test, where a fixture is made only once."""
    with tempfile.TemporaryDirectory() as home, place_in(Path(home)) as made:
        yield made


CHUNKS = st.lists(st.text("ab\n", max_size=40).map(str.encode), max_size=40)


def no_splice(*_: object, **__: object) -> int:
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


@pytest.fixture(params=["splice", "copy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways from pipe to file: some file systems have no splice."""
    if request.param == "copy":
        monkeypatch.setattr(os, "splice", no_splice)
    return str(request.param)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=CHUNKS, limit=st.integers(1, 60))
def test_rotation_loses_nothing_and_cuts_no_line(way: str, chunks: list[bytes], limit: int) -> None:
    with new_place() as place:
        sink = place.capture(max_size=limit)
        told: list[bytes] = []
        sink.follow(lambda _, lines: told.extend(lines))
        writer = place.writer(sink)

        for chunk in chunks:
            os.write(writer, chunk)
            place.turn()
        sink.drain()

        everything = b"".join(chunks)
        assert b"".join([*place.full(), place.current()]) == everything, way
        assert all(piece.endswith(b"\n") for piece in place.full())
        assert place.texts() == everything.splitlines()
        assert told == everything.splitlines()


@settings(max_examples=25)
@given(chunks=CHUNKS, limit=st.integers(1, 60), stops=st.sets(st.integers(0, 40)))
def test_a_new_capture_goes_on_where_the_last_one_stood(
    chunks: list[bytes], limit: int, stops: set[int]
) -> None:
    with new_place() as place:
        sink = place.capture(max_size=limit, compress=True)
        writer = place.writer(sink)

        for number, chunk in enumerate(chunks):
            if number in stops:
                sink.close()
                os.write(writer, chunk)  # nobody reads, and the program does not care
                sink = place.capture(max_size=limit, compress=True)
            else:
                os.write(writer, chunk)
            place.turn()
        sink.drain()

        assert place.texts() == b"".join(chunks).splitlines()
        assert not list(place.folder.glob("*.part"))


def test_a_program_is_given_a_pipe_it_holds_itself(place: Place) -> None:
    sink = place.capture()

    writer = place.writer(sink)

    fifo = place.home / "pipes" / "web.stdout"
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert stat.S_IMODE(fifo.stat().st_mode) == 0o600
    assert os.get_blocking(writer)
    assert not os.get_inheritable(writer)
    sink.close()
    os.write(writer, b"no SIGPIPE, no EPIPE\n")
    place.capture().drain()
    assert place.texts() == [b"no SIGPIPE, no EPIPE"]


def test_real_programs_have_a_file_for_each_stream(place: Place) -> None:
    sink = place.capture()
    out, err = place.writer(sink), place.writer(sink, "stderr")

    subprocess.run(["sh", "-c", "echo said; echo failed >&2"], stdout=out, stderr=err, check=True)
    sink.drain()

    assert place.current() == b"said\n"
    assert place.current("stderr") == b"failed\n"


def test_merged_streams_share_a_file_in_the_order_of_their_writes(place: Place) -> None:
    sink = place.capture(stderr=Stderr.MERGE)
    out, err = place.writer(sink), place.writer(sink, "stderr")

    for number in range(6):
        os.write(err if number % 2 else out, b"%d\n" % number)
    sink.drain()

    assert place.texts() == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert not (place.folder / "stderr.log").exists()


def test_what_was_separate_is_still_captured_once_merged(place: Place) -> None:
    first = place.capture()
    old = place.writer(first, "stderr")
    first.close()

    sink = place.capture(stderr=Stderr.MERGE)
    os.write(old, b"from before\n")
    sink.drain()

    assert place.texts() == [b"from before"]


def test_without_capture_nothing_is_opened(place: Place) -> None:
    sink = place.capture(to=LogTo.NULL)

    assert sink.writer("stdout") is None
    assert sink.tail(5) == []
    assert list(place.home.iterdir()) == []


def test_a_replaced_policy_holds_at_once(place: Place) -> None:
    sink = place.capture()
    writer = place.writer(sink)

    sink.policy = LogPolicy(max_size=4, compress=False)
    for _ in range(3):
        os.write(writer, b"12345\n")
        place.turn()
    sink.drain()

    assert b"".join([*place.full(), place.current()]) == b"12345\n" * 3
    assert len(place.full()) >= 2


def test_a_line_without_end_is_cut_in_the_end(place: Place) -> None:
    sink = place.capture(max_size=1000)
    told: list[bytes] = []
    sink.follow(lambda _, lines: told.extend(lines))
    writer = place.writer(sink)
    block = b"x" * 65536

    for _ in range(40):
        os.write(writer, block)
        place.turn()
    os.write(writer, b"\n")
    sink.drain()

    longest = 1 << 20
    assert b"".join([*place.full(), place.current()]) == block * 40 + b"\n"
    assert longest <= len(place.full()[0]) < longest + 1000 + 2 * len(block)
    assert b"".join(told) == block * 40
    assert max(map(len, told)) < longest + len(block)


def test_no_more_files_are_kept_than_asked_for(place: Place) -> None:
    sink = place.capture(max_size=1, keep=2)
    writer = place.writer(sink)

    for number in range(6):
        os.write(writer, b"%d\n" % number)
        place.turn()
    sink.drain()

    assert len(place.full()) == 2
    assert place.texts() in ([b"3", b"4", b"5"], [b"4", b"5"])
    rotated = {path.name.removesuffix(".idx") for path in place.folder.glob("stdout.log.0*")}
    assert len(rotated) == 2, "an index goes with its file"


def test_a_file_is_as_old_as_its_first_byte(place: Place) -> None:
    sink = place.capture(max_age=60.0)
    writer = place.writer(sink)
    place.clock.forward(1000)
    os.write(writer, b"first\n")
    place.turn()
    place.clock.forward(59)
    os.write(writer, b"second\n")
    place.turn()
    assert place.full() == []
    sink.close()
    place.clock.forward(2)

    sink = place.capture(max_age=60.0, keep=10)
    place.stay_young()
    os.write(writer, b"third\n")
    place.turn()

    assert place.full() == [b"first\nsecond\n"]
    assert place.current() == b"third\n"


def test_rotated_files_that_are_too_old_are_deleted(place: Place) -> None:
    sink = place.capture(max_size=1, max_age=1000.0)
    writer = place.writer(sink)
    for name in (b"old\n", b"older than it looks\n"):
        os.write(writer, name)
        place.turn()

    place.clock.forward(2000)
    place.stay_young()
    os.write(writer, b"new\n")
    place.turn()

    assert b"old\n" not in place.full()


@pytest.mark.parametrize("gone", ["stdout.log", "stdout.log.idx"])
def test_a_deleted_file_does_not_stop_the_capture(place: Place, gone: str) -> None:
    sink = place.capture(max_size=8)
    writer = place.writer(sink)
    os.write(writer, b"one\n")
    place.turn()

    (place.folder / gone).unlink()
    for line in (b"fills the file\n", b"two\n"):
        os.write(writer, line)
        place.turn()

    assert place.texts()[-1:] == [b"two"]
    assert place.bus.events == []


def test_a_deleted_folder_is_made_again(place: Place) -> None:
    sink = place.capture(max_size=1)
    writer = place.writer(sink)
    os.write(writer, b"one\n")
    place.turn()
    shutil.rmtree(place.folder)

    for line in (b"two\n", b"three\n"):
        os.write(writer, line)
        place.turn()
        place.clock.forward(1)

    assert place.texts()[-1:] == [b"three"]


# a disk that refuses


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte where logs lie."""
    disk = tmp_path / "logs"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "svcctl-test", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
@pytest.mark.usefixtures("way")
def test_a_full_disk_keeps_the_program_waiting_and_loses_nothing(
    place: Place, small_disk: Path
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 900_000)
    sink = place.capture()
    writer = place.writer(sink)
    os.set_blocking(writer, False)
    lines = b"".join(b"%09d\n" % number for number in range(50_000))
    sent = 0
    with suppress(BlockingIOError):
        while sent < len(lines):
            sent += os.write(writer, lines[sent : sent + 4096])
            place.turn()
    assert sent < len(lines)
    place.clock.forward(3)
    assert [type(event) for event in place.bus.events] == [CapturePaused]

    ballast.unlink()
    place.clock.forward(4)
    while sent < len(lines):
        sent += os.write(writer, lines[sent : sent + 4096])
        place.turn()
    sink.drain()

    assert place.current() == lines
    assert [type(event) for event in place.bus.events] == [CapturePaused, CaptureResumed]
    problem = os.strerror(errno.ENOSPC)
    assert place.bus.events[0].fields() == {"stream": "stdout", "problem": problem}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_waits_between_tries_grow_and_are_told_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    tried: list[float] = []

    def refuse(*_: object, **__: object) -> int:
        tried.append(place.clock.monotonic())
        raise OSError(number, os.strerror(number))

    sink = place.capture()
    writer = place.writer(sink)
    monkeypatch.setattr(os, "splice", refuse)
    os.write(writer, b"kept\n")
    place.turn()

    place.clock.forward(91)
    waits = [later - sooner for sooner, later in pairwise(tried)]
    monkeypatch.undo()
    place.clock.forward(30)

    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert place.current() == b"kept\n"
    assert [type(event) for event in place.bus.events] == [CapturePaused, CaptureResumed]


def test_a_closed_capture_tries_no_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    sink = place.capture()
    writer = place.writer(sink)
    monkeypatch.setattr(os, "splice", refuse)
    os.write(writer, b"x\n")
    place.turn()
    assert place.clock.next_at is not None

    sink.close()

    assert place.clock.next_at is None


# followers


def test_a_follower_gets_lines_from_now_on_over_a_rotation(place: Place) -> None:
    sink = place.capture(max_size=8)
    out, err = place.writer(sink), place.writer(sink, "stderr")
    told: list[tuple[str, bytes]] = []
    os.write(out, b"past\nhalf a")
    place.turn()

    cancel = sink.follow(lambda stream, lines: told.extend((stream, line) for line in lines))
    os.write(out, b" line\r\nnext\n")
    place.turn()
    os.write(err, b"oops\n")
    os.write(out, b"unfinished")
    place.turn()
    assert ("stdout", b"unfinished") not in told
    sink.drain()
    cancel()
    cancel()
    os.write(out, b"not told\n")
    sink.drain()

    assert [line for stream, line in told if stream == "stdout"] == [
        b"half a line",
        b"next",
        b"unfinished",
    ]
    assert [line for stream, line in told if stream == "stderr"] == [b"oops"]
    assert place.full()


# reading back


def test_lines_of_all_streams_are_merged_by_time(place: Place) -> None:
    sink = place.capture(max_size=20, compress=True)
    out, err = place.writer(sink), place.writer(sink, "stderr")
    begin = place.clock.now()

    for number in range(40):
        os.write(err if number % 3 == 0 else out, b"line %d\n" % number)
        sink.drain()
        place.clock.forward(1)

    names = [b"line %d" % number for number in range(40)]
    assert list(place.folder.glob("*.gz"))
    assert place.texts() == names
    assert place.texts(last=7) == names[-7:]
    assert place.texts(since=begin + 10) == names[10:]
    assert place.texts(since=begin + 10, until=begin + 12) == names[10:13]
    assert place.texts(until=begin + 12, last=2) == names[11:13]
    assert place.texts(grep=re.compile(rb"[05]$"), last=2) == [names[30], names[35]]
    assert place.texts(streams=frozenset({"stderr"})) == names[::3]
    assert sink.tail(2) == names[-2:]
    assert sink.tail(0) == []


def test_who_writes_little_without_end_is_given_a_wide_pipe_and_loses_nothing(place: Place) -> None:
    import fcntl

    sink = place.capture()
    loud, quiet = place.writer(sink), place.writer(sink, "stderr")
    usual = fcntl.fcntl(quiet, fcntl.F_GETPIPE_SZ)

    os.write(quiet, b"now and then\n")
    for number in range(1000):
        os.write(loud, b"%d\n" % number)
        place.turn()
    sink.drain()

    assert fcntl.fcntl(loud, fcntl.F_GETPIPE_SZ) > usual
    assert fcntl.fcntl(quiet, fcntl.F_GETPIPE_SZ) == usual
    assert place.texts(streams=frozenset({"stdout"})) == [b"%d" % number for number in range(1000)]
    os.write(loud, b"later\n")
    place.loop.run_until_complete(asyncio.wait_for(_has(place, b"later\n"), 60.0))


async def _has(place: Place, ending: bytes) -> None:
    while not place.current().endswith(ending):
        await asyncio.sleep(0.001)


def test_a_clock_set_back_does_not_change_the_order_of_a_stream(place: Place) -> None:
    sink = place.capture()
    writer = place.writer(sink)

    for number in range(10):
        os.write(writer, b"%d\n" % number)
        place.turn()
        place.clock.jump(-100)

    assert place.texts() == [b"%d" % number for number in range(10)]


@pytest.mark.parametrize("size", [0, 7, 16, 25])
def test_a_torn_index_costs_times_and_no_lines(place: Place, size: int) -> None:
    sink = place.capture()
    writer = place.writer(sink)
    for number in range(5):
        os.write(writer, b"%d\n" % number)
        place.turn()
        place.clock.forward(1)
    sink.close()
    os.truncate(place.folder / "stdout.log.idx", size)

    sink = place.capture()
    os.write(writer, b"5\n")
    place.turn()

    assert place.texts() == [b"%d" % number for number in range(6)]
    assert place.lines()[-1].at == pytest.approx(place.clock.now(), abs=0.1)


def test_a_file_is_read_once_while_it_is_rotated_and_packed(place: Place) -> None:
    sink = place.capture(max_size=1)
    writer = place.writer(sink)
    for number in range(8):
        os.write(writer, b"%d\n" % number)
        place.turn()
    source = Source(service="web", instance="web", folder=str(place.folder))

    lines = read([source], Wanted(), last=None)
    found = [next(lines).text]
    for number in range(8, 11):
        os.write(writer, b"%d\n" % number)
        place.turn()
    for path in sorted(place.folder.glob("stdout.log.*[0-9]")):
        pack_file(str(path))
    found += [line.text for line in lines]

    assert found[:8] == [b"%d" % number for number in range(8)]
    assert found == [b"%d" % number for number in range(len(found))]


def test_the_end_of_a_large_file_is_read_without_the_rest(place: Place) -> None:
    place.folder.mkdir(parents=True)
    with (place.folder / "stdout.log").open("wb") as file:
        file.truncate(4 << 30)  # sparse: reading all of it would take its time
        file.seek(4 << 30)
        file.write(b"\n" + b"".join(b"%d\n" % number for number in range(100)))

    assert place.texts(last=3) == [b"97", b"98", b"99"]
