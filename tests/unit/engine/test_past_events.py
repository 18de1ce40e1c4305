"""What an engine wrote down is read while it does not run, and while it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.engine.past_events import left_documents, past_events
from svcctl.engine.store import SqliteStore
from svcctl.errors import StateFault
from svcctl.events import AgentStopped, RunSkipped


def test_events_after_a_number_are_read_back(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    store = SqliteStore(path)
    store.append(RunSkipped(at=1.0, service="web", instance="web"))
    store.append(AgentStopped(at=2.0, left_running=3))
    store.flush()

    (found,) = past_events(path, after=1)
    assert (found.number, found.kind, found.fields) == (2, "AgentStopped", {"left_running": 3})
    store.close()
    assert [each.service for each in past_events(path, after=0)] == ["web", ""]


def test_a_file_that_is_none_of_ours_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("something else, and long enough to be looked at as a database" * 100)

    with pytest.raises(StateFault, match="cannot be read"):
        past_events(str(path), after=0)
    assert left_documents(str(path), "alerting") == []


def test_documents_are_read_without_their_engine(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    store = SqliteStore(path)
    store.put("alerting", "spec", {"a": 1})
    store.put("other", "spec", {"b": 1})
    store.close()

    assert left_documents(path, "alerting") == [{"a": 1}]
    assert left_documents(str(tmp_path / "gone.db"), "alerting") == []
