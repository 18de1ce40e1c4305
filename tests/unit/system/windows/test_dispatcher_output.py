"""The log of a host: whole lines, two files at most, and no failure of its own."""

from __future__ import annotations

import os
from pathlib import Path

from svcctl.system.windows.host_output import BoundedLog, host_log, log_stream


def test_lines_are_in_the_file_at_once_whatever_is_in_them(tmp_path: Path) -> None:
    path = tmp_path / "host.log"
    stream = log_stream(BoundedLog(str(path), limit=1000))

    stream.write("né\udcff\n")

    assert path.read_bytes() == b"n\xc3\xa9\\udcff" + os.linesep.encode()


def test_a_log_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "host.log"
    path.write_bytes(b"before\n")

    BoundedLog(str(path), limit=1000).write(b"after\n")

    assert path.read_bytes() == b"before\nafter\n"


def test_a_full_log_is_put_aside_and_only_one_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "host.log"
    log = BoundedLog(str(path), limit=100)

    for number in range(50):
        log.write(b"line %4d\n" % number)

    assert sorted(os.listdir(tmp_path)) == ["host.log", "host.log.1"]
    assert all(os.path.getsize(tmp_path / name) <= 100 for name in os.listdir(tmp_path))
    kept = (tmp_path / "host.log.1").read_bytes() + path.read_bytes()
    assert kept.splitlines() == [b"line %4d" % number for number in range(30, 50)]


def test_a_log_that_cannot_be_put_aside_stays_bounded(tmp_path: Path) -> None:
    (tmp_path / "host.log.1").mkdir()
    log = BoundedLog(str(tmp_path / "host.log"), limit=100)

    for _ in range(50):
        log.write(b"a line of it\n")

    assert os.path.getsize(tmp_path / "host.log") <= 100


def test_a_log_that_cannot_be_written_says_nothing(tmp_path: Path) -> None:
    log = BoundedLog(str(tmp_path / "host.log"), limit=100)
    os.dup2(os.open(os.devnull, os.O_RDONLY), log.fileno())

    assert log.write(b"lost\n") == 5


def test_the_log_of_a_host_is_in_its_own_folder() -> None:
    assert host_log("state") == os.path.join("state", "host.log")
