"""A state file is opened by its very name, and stays as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from svcctl.engine.state_file import open_to_read


@pytest.mark.parametrize("name", ["plain.db", "a b.db", "50%41.db", "why#now.db", "é&=+.db"])
def test_the_file_is_found_by_its_name_and_cannot_be_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE thing (name)")

    with closing(open_to_read(str(path))) as found:
        tables = found.execute("SELECT name FROM sqlite_master").fetchall()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            found.execute("INSERT INTO thing VALUES (1)")

    assert tables == [("thing",)]


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        open_to_read(str(tmp_path / "none.db"))

    assert not list(tmp_path.iterdir())


@pytest.mark.posix
def test_a_question_mark_is_part_of_the_name(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "what?mode=rw")) as db:
        db.execute("CREATE TABLE thing (name)")

    with closing(open_to_read(str(tmp_path / "what?mode=rw"))) as found:
        assert found.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)
