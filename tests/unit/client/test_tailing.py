"""A file is followed over its end, and over its beginning anew."""

from __future__ import annotations

from pathlib import Path

from svcctl.client.tailing import follow, size_of


def test_whole_lines_are_given_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "stdout.log"
    path.write_bytes(b"old\n")
    lines = follow(path, size_of(path))

    with path.open("ab") as file:
        file.write(b"one\r\ntwo\nhal")
    found = [next(lines), next(lines)]
    with path.open("ab") as file:
        file.write(b"f\n")

    assert [*found, next(lines)] == [b"one", b"two", b"half"]


def test_a_file_that_was_put_aside_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "stdout.log"
    path.write_bytes(b"a long line\n")
    lines = follow(path, 0)
    next(lines)

    path.write_bytes(b"new\n")

    assert next(lines) == b"new"


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    assert size_of(tmp_path / "none") == 0
