"""The audit log as it lies on a disk: added to and nothing else, and proven from outside."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from svcctl.engine import audit_seals
from svcctl.engine.audit_chain import COLUMNS, Verdict
from svcctl.engine.audit_trail import Sought, concerns, prove, prove_rows, read
from svcctl.engine.store import SqliteStore
from svcctl.errors import StateFault
from svcctl.events import RunSkipped
from svcctl.ports import AuditEntry

VERSION_1 = """
CREATE TABLE document (
  kind TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE event (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL,
  service TEXT NOT NULL, instance TEXT NOT NULL, fields TEXT NOT NULL
);
CREATE INDEX event_service ON event (service, number);
CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, actor TEXT NOT NULL,
  verb TEXT NOT NULL, target TEXT NOT NULL, outcome TEXT NOT NULL
);
INSERT INTO document VALUES ('instance', 'web', '{"phase":"running"}');
INSERT INTO audit (at, actor, verb, target, outcome) VALUES (1, 'uid:0', 'stop', 'web', 'done');
INSERT INTO audit (at, actor, verb, target, outcome) VALUES (2.5, 'ann', 'start', 'db', 'done');
PRAGMA user_version=1;
"""
INSERT = (
    "INSERT INTO audit SELECT {number}, at, asked, {actor}, way, source, verb, target, args,"
    " reason, outcome, {before}, seal FROM audit WHERE number=10"
)
ALIKE = f"({', '.join((*COLUMNS, 'before', 'seal'))})"


def entry(
    *, at: float = 1.0, verb: str = "start", actor: str = "uid:0", target: str = "web"
) -> AuditEntry:
    return AuditEntry(
        at=at, asked=f"{at}", actor=actor, way="local", verb=verb, target=target, outcome="done"
    )


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where the state lies."""
    return str(tmp_path / "state" / "state.db")


@pytest.fixture
def store(path: str) -> Iterator[SqliteStore]:
    """A store with ten rows."""
    opened = SqliteStore(path)
    for number in range(10):
        opened.record(entry(at=float(number)))
    yield opened
    opened.close()


def tamper(path: str, *statements: str) -> None:
    """Do what svcctl does not do, as who may write the file might."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        triggers = db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
        for (name,) in triggers:
            db.execute(f"DROP TRIGGER {name}")
        for each in statements:
            db.execute(each)


def numbers(verdict: Verdict) -> list[int]:
    return [each.number for each in verdict.found]


def test_rows_are_proven_while_the_agent_writes_and_after_it_ended(
    store: SqliteStore, path: str
) -> None:
    during = prove(path)
    store.close()

    after = prove(path)

    assert during == after
    assert (after.sound, after.rows) == (True, 10)
    if os.name == "posix":  # elsewhere a folder says who may read
        assert stat.S_IMODE(os.stat(audit_seals.heads_path(path)).st_mode) == 0o600


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor='uid:7' WHERE number=3",
        "DELETE FROM audit WHERE number=3",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number=3",
        INSERT.format(number=99, actor="actor", before="before"),
        INSERT.format(number=11, actor="actor", before="before"),
    ],
)
def test_the_table_takes_nothing_but_a_further_row(
    store: SqliteStore, path: str, statement: str
) -> None:
    del store
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.IntegrityError, match="audit"):
        db.execute(statement)

    assert prove(path).rows == 10


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE audit SET actor='uid:7' WHERE number=4"], [4]),
        (["UPDATE audit SET at=at+0.001 WHERE number=1"], [1]),
        (["UPDATE audit SET outcome=x'00ff' WHERE number=10"], [10]),
        (["DELETE FROM audit WHERE number=5"], [5]),
        (["DELETE FROM audit WHERE number>7"], [8]),
        (["DELETE FROM audit"], [1]),
        (
            [
                "DELETE FROM audit WHERE number=5",
                "UPDATE audit SET number=number-1 WHERE number>5",
            ],
            [5, 6, 7, 8, 9, 10],
        ),
        (
            [
                "UPDATE audit SET number=-1 WHERE number=3",
                "UPDATE audit SET number=3 WHERE number=7",
                "UPDATE audit SET number=7 WHERE number=-1",
            ],
            [3, 7],
        ),
        ([INSERT.format(number=11, actor="'uid:7'", before="seal")], [11]),
    ],
)
def test_what_was_done_to_rows_is_found_and_where(
    store: SqliteStore, path: str, statements: list[str], expected: list[int]
) -> None:
    store.close()

    tamper(path, *statements)

    assert numbers(prove(path)) == expected


def test_tampering_is_found_after_the_agent_went_on(store: SqliteStore, path: str) -> None:
    store.close()
    tamper(path, "DELETE FROM audit WHERE number>7", "UPDATE sqlite_sequence SET seq=7")
    again = SqliteStore(path)

    again.record(entry(at=99.0))
    again.close()

    verdict = prove(path)
    assert verdict.found[0].number == 8
    assert not verdict.sound


def test_seals_that_are_gone_are_missed_and_a_new_agent_says_so(
    store: SqliteStore, path: str
) -> None:
    store.close()
    os.unlink(audit_seals.heads_path(path))

    assert numbers(prove(path)) == [0]
    SqliteStore(path).close()

    (said,) = read(path, Sought(actor="svcctl"))
    assert said["reason"] == "the seals of the rows before this one were not kept outside"
    assert prove(path).sound


def test_a_line_that_a_kill_tore_is_made_up_for(store: SqliteStore, path: str) -> None:
    store.close()
    heads = Path(audit_seals.heads_path(path))
    whole = heads.read_bytes()
    heads.write_bytes(whole[:-30])
    assert prove(path).sound

    SqliteStore(path).close()

    assert heads.read_bytes() == whole


def test_seals_are_kept_by_a_thread_and_all_of_them_by_the_end(path: str) -> None:
    async def write() -> None:
        opened = SqliteStore(path)
        for number in range(50):
            opened.record(entry(at=float(number)))
            await asyncio.sleep(0)
        opened.close()

    asyncio.run(write())

    with open(audit_seals.heads_path(path), "rb") as kept:
        assert len(kept.readlines()) == 50
    assert prove(path).sound


def test_seals_of_rows_that_come_after_others_are_kept_though_nobody_ends(path: str) -> None:
    def kept() -> int:
        with open(audit_seals.heads_path(path), "rb") as file:
            return len(file.readlines())

    async def write() -> None:
        opened = SqliteStore(path)
        async with asyncio.timeout(30):
            for number in range(1, 4):
                opened.record(entry(at=float(number)))
                await asyncio.sleep(0)
            while kept() < 3:
                await asyncio.sleep(0.01)
            opened.record(entry(at=4.0))  # in the pause after
            while kept() < 4:
                await asyncio.sleep(0.01)
        opened.close()

    asyncio.run(write())

    assert prove(path).sound


def test_seals_that_cannot_be_kept_cost_no_row(path: str, caplog: pytest.LogCaptureFixture) -> None:
    opened = SqliteStore(path)
    os.unlink(audit_seals.heads_path(path))
    os.mkdir(audit_seals.heads_path(path))

    opened.record(entry())
    opened.close()

    assert "audit.seals-not-kept" in {record.message for record in caplog.records}
    assert len(read(path, Sought())) == 1
    with pytest.raises(StateFault, match="cannot be read"):
        prove(path)


def test_several_may_write_one_log_and_it_is_one_chain(path: str) -> None:
    first, second = SqliteStore(path), SqliteStore(path)

    for number in range(10):
        (first, second)[number % 2].record(entry(at=float(number)))
    first.close()
    second.close()

    assert [row["at"] for row in read(path, Sought())] == [float(number) for number in range(10)]
    assert prove(path).sound


def test_events_and_rows_are_written_in_the_order_in_which_they_came(path: str) -> None:
    opened = SqliteStore(path)
    opened._db.execute("PRAGMA query_only=1")
    for number in range(6):
        opened.append(RunSkipped(at=float(number)))
        opened.record(entry(at=float(number)))
    opened._db.execute("PRAGMA query_only=0")
    opened.close()

    assert [row["at"] for row in read(path, Sought())] == [float(number) for number in range(6)]
    assert prove(path).sound


def test_a_text_that_is_none_is_written_all_the_same(store: SqliteStore, path: str) -> None:
    store.record(entry(target="\udcff"))

    assert read(path, Sought(limit=1))[0]["target"] == "?"
    assert prove(path).sound


def test_what_version_1_wrote_is_taken_over_and_sealed(path: str) -> None:
    os.makedirs(os.path.dirname(path))
    with closing(sqlite3.connect(path)) as old:
        old.executescript(VERSION_1)

    opened = SqliteStore(path)
    opened.record(entry(at=3.0))
    kept = opened.items("instance")
    opened.close()

    rows = read(path, Sought())
    assert kept == [("web", {"phase": "running"})]
    assert [(row["at"], row["actor"], row["verb"]) for row in rows] == [
        (1.0, "uid:0", "stop"),
        (2.5, "ann", "start"),
        (rows[2]["at"], "svcctl", "audit"),
        (3.0, "uid:0", "start"),
    ]
    assert prove(path).sound


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET at='soon'",
        "UPDATE audit SET at=x'00', actor=x'ff', verb=7",
        "DROP TABLE audit; CREATE TABLE audit (x)",
    ],
)
def test_whatever_became_of_what_version_1_wrote_is_taken_over_or_told_of(
    path: str, statement: str
) -> None:
    os.makedirs(os.path.dirname(path))
    with closing(sqlite3.connect(path)) as old:
        old.executescript(f"{VERSION_1}{statement}")

    with suppress(StateFault), closing(SqliteStore(path)) as opened:
        opened.record(entry(at=3.0))

        assert prove(path).sound


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE audit; CREATE TABLE audit (x)",
        f"DROP TABLE audit; CREATE TABLE audit {ALIKE}; INSERT INTO audit (number) VALUES ('x')",
        "UPDATE audit SET number=9223372036854775807 WHERE number=10",
        "UPDATE audit SET seal=x'ff' WHERE number=10",
    ],
)
def test_a_table_that_is_none_of_ours_stops_nobody_without_a_word(
    store: SqliteStore, path: str, statement: str
) -> None:
    store.close()
    tamper(path, *statement.split(";"))

    with suppress(StateFault), closing(SqliteStore(path)) as again:
        again.record(entry())

        assert again.recovered or not prove(path).sound


def test_triggers_that_were_taken_away_are_put_back(store: SqliteStore, path: str) -> None:
    store.close()
    tamper(path)

    SqliteStore(path).close()

    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("DELETE FROM audit")


def test_a_migration_that_fails_changes_nothing(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    os.makedirs(os.path.dirname(path))
    with closing(sqlite3.connect(path)) as old:
        old.executescript(VERSION_1)

    def fail(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM what_is_not_there")

    with monkeypatch.context() as patched:
        patched.setattr("svcctl.engine.audit_table.take_over", fail)
        with pytest.raises(StateFault):
            SqliteStore(path)

    SqliteStore(path).close()
    assert len(read(path, Sought(actor="ann"))) == 1


def test_a_log_that_begins_anew_says_so_and_the_old_one_lies_aside(
    store: SqliteStore, path: str
) -> None:
    store.close()
    Path(path).write_bytes(b"no database" * 1000)

    SqliteStore(path).close()

    (said,) = read(path, Sought())
    assert "it begins anew: the state was unusable" in str(said["reason"])
    assert prove(path).sound
    beside = os.listdir(os.path.dirname(path))
    assert any(".damaged-" in name and name.endswith(".heads") for name in beside)


def test_rows_are_found_by_who_what_when_and_what_about(path: str) -> None:
    opened = SqliteStore(path)
    opened.record(entry(at=1.0, actor="uid:1", verb="stop", target="web db"))
    opened.record(entry(at=2.0, actor="uid:2", verb="start", target="job-*"))
    opened.record(entry(at=3.0, actor="healer", verb="restart", target="*"))
    opened.close()

    def found(sought: Sought) -> list[object]:
        return [row["at"] for row in read(path, sought)]

    assert found(Sought(actor="uid:*")) == [1.0, 2.0]
    assert found(Sought(verb="st*")) == [1.0, 2.0]
    assert found(Sought(since=2.0)) == [2.0, 3.0]
    assert found(Sought(service="db")) == [1.0, 3.0]
    assert found(Sought(service="job-7")) == [2.0, 3.0]
    assert found(Sought(limit=2)) == [2.0, 3.0]
    assert found(Sought(limit=2, first=True)) == [1.0, 2.0]
    assert found(Sought(after=2, limit=9, first=True)) == [3.0]
    assert concerns("@shop", "web")
    assert not concerns("", "web")


def test_what_was_exported_is_proven_by_itself(store: SqliteStore, path: str) -> None:
    del store
    rows = read(path, Sought())

    changed = [*rows[:4], {**rows[4], "actor": "uid:7"}, *rows[5:]]

    assert prove_rows(rows).sound
    assert numbers(prove_rows(changed)) == [5]


def test_a_log_that_never_was_is_empty_and_sound(tmp_path: Path) -> None:
    path = str(tmp_path / "none.db")

    assert read(path, Sought()) == []
    assert prove(path).sound
    assert os.listdir(tmp_path) == []


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"no database" * 1000)

    with pytest.raises(StateFault, match="cannot be read") as caught:
        read(str(path), Sought())

    assert caught.value.hint
