"""Records are found over rotated and packed files, and merged by time over services."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

from svcctl.observe.logs.query import Source, Wanted
from svcctl.observe.records.reader import Reader
from svcctl.observe.records.search import Live, Sought, search
from svcctl.record import Level
from svcctl.spec.where import parse_where

TRACEBACK = b"""\
ERROR it broke
Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'a'
"""


def line(number: int) -> bytes:
    level = "error" if number % 10 == 0 else "info"
    return b'{"level":"%s","msg":"m%d","status":%d,"trace_id":"t%d"}\n' % (
        level.encode(),
        number,
        500 if number % 4 == 0 else 200,
        number % 3,
    )


def source(folder: Path, name: str = "web") -> Source:
    return Source(service=name, instance=name, folder=str(folder))


def found(folder: Path, *, last: int | None = None, **sought: Any) -> list[str]:
    which = Sought(**sought)
    return [each.record.message for each in search([source(folder)], Wanted(), which, last=last)]


def write_rotated(folder: Path) -> None:
    """Write a hundred lines into three files, the oldest packed."""
    lines = [line(number) for number in range(100)]
    (folder / "stdout.log.000001.gz").write_bytes(gzip.compress(b"".join(lines[:30])))
    (folder / "stdout.log.000002").write_bytes(b"".join(lines[30:60]))
    (folder / "stdout.log").write_bytes(b"".join(lines[60:]))


def test_records_are_found_by_level_fields_trace_and_pattern(tmp_path: Path) -> None:
    write_rotated(tmp_path)

    assert found(tmp_path, level=Level.ERROR) == [f"m{each}" for each in range(0, 100, 10)]
    assert found(tmp_path, where=parse_where("status>=500 and level=error")) == [
        f"m{each}" for each in range(0, 100, 20)
    ]
    assert found(tmp_path, trace="t2", last=2) == ["m95", "m98"]
    assert found(tmp_path, grep=re.compile(rb"m7\d")) == [f"m{each}" for each in range(70, 80)]
    assert found(tmp_path, last=0) == []


def test_the_last_records_are_found_far_from_the_end(tmp_path: Path) -> None:
    log = b"ERROR rare\n" + b"INFO often\n" * 60_000
    (tmp_path / "stdout.log").write_bytes(log)

    assert found(tmp_path, level=Level.ERROR, last=5) == ["ERROR rare"]


def test_a_traceback_is_found_whole(tmp_path: Path) -> None:
    (tmp_path / "stderr.log").write_bytes(b"INFO a\n" + TRACEBACK + b"INFO b\n")

    (only,) = search([source(tmp_path)], Wanted(), Sought(level=Level.ERROR), last=None)

    assert only.record.raw + b"\n" == TRACEBACK
    assert only.line.stream == "stderr"


def errors() -> Live[bytes]:
    reader = Reader()
    which = Sought(level=Level.ERROR)
    return Live(which, text=bytes, record=lambda lines, at: reader.record(lines, at=at))


def test_lines_that_come_in_parts_are_the_records_they_would_be_at_once() -> None:
    live = errors()
    lines = [b"INFO a", *TRACEBACK.splitlines(), b"INFO b", b"ERROR c"]

    found = [record.raw for each in lines for record, _ in live.take([each], at=1.0)]

    assert found == [*TRACEBACK.splitlines(), b"ERROR c"]
    assert [record.raw for record, _ in errors().take(lines, at=1.0)] == [
        TRACEBACK.removesuffix(b"\n"),
        b"ERROR c",
    ]
