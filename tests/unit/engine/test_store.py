"""What was put is there afterwards, whatever was done to the process, the file and the disk."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.engine import store as store_module
from svcctl.engine import store_file
from svcctl.engine.store import SqliteStore
from svcctl.errors import StateFault
from svcctl.events import InstanceSpawned, RunSkipped, TreeKilled
from svcctl.ports import AuditEntry

needs_mounts = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")

WRITER = """
import sys
from svcctl.engine.store import SqliteStore
store = SqliteStore(sys.argv[1])
number = 0
while True:
    number += 1
    store.put("instance", "web", {"number": number})
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where the state lies."""
    return str(tmp_path / "state" / "state.db")


@pytest.fixture
def store(path: str) -> Iterator[SqliteStore]:
    """A new store."""
    opened = SqliteStore(path)
    yield opened
    opened.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "svcctl-test", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return ballast


def entry(verb: str) -> AuditEntry:
    return AuditEntry(
        at=1.0, asked="1", actor="uid:0", way="local", verb=verb, target="web", outcome="done"
    )


def aside(path: str) -> list[str]:
    names = os.listdir(os.path.dirname(path))
    return [name for name in names if ".damaged-" in name and not name.endswith(".heads")]


# documents


def test_documents_come_back_by_key_after_a_reopening(path: str) -> None:
    store = SqliteStore(path)
    store.put("instance", "web.2", {"phase": "running", "name": "größe"})
    store.put("instance", "db", {"phase": "stopped"})
    store.put("instance", "db", {"phase": "running"})
    store.put("applied", "web", {"revision": "1"})
    store.put("instance", "gone", {})
    store.delete("instance", "gone")
    store.close()

    again = SqliteStore(path)

    assert again.items("instance") == [
        ("db", {"phase": "running"}),
        ("web.2", {"phase": "running", "name": "größe"}),
    ]
    assert again.recovered == ""
    again.close()


def test_only_the_owner_may_read_the_state(store: SqliteStore, path: str) -> None:
    store.put("instance", "web", {})

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in Path(path).parent.iterdir()}

    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(Path(path).parent.stat().st_mode) == 0o700


@pytest.mark.slow
def test_what_was_put_survives_a_kill_at_any_instant(path: str) -> None:
    chance = random.Random(4)

    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout
        confirmed = [int(writer.stdout.readline()) for _ in range(chance.randrange(1, 300))]
        writer.send_signal(signal.SIGKILL)
        confirmed += [int(line) for line in writer.stdout if line.endswith("\n")]
        writer.stdout.close()
        writer.wait()

        store = SqliteStore(path)
        ((_, document),) = store.items("instance")
        store.close()
        assert document["number"] in {confirmed[-1], confirmed[-1] + 1}


@pytest.mark.parametrize("seed", range(12))
def test_a_torn_wal_costs_no_more_than_what_came_after_the_tear(path: str, seed: int) -> None:
    chance = random.Random(seed)
    store = SqliteStore(path)
    wal = Path(f"{path}-wal")
    sizes = []
    for number in range(40):
        store.put("instance", "web", {"number": number})
        sizes.append(wal.stat().st_size)
    torn = bytearray(wal.read_bytes())
    place = chance.randrange(sizes[0], len(torn))
    if seed % 2:
        del torn[place:]
    else:
        torn[place] ^= 0xFF
    copy = Path(path).parent / "copy.db"
    copy.write_bytes(Path(path).read_bytes())
    Path(f"{copy}-wal").write_bytes(torn)
    store.close()

    again = SqliteStore(str(copy))
    ((_, document),) = again.items("instance")
    again.close()

    whole = sum(size <= place for size in sizes)
    assert document["number"] == whole - 1
    assert again.recovered == ""


def test_settle_comes_back_once_the_wal_is_synced(
    store: SqliteStore, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def remember(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", remember)
    store.put("instance", "web", {})

    asyncio.run(store.settle())

    assert synced == [f"{path}-wal"]


# files that are not as they should be


def test_settle_says_so_where_the_disk_cannot_sync(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    store.put("instance", "web", {})
    monkeypatch.setattr(os, "fsync", broken)

    with pytest.raises(StateFault, match="cannot be written: Input/output error"):
        asyncio.run(store.settle())


def test_a_damaged_file_is_moved_aside_and_told_of(path: str) -> None:
    SqliteStore(path).close()
    garbage = b"no database at all" * 500
    Path(path).write_bytes(garbage)

    store = SqliteStore(path)

    (kept,) = aside(path)
    assert (Path(path).parent / kept).read_bytes() == garbage
    assert kept in store.recovered
    assert store.items("instance") == []
    store.close()


def test_damage_inside_a_table_is_found_at_the_start(path: str) -> None:
    store = SqliteStore(path)
    for number in range(400):
        store.put("instance", f"web.{number}", {"text": "x" * 100})
    store.close()
    content = bytearray(Path(path).read_bytes())
    content[4096 * 3 : 4096 * 12] = b"\xff" * (4096 * 9)
    Path(path).write_bytes(content)

    store = SqliteStore(path)

    assert store.recovered
    assert len(aside(path)) == 1
    store.close()


@pytest.mark.parametrize("version", [0, 1, 2])
def test_another_programs_database_is_not_written_to(path: str, version: int) -> None:
    os.makedirs(os.path.dirname(path))
    foreign = sqlite3.connect(path)
    foreign.executescript(f"CREATE TABLE theirs (x); PRAGMA user_version={version};")
    foreign.close()

    store = SqliteStore(path)
    store.close()

    (kept,) = aside(path)
    left = sqlite3.connect(os.path.join(os.path.dirname(path), kept))
    assert left.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    left.close()


def test_a_state_of_a_newer_svcctl_is_left_alone(path: str) -> None:
    SqliteStore(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version=99")
    newer.close()

    with pytest.raises(StateFault, match="version 99") as caught:
        SqliteStore(path)

    assert caught.value.hint
    assert aside(path) == []


def test_a_locked_state_is_sound_and_stays_where_it_is(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(path)
    store.put("instance", "web", {"phase": "running"})
    store.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(store_file, "_PATIENCE", 0.01)

    with pytest.raises(StateFault, match="locked") as caught:
        SqliteStore(path)
    other.close()

    assert caught.value.hint
    assert aside(path) == []
    again = SqliteStore(path)
    assert again.items("instance") == [("web", {"phase": "running"})]
    again.close()


def test_a_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StateFault, match="cannot be opened") as caught:
        SqliteStore(str(tmp_path / "file" / "state.db"))

    assert caught.value.hint


# a disk that refuses


@pytest.mark.needs_root
@needs_mounts
def test_a_full_disk_at_the_start_costs_no_state(small_disk: Path) -> None:
    path = str(small_disk / "state.db")
    store = SqliteStore(path)
    store.put("instance", "web", {"phase": "running"})
    store.close()
    ballast = fill(small_disk)

    with pytest.raises(StateFault, match="cannot be opened"):
        SqliteStore(path)

    assert aside(path) == []
    ballast.unlink()
    again = SqliteStore(path)
    assert again.items("instance") == [("web", {"phase": "running"})]
    again.close()


@pytest.mark.needs_root
@needs_mounts
def test_a_full_disk_is_told_once_and_nothing_put_is_lost(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(small_disk / "state.db")
    store = SqliteStore(path)
    store.put("instance", "web", {"phase": "starting"})
    ballast = fill(small_disk)

    with caplog.at_level(logging.INFO):
        for number in range(20):
            store.put("instance", "web", {"number": number, "text": "x" * 5000})
        store.delete("instance", "db")

    assert [record.message for record in caplog.records] == ["state.refused"]
    assert [document["number"] for _, document in store.items("instance")] == [19]
    with pytest.raises(StateFault, match="cannot be written"):
        asyncio.run(store.settle())
    ballast.unlink()
    asyncio.run(store.settle())
    store.close()
    again = SqliteStore(path)
    assert [document["number"] for _, document in again.items("instance")] == [19]
    again.close()


@pytest.mark.needs_root
@needs_mounts
def test_what_happens_while_the_disk_is_full_is_read_at_once_and_written_in_the_end(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(small_disk / "state.db")
    store = SqliteStore(path)
    store.append(RunSkipped(at=0.5, service="db"))
    store.flush()
    ballast = fill(small_disk)

    with caplog.at_level(logging.INFO):
        for number in range(200):
            store.append(TreeKilled(at=1.0, service="web", killed=(f"{number}", "x" * 500)))
            store.record(entry("kill"))
        during = store.read(services=("web",), after=1, since=0.9)
        ballast.unlink()
        store.append(RunSkipped(at=2.0, service="web"))
        store.flush()

    assert [record.message for record in caplog.records] == ["state.refused", "state.written-again"]
    assert [each.number for each in during] == list(range(2, 202))
    assert [each.number for each in store.read_on(after=2, limit=3)] == [3, 4, 5]
    store.close()
    again = SqliteStore(path)
    assert again.read(services=("web",))[:-1] == during
    assert again.read()[-1].number == 202
    assert again._db.execute("SELECT count(*) FROM audit").fetchone() == (200,)
    again.close()


def test_a_disk_that_takes_nothing_for_long_costs_the_oldest_lines_alone(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store_module, "_HELD", 10)
    store._db.execute("PRAGMA query_only=1")

    for number in range(30):
        store.append(RunSkipped(at=float(number), service="web"))
    store._db.execute("PRAGMA query_only=0")

    assert [each.number for each in store.read()] == list(range(21, 31))
    assert caplog.records[-1].__dict__["dropped"] == 20


def test_a_disk_that_refused_is_tried_again_though_nothing_more_happens(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_TRY_AGAIN", 0.01)

    async def refuse_for_a_while() -> None:
        store._db.execute("PRAGMA query_only=1")
        store.put("instance", "web", {"phase": "running"})
        store.append(RunSkipped(at=1.0, service="web"))
        await asyncio.sleep(0)
        store._db.execute("PRAGMA query_only=0")
        async with asyncio.timeout(60):
            while store._refusing:
                await asyncio.sleep(0.001)

    asyncio.run(refuse_for_a_while())

    assert store._db.execute("SELECT count(*) FROM document").fetchone() == (1,)
    assert store._db.execute("SELECT count(*) FROM event").fetchone() == (1,)


def test_what_the_disk_refuses_to_the_end_is_said(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore(path)
    store._db.execute("PRAGMA query_only=1")
    store.put("instance", "web", {})
    store.append(RunSkipped(at=1.0, service="web"))

    store.close()

    assert [record.message for record in caplog.records] == ["state.refused", "state.lost"]


# events and audit


def test_events_are_written_at_the_end_of_a_turn_of_the_loop(store: SqliteStore, path: str) -> None:
    def written() -> int:
        with sqlite3.connect(path) as other:
            (count,) = other.execute("SELECT count(*) FROM event").fetchone()
        other.close()
        return int(count)

    async def turns() -> tuple[int, int]:
        for pid in range(5):
            store.append(InstanceSpawned(at=1.0, service="web", instance="web", pid=pid))
        before = written()
        await asyncio.sleep(0)
        return before, written()

    assert asyncio.run(turns()) == (0, 5)


def test_events_are_read_by_service_number_and_time_oldest_first(store: SqliteStore) -> None:
    for number in range(6):
        name = "web" if number % 2 else "db"
        store.append(InstanceSpawned(at=100.0 + number, service=name, instance=name, pid=number))

    every = store.read()
    assert [each.fields for each in every] == [{"pid": number} for number in range(6)]
    assert [each.fields["pid"] for each in store.read(services=("web",))] == [1, 3, 5]
    assert [each.fields["pid"] for each in store.read(since=104.0)] == [4, 5]
    assert [each.fields["pid"] for each in store.read(after=every[3].number)] == [4, 5]
    assert [each.fields["pid"] for each in store.read(limit=2)] == [4, 5]


def test_numbers_of_events_are_never_used_again(path: str) -> None:
    store = SqliteStore(path)
    store.append(RunSkipped(at=1.0))
    (first,) = store.read()
    store._db.execute("DELETE FROM event")
    store.close()
    store = SqliteStore(path)

    store.append(RunSkipped(at=2.0))

    (second,) = store.read()
    assert second.number > first.number
    store.close()


def test_events_survive_an_orderly_close_without_a_turn_of_the_loop(path: str) -> None:
    store = SqliteStore(path)

    async def state() -> None:
        store.append(RunSkipped(at=1.0, service="backup"))
        store.close()

    asyncio.run(state())

    again = SqliteStore(path)
    assert [each.service for each in again.read()] == ["backup"]
    again.close()


def test_who_asked_for_what_is_kept(store: SqliteStore) -> None:
    store.record(entry("stop"))

    rows = store._db.execute("SELECT at, actor, verb, target, outcome FROM audit").fetchall()

    assert rows == [(1.0, "uid:0", "stop", "web", "done")]


# upkeep


@pytest.mark.slow
def test_the_wal_stays_small_while_much_is_put(store: SqliteStore, path: str) -> None:
    async def put_much() -> int:
        largest = 0
        for number in range(12_000):  # 90 MB, if nothing were moved out of it
            store.put("instance", f"web.{number % 50}", {"text": "x" * 400})
            if number % 30 == 0:
                await asyncio.sleep(0.005)
                largest = max(largest, os.stat(f"{path}-wal").st_size)
        return largest

    assert asyncio.run(put_much()) < 45_000_000
    assert len(store.items("instance")) == 50


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '"\\ud800', '{"a": ' + "9" * 5000 + "}"])
def test_a_document_that_cannot_be_read_hides_no_other(path: str, text: str) -> None:
    with contextlib.closing(SqliteStore(path)) as store:
        store.put("instance", "db", {"number": 1})
        store.put("instance", "web", {"number": 2})
    with contextlib.closing(sqlite3.connect(path)) as state:
        state.execute("UPDATE document SET json=? WHERE key='db'", (text,))
        state.commit()

    with contextlib.closing(SqliteStore(path)) as store:
        assert store.items("instance") == [("db", {}), ("web", {"number": 2})]


def test_a_file_whose_schema_is_no_text_is_moved_aside(path: str) -> None:
    SqliteStore(path).close()
    content = Path(path).read_bytes()
    Path(path).write_bytes(
        content.replace(b"CREATE TABLE document", b"CREATE \xce\xce\xce\xce\xce document")
    )

    with contextlib.closing(SqliteStore(path)) as store:
        assert "no text" in store.recovered
        assert store.items("instance") == []
