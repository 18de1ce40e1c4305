"""The state file stays small, and whoever writes to it waits for no disk meanwhile."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from svcctl.engine import store as store_module
from svcctl.engine import upkeep
from svcctl.engine.store import SqliteStore
from svcctl.errors import StateFault
from svcctl.events import RunSkipped

EVERY = 10  # writes between two checkpoints


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where the state lies."""
    return str(tmp_path / "state.db")


@pytest.fixture
def store(path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteStore]:
    """A new store that is seen to often."""
    monkeypatch.setattr(store_module, "_CHECKPOINT_EVERY", EVERY)
    opened = SqliteStore(path)
    yield opened
    opened.close()


def put_some(store: SqliteStore) -> None:
    for number in range(EVERY):
        store.put("instance", f"web.{number}", {"text": "x" * 400})


def size_of_log(path: str) -> int:
    return os.stat(f"{path}-wal").st_size


async def seen_to(store: SqliteStore) -> None:
    """Wait until the upkeep under way is over, its last part in the loop too."""
    assert store._upkeep is not None
    await store._upkeep
    await asyncio.sleep(0)


def test_the_log_is_begun_anew_where_nothing_was_written_meanwhile(
    store: SqliteStore, path: str
) -> None:
    async def put_and_wait() -> tuple[int, int]:
        put_some(store)
        before = size_of_log(path)
        await seen_to(store)
        return before, size_of_log(path)

    before, after = asyncio.run(put_and_wait())

    assert after < before / 2
    assert len(store.items("instance")) == EVERY


def test_what_is_written_meanwhile_stays_in_the_log(
    store: SqliteStore, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop writes after the last look of the thread: nothing may be thrown away."""
    maintain = upkeep.maintain

    async def put_and_wait() -> None:
        moved, written = threading.Event(), threading.Event()

        def slow(path: str, **how: object) -> upkeep.Moved | None:
            found = maintain(path, **how)  # type: ignore[arg-type]
            moved.set()
            written.wait(60)
            return found

        monkeypatch.setattr(upkeep, "maintain", slow)
        put_some(store)
        await asyncio.to_thread(moved.wait, 60)
        store.put("instance", "late", {})
        before = size_of_log(path)
        written.set()
        await seen_to(store)
        assert size_of_log(path) >= before

    asyncio.run(put_and_wait())

    assert len(store.items("instance")) == EVERY + 1


def test_a_store_that_is_closed_meanwhile_leaves_nothing_open(
    path: str, store: SqliteStore
) -> None:
    async def put_and_close() -> None:
        put_some(store)
        store.close()
        await seen_to(store)

    asyncio.run(put_and_close())

    again = SqliteStore(path)
    assert len(again.items("instance")) == EVERY
    again.close()


def test_a_loop_that_never_rests_has_the_log_moved_though_not_begun_anew(
    store: SqliteStore, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))
    asked: list[int] = []
    put_some(store)
    before = size_of_log(path)

    def maintain() -> upkeep.Moved | None:
        return upkeep.maintain(
            path,
            trim=False,
            commits=lambda: (next(calls) + 1) // 3 * 2,  # one in each pass, behind the guard
            hold_back=lambda: asked.append(size_of_log(path)),
        )

    assert maintain() is None
    assert (asked, size_of_log(path)) == ([], before)

    monkeypatch.setattr(upkeep, "_LONGEST", 1)
    assert maintain() is None
    assert asked == [before]
    assert size_of_log(path) < before


def test_what_is_held_back_meanwhile_is_read_at_once_and_written_afterwards(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def put_and_wait() -> tuple[int, int]:
        held, written = threading.Event(), threading.Event()

        def slow(_: str, *, hold_back: Callable[[], None], **how: object) -> None:
            assert how["trim"] is False
            hold_back()
            held.set()
            written.wait(60)

        monkeypatch.setattr(upkeep, "maintain", slow)
        put_some(store)
        await asyncio.to_thread(held.wait, 60)
        store.put("instance", "late", {})
        store.append(RunSkipped(at=1.0))
        await asyncio.sleep(0)
        (during,) = store._db.execute("SELECT count(*) FROM document").fetchone()
        assert [each.kind for each in store.read()] == ["RunSkipped"]
        assert "late" in dict(store.items("instance"))
        settled = asyncio.create_task(store.settle())
        await asyncio.sleep(0)
        written.set()
        await settled
        (after,) = store._db.execute("SELECT count(*) FROM document").fetchone()
        return during, after

    assert asyncio.run(put_and_wait()) == (EVERY, EVERY + 1)
    assert store._db.execute("SELECT count(*) FROM event").fetchone() == (1,)


def test_old_events_go_by_number_and_by_age(
    store: SqliteStore, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_EVENTS_KEPT", 30)
    monkeypatch.setattr(upkeep, "_TRIM_SLICE", 7)
    monkeypatch.setattr(upkeep, "_TRIM_PAUSE", 0.0)
    now = time.time()
    for number in range(50):
        store.append(RunSkipped(at=now - 40 * 86_400 if number < 35 else now))
    store.flush()

    trim(path)

    assert [each.number for each in store.read()] == list(range(36, 51))
    trim(path)
    assert len(store.read()) == 15


def test_upkeep_of_an_empty_or_missing_state_is_harmless(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    SqliteStore(path).close()
    trim(path)
    assert caplog.records == []

    trim(f"{path}/nowhere")

    assert [record.message for record in caplog.records] == ["state.not-maintained"]


def trim(path: str) -> None:
    moved = upkeep.maintain(path, trim=True, commits=lambda: 0, hold_back=lambda: None)
    if moved:
        moved.guard.close()


def test_a_machine_without_threads_is_seen_to_later(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    maintain, upkeeps = upkeep.maintain, []

    def counted(path: str, **how: object) -> upkeep.Moved | None:
        upkeeps.append(path)
        return maintain(path, **how)  # type: ignore[arg-type]

    async def put_all_the_same() -> None:
        with monkeypatch.context() as poor:
            poor.setattr(threading.Thread, "start", no_thread)
            put_some(store)
            with pytest.raises(StateFault, match="can't start new thread"):
                await store.settle()
        await store.settle()
        assert upkeeps == []
        put_some(store)
        await seen_to(store)

    monkeypatch.setattr(upkeep, "maintain", counted)
    asyncio.run(put_all_the_same())

    assert len(upkeeps) == 1
    assert [record.message for record in caplog.records] == ["state.not-maintained"]
    assert len(store.items("instance")) == EVERY


def test_a_guard_that_came_in_the_midst_of_a_commit_is_no_guard(
    store: SqliteStore, path: str
) -> None:
    put_some(store)
    counts = iter((1, 1, 2, 3, 4, 4, 4))

    moved = upkeep.maintain(path, trim=False, commits=lambda: next(counts), hold_back=pytest.fail)

    assert moved is not None
    assert moved.commits == 4
    moved.guard.close()
