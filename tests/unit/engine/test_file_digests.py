"""Whether the files of a definition still say what was applied, with real files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from svcctl.engine.sources import Sources


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "svcctl.toml"
    path.write_text("one")
    return path


def test_a_file_that_says_the_same_is_unchanged(file: Path) -> None:
    assert Sources().unchanged({str(file): digest(file)})


def test_a_file_that_says_something_else_has_changed(file: Path) -> None:
    sources, applied = Sources(), {str(file): digest(file)}
    assert sources.unchanged(applied)

    file.write_text("another")

    assert not sources.unchanged(applied)


def test_a_file_that_was_replaced_has_changed_though_it_looks_as_old(file: Path) -> None:
    sources, applied = Sources(), {str(file): digest(file)}
    assert sources.unchanged(applied)
    stat = file.stat()

    other = file.with_name("other")
    other.write_text("two")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)

    assert not sources.unchanged(applied)


def test_a_file_that_was_touched_is_unchanged(file: Path) -> None:
    sources, applied = Sources(), {str(file): digest(file)}

    os.utime(file, (1, 1))

    assert sources.unchanged(applied)


def test_a_file_that_is_gone_has_changed(file: Path) -> None:
    sources, applied = Sources(), {str(file): digest(file)}

    file.unlink()

    assert not sources.unchanged(applied)


def test_a_folder_in_its_place_is_a_change(file: Path) -> None:
    applied = {str(file): digest(file)}
    file.unlink()
    file.mkdir()

    assert not Sources().unchanged(applied)


def test_every_file_counts(file: Path) -> None:
    other = file.with_name("env")
    other.write_text("A=1")
    applied = {str(file): digest(file), str(other): digest(other)}
    assert Sources().unchanged(applied)

    other.write_text("A=2")

    assert not Sources().unchanged(applied)


def test_what_came_from_no_file_is_unchanged() -> None:
    assert Sources().unchanged({})


def test_a_file_that_did_not_change_is_read_once(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, applied = Sources(), {str(file): digest(file)}
    sources.unchanged(applied)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read again"))

    assert sources.unchanged(applied)
