"""Logs of others as the agent opens them: followed from where they were left, and read back."""

from __future__ import annotations

import stat
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from svcctl.app.log_source import LogSource
from svcctl.bootstrap.foreign_logs import Sources, journal_terms
from svcctl.errors import SystemFault
from svcctl.spec.watch import JournalPriority, WatchSpec

PATIENCE = 60.0


def no_time(line: bytes) -> float | None:
    del line
    return None


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(str(tmp_path / "state"))


@pytest.fixture
def watch(tmp_path: Path) -> WatchSpec:
    return WatchSpec(name="app", path=(str(tmp_path / "*.log"),), from_start=True)


@pytest.fixture
def opened(sources: Sources, watch: WatchSpec, tmp_path: Path) -> Iterator[LogSource]:
    (tmp_path / "a.log").write_bytes(b"one\n  more\ntwo")
    with closing(sources.open(watch)) as found:
        yield found


def taken(log: LogSource, count: int) -> bytes:
    """Give *count* bytes that come, or as many as come in time."""
    found, deadline = b"", time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        found += b"".join(each.content for each in log.take())
        log.wait(0.01)
    return found


def test_files_are_given_by_whole_records(opened: LogSource, tmp_path: Path) -> None:
    with (tmp_path / "a.log").open("ab") as file:
        file.write(b"\nthree\n")

    assert taken(opened, 15) == b"one\n  more\ntwo\n"
    assert opened.behind() == 6


def test_they_are_followed_from_where_they_were_left_until_that_is_forgotten(
    sources: Sources, watch: WatchSpec, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_bytes(b"one\n  more\n{}\n")
    with closing(sources.open(watch)) as first:
        taken(first, 14)
        first.acknowledge()
    with (tmp_path / "a.log").open("ab") as file:
        file.write(b"{}\n")

    with closing(sources.open(watch)) as second:
        assert taken(second, 3) == b"{}\n"
    sources.forget("app")
    with closing(sources.open(watch)) as third:
        assert taken(third, 17) == b"one\n  more\n{}\n{}\n"


def test_lines_may_stand_alone_in_an_encoding(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes("接口\n  爱\n".encode("gb18030"))
    path = str(tmp_path / "a.log")
    alone = WatchSpec(name="a", path=(path,), encoding="gb18030", multiline="none", from_start=True)

    with closing(sources.open(alone)) as log:
        assert taken(log, 13).decode() == "接口\n  爱\n"


def test_all_is_well_with_files_that_can_be_read_or_are_not_there(
    opened: LogSource, tmp_path: Path
) -> None:
    assert opened.problem() == ""

    (tmp_path / "a.log").unlink()
    assert opened.problem() == ""


def test_a_file_that_may_not_be_read_is_named(
    opened: LogSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = str(tmp_path / "a.log")
    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda path, _mode: str(path) != log)

        assert opened.problem() == f"{log}: permission denied"


def test_a_folder_that_may_not_be_entered_is_named(
    opened: LogSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(13, "no", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", refused)

        assert opened.problem() == f"{tmp_path}: permission denied"


def test_what_is_there_is_read_back_by_file(
    sources: Sources, watch: WatchSpec, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_bytes(b"one\n")
    (tmp_path / "b.log").write_bytes(b"two\n")

    parts = [list(each) for each in sources.past(watch, since=0.0, most=None, time_of=no_time)]

    assert sorted((each.stream, each.content) for part in parts for each in part) == [
        (str(tmp_path / "a.log"), b"one\n"),
        (str(tmp_path / "b.log"), b"two\n"),
    ]


def test_what_cannot_be_read_back_is_told(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/x/a.log")

    monkeypatch.setattr("svcctl.observe.logs.tail.past.Opened", refused)
    (part,) = sources.past(
        WatchSpec(name="a", path=("/x/a.log",)), since=0.0, most=None, time_of=no_time
    )

    with pytest.raises(SystemFault, match=r"/x/a\.log: Permission denied"):
        next(part)


def test_units_priority_and_terms_are_told_to_journalctl() -> None:
    watch = WatchSpec(name="a", journal=("a.service", "_COMM=b"), priority=JournalPriority.WARNING)

    assert journal_terms(watch) == ["--unit=a.service", "--priority=warning", "_COMM=b"]
    assert journal_terms(WatchSpec(name="a", journal=("*",))) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs Linux: journalctl is played by a script")
def test_the_journal_is_followed_and_read_back(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = '{"__CURSOR":"c1","__REALTIME_TIMESTAMP":"1790000000000000","MESSAGE":"hi"}'
    played = tmp_path / "journalctl"
    follow = 'case "$*" in *--follow*) exec sleep 60;; esac'
    played.write_text(f"#!/bin/sh\necho '{entry}'\n{follow}\n")
    played.chmod(played.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    watch = WatchSpec(name="a", journal=("*",), from_start=True)
    with closing(sources.open(watch)) as log:
        deadline = time.monotonic() + PATIENCE
        while not (found := log.take()) and time.monotonic() < deadline:
            log.wait(0.01)
        log.acknowledge()
    ((past,),) = sources.past(watch, since=0.0, most=1 << 20, time_of=no_time)

    assert [each.message for each in found[0].records] == ["hi"]
    assert past.records == found[0].records
    assert (log.behind(), log.problem()) == (0, "")
    assert (tmp_path / "state" / "a.journal").read_text() == "c1"
