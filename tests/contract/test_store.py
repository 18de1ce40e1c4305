"""What every store must do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.engine.store import SqliteStore
from svcctl.ports import Document, Store
from svcctl.testing.fakes import FakeStore


@pytest.fixture(params=["fake", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "fake":
        yield FakeStore()
        return
    made = SqliteStore(str(tmp_path / "state.db"))
    yield made
    made.close()


async def test_documents_are_kept_by_kind_and_given_by_key(store: Store) -> None:
    store.put("instance", "web", {"pid": 1})
    store.put("instance", "db", {"pid": 2})
    store.put("service", "web", {"name": "web"})
    await store.settle()

    assert store.items("instance") == [("db", {"pid": 2}), ("web", {"pid": 1})]
    assert store.items("nothing") == []


async def test_the_last_document_counts_and_is_what_it_was_when_put(store: Store) -> None:
    document: Document = {"pid": 1, "tags": ["a"]}
    store.put("instance", "web", {"pid": 0})
    store.put("instance", "web", document)
    document["pid"] = 2

    assert store.items("instance") == [("web", {"pid": 1, "tags": ["a"]})]


async def test_what_was_deleted_is_gone_and_may_be_deleted_again(store: Store) -> None:
    store.put("instance", "web", {"pid": 1})

    store.delete("instance", "web")
    store.delete("instance", "web")

    assert store.items("instance") == []
