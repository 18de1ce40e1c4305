"""A file is there whole or not at all, and never open to more people than it should be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from svcctl.system import whole_file


def test_what_was_written_is_read_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"

    whole_file.write(str(path), b"old")
    whole_file.write(str(path), b"new")

    assert whole_file.read(str(path)) == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError("disk full")

    path = tmp_path / "file"
    whole_file.write(str(path), b"old")
    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(OSError, match="disk full"):
        whole_file.write(str(path), b"new")

    assert whole_file.read(str(path)) == b"old"


def test_it_can_be_written_where_there_are_no_modes_and_no_open_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "fchmod", raising=False)
    monkeypatch.delattr(os, "O_DIRECTORY", raising=False)

    whole_file.write(str(tmp_path / "file"), b"x")

    assert whole_file.read(str(tmp_path / "file")) == b"x"


@pytest.mark.posix
def test_a_draft_that_a_crash_left_open_to_all_lends_nobody_an_eye(tmp_path: Path) -> None:
    draft, path = tmp_path / ".file.new", tmp_path / "file"
    draft.write_bytes(b"left")
    draft.chmod(0o666)

    with draft.open("rb") as eye:
        whole_file.write(str(path), b"secret", mode=0o600)
        seen = eye.read()

    assert seen == b"left"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
