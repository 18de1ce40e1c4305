"""What is known of instances whose engine is gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.engine.journal import KIND, Entry, to_document
from svcctl.engine.last_seen import as_it_ended, last_seen
from svcctl.engine.life import Instance, Phase
from svcctl.engine.store import SqliteStore
from svcctl.ports import Identity, InstanceStatus

ENTRY = Entry(
    service="web",
    number=1,
    state=Instance(phase=Phase.FINISHED, reason="exit code 0"),
    started_at=100.0,
    exit_code=0,
    boot_id="b1",
)
STATUS = InstanceStatus(
    service="web", instance="web", phase="stopped", ready=False, live=None, pid=None,
    started_at=None, restarts=0, exit_code=None, exit_signal=None, manager="systemd",
    spec_revision="r1", applied=True, enabled=True, cpu=None, memory_bytes=None, processes=None,
    reason="", status_text="", next_at=None, groups=(), labels={}, description="",
)  # fmt: skip


def test_the_journal_of_an_engine_can_be_read_when_it_is_gone(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "state#.db"))
    store.put(KIND, "web", to_document(ENTRY))
    store.put(KIND, "web.2", to_document(replace(ENTRY, number=2, boot_id="b0")))
    store.close()

    assert last_seen(str(tmp_path / "state#.db"), boot_id="b1") == {"web": ENTRY}


def test_without_a_journal_nothing_is_known_and_none_is_made(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_text("no database, but more than a header would take" * 9)

    assert last_seen(str(tmp_path / "no.db"), boot_id="b1") == {}
    assert last_seen(str(tmp_path / "bad.db"), boot_id="b1") == {}
    assert [each.name for each in tmp_path.iterdir()] == ["bad.db"]


def test_what_ended_well_is_finished() -> None:
    found = as_it_ended(STATUS, {"web": ENTRY})

    assert (found.phase, found.reason, found.exit_code) == ("finished", "exit code 0", 0)


def test_what_gave_up_is_said_with_the_exit_of_its_program() -> None:
    failed = replace(STATUS, phase="failed", reason="gave up")
    entry = replace(ENTRY, state=Instance(phase=Phase.STOPPED), exit_code=3)

    found = as_it_ended(failed, {"web": entry})

    assert (found.phase, found.reason, found.exit_code) == ("failed", "gave up", 3)


@pytest.mark.parametrize(
    ("status", "seen", "after"),
    [
        (STATUS, {}, 0.0),
        (STATUS, {"web": ENTRY}, 100.5),
        (replace(STATUS, phase="running", pid=7), {"web": ENTRY}, 0.0),
        (replace(STATUS, phase="starting"), {"web": ENTRY}, 0.0),
        (
            STATUS,
            {"web": replace(ENTRY, identity=Identity(pid=7, start_ticks=1, boot_id="b1"))},
            0.0,
        ),
    ],
)
def test_what_runs_again_or_ended_unseen_or_before_is_left_as_the_manager_says(
    status: InstanceStatus, seen: dict[str, Entry], after: float
) -> None:
    assert as_it_ended(status, seen, after=after) == status
