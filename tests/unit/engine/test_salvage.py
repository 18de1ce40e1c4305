"""What can still be read of a damaged state is kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from svcctl.engine.salvage import salvage
from svcctl.engine.store import SqliteStore
from svcctl.events import SpecApplied
from svcctl.ports import Document

PAGE = 4096
DOCUMENTS: list[tuple[str, Document]] = [
    (f"web.{number:03}", {"text": "x" * 100}) for number in range(400)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state with many documents and events, closed."""
    made = tmp_path / "state.db"
    store = SqliteStore(str(made))
    for key, document in DOCUMENTS:
        store.put("instance", key, document)
    for number in range(400):
        store.append(SpecApplied(at=1.0, service=f"s{number}", change="changed", revision="r"))
    store.close()
    return made


def spoil(path: Path, marker: bytes) -> None:
    """Overwrite the head of the last page with *marker* in it."""
    content = bytearray(path.read_bytes())
    at = content.rindex(marker) // PAGE * PAGE
    content[at : at + 64] = b"\xff" * 64
    path.write_bytes(content)


def test_damage_among_the_events_costs_no_document(path: Path) -> None:
    spoil(path, b'"change":"changed"')

    store = SqliteStore(str(path))

    assert store.recovered
    assert store.items("instance") == DOCUMENTS
    store.close()


def test_what_stands_before_the_damage_is_kept(path: Path) -> None:
    spoil(path, b'web.300{"text"')

    store = SqliteStore(str(path))
    found = store.items("instance")

    assert store.recovered
    assert 100 < len(found) < 400
    assert found == DOCUMENTS[: len(found)]
    store.close()


def test_of_garbage_nothing_is_kept(path: Path) -> None:
    path.write_bytes(b"no database at all" * 500)

    assert salvage(str(path)) == []


def test_of_what_is_not_there_nothing_is_kept(tmp_path: Path) -> None:
    assert salvage(str(tmp_path / "state.db")) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["CAST(x'7bff22' AS TEXT)", "x'ff'", "7", "'{'"])
def test_garbage_in_one_document_costs_no_other(path: Path, what: str) -> None:
    _change(path, f"UPDATE document SET json={what} WHERE key='web.007'")

    store = SqliteStore(str(path))
    found = dict(store.items("instance"))
    store.close()

    assert found.pop("web.007", {}) == {}
    assert len(found) == len(DOCUMENTS) - 1


def test_a_document_whose_key_is_garbage_costs_no_other(path: Path) -> None:
    _change(path, "UPDATE document SET key=x'ff' WHERE key='web.007'")

    store = SqliteStore(str(path))
    found = store.items("instance")
    store.close()

    assert len(found) == len(DOCUMENTS) - 1


@pytest.mark.parametrize(
    "change",
    ["fields=CAST(x'7bff22' AS TEXT)", "fields=x'ff'", "service=x'ff'", "at='soon'", "kind=7"],
)
def test_garbage_in_one_event_costs_no_other(path: Path, change: str) -> None:
    _change(path, f"UPDATE event SET {change} WHERE number=7")

    store = SqliteStore(str(path))
    found = store.read(limit=1000)
    store.close()

    assert len({each.number for each in found} - {7}) == 399


def _change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()
