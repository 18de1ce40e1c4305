"""What a log says already: older parts, packed ones, other encodings, and its end alone."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from svcctl.observe.logs.tail.encoding import named
from svcctl.observe.logs.tail.past import PastLog


def lines(log: PastLog, *, since: float = 0.0, most: int | None = None) -> list[bytes]:
    return b"".join(log.blocks(since=since, most=most)).splitlines()


def write(path: Path, content: bytes, *, at: float = 0.0) -> None:
    path.write_bytes(content)
    if at:
        os.utime(path, (at, at))


def test_older_parts_come_first_unpacked(tmp_path: Path) -> None:
    write(tmp_path / "a.log.2.gz", gzip.compress(b"one\n"), at=1000)
    write(tmp_path / "a.log.1", b"two\nunended", at=2000)
    write(tmp_path / "a.log", b"three\n")
    write(tmp_path / "b.log", b"another\n")

    assert lines(PastLog(str(tmp_path / "a.log"))) == [b"one", b"two", b"unended", b"three"]


def test_parts_that_were_not_written_to_since_then_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "a.log.2", b"one\n", at=1000)
    write(tmp_path / "a.log.1", b"two\n", at=2000)
    write(tmp_path / "a.log", b"three\n", at=3000)

    assert lines(PastLog(str(tmp_path / "a.log")), since=1500) == [b"two", b"three"]


def test_only_the_end_is_read_where_that_is_enough(tmp_path: Path) -> None:
    write(tmp_path / "a.log.1", b"old\n")
    write(tmp_path / "a.log", b"one\ntwo\nthree\n")
    log = PastLog(str(tmp_path / "a.log"))

    assert lines(log, most=8) == [b"three"]
    assert lines(log, most=14) == [b"one", b"two", b"three"]
    assert lines(log, most=15) == [b"old", b"one", b"two", b"three"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "gb18030"])
def test_another_encoding_is_given_as_utf_8(tmp_path: Path, encoding: str) -> None:
    write(tmp_path / "a.log", "Ӡ爱\n接口\n".encode(encoding))
    log = PastLog(str(tmp_path / "a.log"), encoding=named(encoding))

    assert lines(log) == ["Ӡ爱".encode(), "接口".encode()]
    assert lines(log, most=8) == ["接口".encode()]


def test_an_encoding_is_told_by_its_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path / "a.log", "hi\n".encode("utf-16"))

    assert lines(PastLog(str(tmp_path / "a.log"))) == [b"hi"]


def test_what_is_not_there_says_nothing(tmp_path: Path) -> None:
    log = PastLog(str(tmp_path / "a.log"))

    assert (lines(log), lines(log, most=5)) == ([], [])


def test_a_line_without_an_end_is_not_kept_whole_in_memory(tmp_path: Path) -> None:
    write(tmp_path / "a.log", b"x" * (9 << 20))

    blocks = list(PastLog(str(tmp_path / "a.log")).blocks())

    assert [len(each) >> 20 for each in blocks] == [4, 4, 1]


def test_a_time_in_a_long_log_is_found_without_reading_all_of_it(tmp_path: Path) -> None:
    count = 300_000
    write(tmp_path / "a.log", b"".join(b"%014d\n" % each for each in range(count)))
    asked: list[bytes] = []

    def time_of(line: bytes) -> float:
        asked.append(line)
        return float(line)

    blocks = list(PastLog(str(tmp_path / "a.log")).blocks(since=200_000.0, time_of=time_of))

    first = int(blocks[0].split(b"\n")[0])
    assert 130_000 < first <= 200_000 - 60
    assert blocks[-1].endswith(b"%014d\n" % (count - 1))
    assert len(asked) < 10


@pytest.mark.parametrize("since", [1.0, 1e9])
def test_a_log_that_says_no_time_is_read_whole(tmp_path: Path, since: float) -> None:
    write(tmp_path / "a.log", b"x\n" * 2_000_000, at=2e9)

    blocks = PastLog(str(tmp_path / "a.log")).blocks(since=since, time_of=lambda _: None)

    assert sum(map(len, blocks)) == 4_000_000
