"""The one file: transactions, its lock, its thread, and disks that refuse."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.errors import Conflict, StateFault, UsageError
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.schema import connect
from tests.unit.sdk.durable.conftest import Place


def keys(db: sqlite3.Connection) -> list[str]:
    return [key for (key,) in db.execute("SELECT key FROM state ORDER BY key")]


def put(key: str, value: str = "1") -> Callable[[sqlite3.Connection], None]:
    def insert(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO state VALUES (?,?)", (key, value))

    return insert


LARGE = put("large", "x" * 200_000)


def test_what_was_written_is_there_when_the_file_is_opened_again(place: Place) -> None:
    place.play(lambda database: database.run(put("a")))

    assert place.play(lambda database: database.run(keys)) == ["a"]


def test_what_is_committed_is_synced_and_nobody_else_comes_in(place: Place) -> None:
    names = ("synchronous", "journal_mode", "locking_mode", "temp_store")

    def settings(db: sqlite3.Connection) -> dict[str, object]:
        return {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in names}

    assert place.play(lambda database: database.run(settings)) == {
        "synchronous": 2,  # FULL
        "journal_mode": "wal",
        "locking_mode": "exclusive",
        "temp_store": 2,  # MEMORY
    }


def test_work_that_raises_leaves_nothing_and_spares_what_is_committed_with_it(place: Place) -> None:
    def half(db: sqlite3.Connection) -> None:
        put("half")(db)
        raise UsageError("changed my mind")

    async def scene(database: Database) -> list[str]:
        ends = await asyncio.gather(
            database.run(put("a")),
            database.run(half),
            database.run(put("b")),
            return_exceptions=True,
        )
        assert [type(end) for end in ends] == [type(None), UsageError, type(None)]
        return await database.run(keys)

    assert place.play(scene) == ["a", "b"]


def test_what_sqlite_refuses_fails_alone(place: Place) -> None:
    async def scene(database: Database) -> list[str]:
        ends = await asyncio.gather(
            *[database.run(put(key)) for key in ("a", "a", "b")], return_exceptions=True
        )
        assert [isinstance(end, StateFault) for end in ends] == [False, True, False]
        return await database.run(keys)

    assert place.play(scene) == ["a", "b"]


def test_work_asked_for_at_once_is_done_in_order_in_few_transactions(place: Place) -> None:
    order: list[int] = []
    busy = threading.Event()

    def noted(number: int) -> Callable[[sqlite3.Connection], None]:
        return lambda _: order.append(number)

    async def scene(database: Database) -> None:
        blocked = asyncio.ensure_future(database.run(lambda _: busy.wait(60)))
        await asyncio.sleep(0)
        place.disk.statements.clear()
        waiting = [asyncio.ensure_future(database.run(noted(n))) for n in range(50)]
        await asyncio.sleep(0)
        busy.set()
        await asyncio.gather(blocked, *waiting)

    place.play(scene)
    assert order == list(range(50))
    assert place.disk.statements.count("BEGIN") <= 2


def test_the_loop_does_not_wait_for_the_disk(place: Place) -> None:
    slow = threading.Event()

    async def scene(database: Database) -> int:
        waiting = asyncio.ensure_future(database.run(lambda _: slow.wait(60)))
        turns = 0
        while not waiting.done() and turns < 100:
            await asyncio.sleep(0)
            turns += 1
        slow.set()
        await waiting
        return turns

    assert place.play(scene) == 100


@pytest.mark.parametrize("at_commit", [False, True])
def test_a_full_disk_changes_nothing_is_told_and_is_no_end(place: Place, at_commit: bool) -> None:
    async def scene(database: Database) -> list[str]:
        place.disk.full, place.disk.at_commit = True, at_commit
        ends = await asyncio.gather(
            *[database.run(put(key)) for key in "ab"], return_exceptions=True
        )
        assert [type(end) for end in ends] == [StateFault, StateFault]
        assert "database or disk is full" in str(ends[0])
        place.disk.full = False
        await database.run(put("c"))
        return await database.run(keys)

    assert place.play(scene) == ["c"]


def test_a_file_that_may_not_grow_changes_nothing_and_is_told(place: Place) -> None:
    """SQLite itself, with its own limit, says what it says of a full disk."""

    async def scene(database: Database) -> list[str]:
        await database.run(put("a"))
        await database.run(lambda db: db.execute("PRAGMA max_page_count=30").fetchall())
        with pytest.raises(StateFault, match="database or disk is full"):
            await database.run(LARGE)
        return await database.run(keys)

    assert place.play(scene) == ["a"]


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.needs_root
def test_a_file_system_that_is_full_changes_nothing_and_is_told(
    place: Place, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: mounts a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], check=True)
    try:
        place.path = str(folder / "state.db")

        async def scene(database: Database) -> list[str]:
            await database.run(put("a"))
            filler = folder / "filler"
            with pytest.raises(OSError, match="No space left"):
                filler.write_bytes(b"x" * 1_000_000)
            with pytest.raises(StateFault, match="cannot be read or written"):
                await database.run(LARGE)
            filler.unlink()
            await database.run(put("b"))
            return await database.run(keys)

        assert place.play(scene) == ["a", "b"]
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_second_one_in_this_process_is_refused_and_the_first_goes_on(place: Place) -> None:
    async def scene(database: Database) -> list[str]:
        with pytest.raises(Conflict, match="is in use by another process"):
            async with Database(place.path, connect=impatient):
                pytest.fail("it was opened")
        await database.run(put("a"))
        return await database.run(keys)

    assert place.play(scene) == ["a"]


def impatient(path: str) -> sqlite3.Connection:
    return connect(path, patience=0.0)


OPEN_AND_WAIT = """
import asyncio, sys
from svcctl.sdk.durable.database import Database

async def main():
    async with Database(sys.argv[1]):
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_file_another_process_holds_is_refused_until_its_death(place: Place) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_WAIT, place.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with other:
        try:
            assert other.stdout
            assert other.stdout.readline().strip() == b"open"
            with pytest.raises(Conflict, match="is in use by another process"):
                impatient(place.path)
        finally:
            other.kill()

    assert place.play(lambda database: database.run(keys)) == []


@pytest.mark.posix
def test_nobody_else_may_read_what_is_remembered(place: Place) -> None:
    place.play(lambda database: database.run(put("a")))

    path = Path(place.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_another_programs_file_is_refused_and_left_alone(place: Place) -> None:
    Path(place.path).parent.mkdir()
    with sqlite3.connect(place.path) as other:
        other.execute("CREATE TABLE theirs (a)")
    other.close()

    with pytest.raises(StateFault, match="is another program's"):
        place.play(lambda database: database.run(keys))

    with sqlite3.connect(place.path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    other.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(place: Place) -> None:
    path = Path(place.path)
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)

    with pytest.raises(StateFault, match="cannot be opened: file is not a database"):
        place.play(lambda database: database.run(keys))

    assert path.read_bytes() == b"not a database" * 1000


def test_a_folder_that_cannot_be_made_is_told(place: Place, tmp_path: Path) -> None:
    (tmp_path / "service").write_text("a file")

    with pytest.raises(StateFault, match="cannot be opened"):
        place.play(lambda database: database.run(keys))


def test_who_is_cancelled_while_it_opens_leaves_nothing_open(place: Place) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(path: str) -> sqlite3.Connection:
        begun.set()
        go_on.wait(60)
        return connect(path)

    async def scene() -> None:
        opening = asyncio.ensure_future(Database(place.path, connect=slowly).__aenter__())
        await place.until(begun.is_set)
        opening.cancel()
        await asyncio.wait({opening})
        go_on.set()

    asyncio.run(scene())
    for each in threading.enumerate():
        if each.name == "svcctl-durable":
            each.join(60)
    assert place.play(lambda database: database.run(keys)) == []


def test_a_closed_file_is_refused_and_what_was_asked_for_before_is_done(place: Place) -> None:
    async def scene() -> None:
        async with place.database() as database:
            last = database.submit(put("last"))
        assert last.done()
        with pytest.raises(StateFault, match="is closed"):
            await database.run(keys)

    asyncio.run(scene())
    assert place.play(lambda database: database.run(keys)) == ["last"]
