"""Events that somebody else wrote are read, and their file is left as it is."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from svcctl.engine.reading import PastEvents
from svcctl.engine.store import SqliteStore
from svcctl.errors import StateFault
from svcctl.events import RunSkipped


def test_events_are_read_while_another_writes_them(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    store = SqliteStore(path)
    for number in range(5):
        store.append(RunSkipped(at=float(number), service="web" if number % 2 else "db"))
    past = PastEvents(path)

    assert past.read() == store.read()
    assert [each.at for each in past.read(services=("web",), since=2.0)] == [3.0]
    assert [each.at for each in past.read(after=3, limit=1)] == [4.0]
    store.close()


def test_the_file_of_an_earlier_version_is_not_changed(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as older:
        older.execute("PRAGMA user_version=1")
    before = Path(path).read_bytes()

    PastEvents(path).read()

    assert Path(path).read_bytes() == before


def test_a_file_that_never_was_holds_nothing_and_is_not_made(tmp_path: Path) -> None:
    assert PastEvents(str(tmp_path / "state.db")).read() == []
    assert os.listdir(tmp_path) == []


def test_what_is_no_state_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database" * 1000)

    with pytest.raises(StateFault, match="events cannot be read"):
        PastEvents(str(tmp_path / "state.db")).read()
