"""Whether the files of a definition still say what was applied, with real files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from svcctl.engine import sources as sources_module
from svcctl.engine.sources import Sources
from svcctl.testing.fakes import FakeClock

A_WHILE_AGO = 1_700_000_000
CLOCK = FakeClock(now=A_WHILE_AGO + 3_600.0)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "svcctl.toml"
    write(path, "one")
    return path


def write(path: Path, content: str, *, at: int = A_WHILE_AGO) -> None:
    path.write_text(content)
    os.utime(path, (at, at))


def test_a_file_that_says_the_same_is_unchanged(file: Path) -> None:
    assert Sources(CLOCK).unchanged({str(file): digest(file)})


def test_a_file_that_says_something_else_has_changed(file: Path) -> None:
    sources, applied = Sources(CLOCK), {str(file): digest(file)}
    assert sources.unchanged(applied)

    file.write_text("another")

    assert not sources.unchanged(applied)


def test_a_file_that_was_replaced_has_changed_though_it_looks_as_old(file: Path) -> None:
    sources, applied = Sources(CLOCK), {str(file): digest(file)}
    assert sources.unchanged(applied)
    stat = file.stat()

    other = file.with_name("other")
    other.write_text("two")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)

    assert not sources.unchanged(applied)


def test_a_file_that_was_touched_is_unchanged(file: Path) -> None:
    sources, applied = Sources(CLOCK), {str(file): digest(file)}

    os.utime(file, (1, 1))

    assert sources.unchanged(applied)


def test_a_file_that_is_gone_has_changed(file: Path) -> None:
    sources, applied = Sources(CLOCK), {str(file): digest(file)}

    file.unlink()

    assert not sources.unchanged(applied)


def test_a_folder_in_its_place_is_a_change(file: Path) -> None:
    applied = {str(file): digest(file)}
    file.unlink()
    file.mkdir()

    assert not Sources(CLOCK).unchanged(applied)


def test_every_file_counts(file: Path) -> None:
    other = file.with_name("env")
    other.write_text("A=1")
    applied = {str(file): digest(file), str(other): digest(other)}
    assert Sources(CLOCK).unchanged(applied)

    other.write_text("A=2")

    assert not Sources(CLOCK).unchanged(applied)


def test_what_came_from_no_file_is_unchanged() -> None:
    assert Sources(CLOCK).unchanged({})


def test_a_file_that_did_not_change_is_read_once(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, applied = Sources(CLOCK), {str(file): digest(file)}
    sources.unchanged(applied)
    monkeypatch.setattr(sources_module, "open", lambda *_: pytest.fail("read again"), raising=False)

    assert sources.unchanged(applied)


def test_a_file_that_changes_twice_within_a_tick_has_changed(file: Path) -> None:
    now = int(CLOCK.now())
    write(file, "one", at=now)
    sources, applied = Sources(CLOCK), {str(file): digest(file)}
    assert sources.unchanged(applied)

    write(file, "two", at=now)

    assert not sources.unchanged(applied)
