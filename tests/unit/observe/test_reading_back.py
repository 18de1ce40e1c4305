"""What is read back is each line once, whatever is captured, rotated or deleted meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.engine.bus import LocalBus
from svcctl.observe.logs.archive import Packer, pack_file
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.fifo import Fifos
from svcctl.observe.logs.lines import LONGEST
from svcctl.observe.logs.query import Source, Wanted, read
from svcctl.spec.policy import LogPolicy
from svcctl.testing.fakes import FakeClock


class Desk:
    """One instance that is captured, and a writer that plays its program."""

    def __init__(self, home: Path, *, max_size: int = 1 << 20) -> None:
        self.folder = home / "logs" / "web" / "web"
        self.clock = FakeClock()
        self.loop = asyncio.new_event_loop()

        async def opened() -> Capture:
            return Capture(
                "web",
                "web",
                folder=str(self.folder),
                inlets=Fifos(str(home / "pipes"), "web", owner=None),
                policy=LogPolicy(compress=False, keep=100, max_size=max_size),
                clock=self.clock,
                bus=LocalBus(),
                packer=Packer(),
            )

        self.sink = self.loop.run_until_complete(opened())
        writer = self.sink.writer("stdout")
        assert writer is not None
        self.writer = writer

    def say(self, text: bytes) -> None:
        """Write, and let the loop capture it; the program goes on."""
        os.write(self.writer, text)
        self.loop.run_until_complete(asyncio.sleep(0))

    def reading(self, *, last: int | None = None, **wanted: object) -> Iterator[bytes]:
        source = Source(service="web", instance="web", folder=str(self.folder))
        lines = read([source], Wanted(**wanted), last=last)  # type: ignore[arg-type]
        return (line.text for line in lines)

    def close(self) -> None:
        self.sink.close()
        os.close(self.writer)
        self.loop.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An instance that is captured."""
    made = Desk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Desk]:
    """An instance whose files are full with one line."""
    made = Desk(tmp_path, max_size=1)
    yield made
    made.close()


def lay(folder: Path, text: bytes) -> Source:
    """Put *text* where captured output lies."""
    folder.mkdir(exist_ok=True)
    (folder / "stdout.log").write_bytes(text)
    return Source(service="web", instance="web", folder=str(folder))


@pytest.mark.parametrize("last", [None, 10])
def test_the_past_and_what_follows_it_meet_without_gap_or_double(
    small: Desk, last: int | None
) -> None:
    small.say(b"first\nold\nhalf a")
    told: list[bytes] = []

    past = small.reading(last=last, unfinished=False)
    small.sink.follow(lambda _, lines: told.extend(lines))
    small.say(b" line\nnew\n")
    small.say(b"newer\n")

    assert list(past) == [b"first", b"old"]
    assert told == [b"half a line", b"new", b"newer"]


@pytest.mark.parametrize("last", [None, 10])
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_rotated_after_the_question_is_read_up_to_there(
    small: Desk, last: int | None, packed: bool
) -> None:
    small.say(b"one\n")
    small.say(b"two\n")

    past = small.reading(last=last)
    for text in (b"three\n", b"four\n"):
        small.say(text)
    if packed:
        for path in sorted(small.folder.glob("stdout.log.??????")):
            pack_file(str(path))

    assert list(past) == [b"one", b"two"]


def test_the_tail_of_a_file_with_a_million_times_reads_little_of_them(tmp_path: Path) -> None:
    count = 300_000
    source = lay(tmp_path / "logs", b"".join(b"%06d\n" % n for n in range(count)))
    pairs = (struct.pack("<QQ", n * 7, (1_700_000_000 + n) * 10**9) for n in range(count))
    (tmp_path / "logs" / "stdout.log.idx").write_bytes(b"".join(pairs))

    tracemalloc.start()
    lines = list(read([source], Wanted(), last=3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [(line.at, line.text) for line in lines] == [
        (1_700_000_000 + n, b"%06d" % n) for n in range(count - 3, count)
    ]
    assert peak < 2_000_000
    since = 1_700_000_000 + count - 5
    assert len(list(read([source], Wanted(since=since), last=None))) == 5
    assert len(list(read([source], Wanted(since=since), last=9))) == 5


TEXTS = st.lists(st.sampled_from([b"a", b"bb\r", b"\n", b"\r\n", b"ccc"]), max_size=60)


@settings(max_examples=150)
@given(parts=TEXTS, count=st.integers(1, 30), block=st.integers(1, 9))
def test_reading_backwards_gives_what_reading_forwards_gives(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], count: int, block: int
) -> None:
    source = lay(tmp_path_factory.mktemp("logs"), b"".join(parts))
    grep = re.compile(b"[ac]")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("svcctl.observe.logs.query._BLOCK", block)
        last = [line.text for line in read([source], Wanted(), last=count)]
        found = [line.text for line in read([source], Wanted(grep=grep), last=count)]

    every = [line.text for line in read([source], Wanted(), last=None)]
    assert last == every[-count:]
    assert found == [text for text in every if grep.search(text)][-count:]


def test_a_line_without_end_is_read_in_parts(tmp_path: Path) -> None:
    source = lay(tmp_path / "logs", b"x" * (3 * LONGEST) + b"\nend\n")

    forwards = [line.text for line in read([source], Wanted(), last=None)]
    backwards = [line.text for line in read([source], Wanted(), last=100)]

    for found in (forwards, backwards):
        assert b"".join(found) == b"x" * (3 * LONGEST) + b"end"
        assert max(map(len, found)) <= LONGEST + 256 * 1024


def test_a_torn_index_still_tells_what_it_has(tmp_path: Path) -> None:
    source = lay(tmp_path / "logs", b"one\ntwo\nthree\n")
    whole = struct.pack("<QQQQ", 0, 100 * 10**9, 4, 200 * 10**9)
    (tmp_path / "logs" / "stdout.log.idx").write_bytes(whole + b"torn")

    lines = list(read([source], Wanted(), last=None))

    assert [(line.at, line.text) for line in lines] == [
        (100.0, b"one"),
        (200.0, b"two"),
        (200.0, b"three"),
    ]


def test_packed_files_are_read_like_any_other(tmp_path: Path) -> None:
    source = lay(tmp_path / "logs", b"three\n")
    (tmp_path / "logs" / "stdout.log.000001.gz").write_bytes(gzip.compress(b"one\ntwo\n"))

    assert [line.text for line in read([source], Wanted(), last=None)] == [b"one", b"two", b"three"]
    assert [line.text for line in read([source], Wanted(), last=2)] == [b"two", b"three"]


def test_an_answer_that_is_never_taken_holds_no_file(desk: Desk) -> None:
    desk.say(b"one\n")
    before = open_logs()

    answers = [desk.reading(last=last) for last in (None, 3)]

    assert open_logs() == before
    assert [list(answer) for answer in answers] == [[b"one"], [b"one"]]
    assert open_logs() == before


def open_logs() -> list[str]:
    """Give the logs that this process has open."""
    found = []
    for each in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the listing itself had one
            found.append(os.readlink(f"/proc/self/fd/{each}"))
    return sorted(each for each in found if each.endswith(".log"))


@pytest.mark.parametrize("last", [None, 10])
@pytest.mark.parametrize("damage", ["short", "spoilt", "foreign", "bad sum"])
def test_a_packed_file_that_is_damaged_hides_no_other(
    tmp_path: Path, damage: str, last: int | None
) -> None:
    packed = gzip.compress(b"".join(b"old %d\n" % each for each in range(3)))
    ruined = {
        "short": packed[:-5],
        "spoilt": packed[:12] + b"\xff\xff\xff" + packed[15:],
        "foreign": b"no gzip at all",
        "bad sum": packed[:-8] + b"\0" * 8,
    }
    (tmp_path / "stdout.log.000001.gz").write_bytes(ruined[damage])
    (tmp_path / "stdout.log").write_bytes(b"new\n")
    source = Source(service="web", instance="web", folder=str(tmp_path))

    lines = [each.text for each in read([source], Wanted(), last=last)]

    assert lines[-1] == b"new"
    if damage != "spoilt":
        assert set(lines) <= {b"old 0", b"old 1", b"old 2", b"new"}


def test_an_index_that_points_nowhere_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "stdout.log").write_bytes(b"one\ntwo\n")
    pairs = [(2**63, 10**18), (2**64 - 1, 2**64 - 1)]
    (tmp_path / "stdout.log.idx").write_bytes(b"".join(struct.pack("<QQ", *each) for each in pairs))
    source = Source(service="web", instance="web", folder=str(tmp_path))

    everything = [each.text for each in read([source], Wanted(), last=None)]
    newer = [each.text for each in read([source], Wanted(since=2e9), last=None)]

    assert everything == [b"one", b"two"]
    assert newer == []
