"""What is remembered over restarts: documents, events and the audit log, in one SQLite file."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import time
from pathlib import Path

from svcctl.errors import StateFault
from svcctl.events import Event
from svcctl.ports import Document, Recorded

log = logging.getLogger(__name__)

_VERSION = 1
_EVENTS_KEPT = 100_000
_TRIM_EVERY = 5_000  # events between two looks at how many there are
_CHECKPOINT_EVERY = 2_000  # writes between two checkpoints: the WAL stays at a few megabytes

_SCHEMA = """
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
"""


class SqliteStore:
    """Store, EventLog and AuditLog on one file in WAL mode.

    What was put survives a kill at any instant, as each put is a commit; :meth:`settle` makes it
    survive a power failure.  The loop never waits for fsync: neither commits (synchronous=NORMAL)
    nor checkpoints (made in a thread) do.  While the disk refuses, puts are kept in memory and
    tried again with each further one; settle() raises StateFault meanwhile.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self.recovered = ""
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = self._open()
        self._refused: dict[tuple[str, str], str | None] = {}
        self._events: list[Event] = []
        self._flush_due = False
        self._writes = 0
        self._untrimmed = 0
        self._checkpoint: asyncio.Future[None] | None = None

    # opening

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not Path(self._path).is_file():
                raise StateFault(f"state {self._path!r} cannot be opened: {error}") from error
            aside = f"{self._path}.damaged-{int(time.time())}"
            for suffix in ("", "-wal", "-shm"):
                if os.path.exists(self._path + suffix):  # noqa: PTH110
                    os.replace(self._path + suffix, aside + suffix)  # noqa: PTH105
            self.recovered = f"the state was unusable ({error}) and lies in {aside}"
            log.error("state.damaged", extra={"problem": str(error), "kept": aside})
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            raise StateFault(f"state {self._path!r} cannot be opened: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(descriptor)
        db = sqlite3.connect(self._path, isolation_level=None, timeout=2.0)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("PRAGMA wal_autocheckpoint=0")
            db.execute("PRAGMA cache_size=-256")
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            self._migrate(db)
        except BaseException:
            db.close()
            raise
        return db

    def _migrate(self, db: sqlite3.Connection) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")
        elif version != _VERSION:
            raise StateFault(
                f"state {self._path!r} has version {version}, this svcctl knows {_VERSION}",
                hint="run the svcctl that wrote it, or move the file away",
            )

    def close(self) -> None:
        """Write out what waits, and close."""
        self.flush()
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            log.warning("state.not-checkpointed", extra={"problem": str(error)})
        self._db.close()

    # documents

    def put(self, kind: str, key: str, document: Document) -> None:
        """Remember *document*; never raises."""
        self._refused[kind, key] = json.dumps(document, separators=(",", ":"))
        self._write_documents()

    def delete(self, kind: str, key: str) -> None:
        """Forget a document; never raises."""
        self._refused[kind, key] = None
        self._write_documents()

    def _write_documents(self) -> None:
        refused_before = len(self._refused) > 1
        try:
            for (kind, key), text in list(self._refused.items()):
                if text is None:
                    self._db.execute("DELETE FROM document WHERE kind=? AND key=?", (kind, key))
                else:
                    self._db.execute("REPLACE INTO document VALUES (?,?,?)", (kind, key, text))
                del self._refused[kind, key]
        except sqlite3.Error as error:
            if not refused_before:
                log.error("state.refused", extra={"problem": str(error)})
            return
        if refused_before:
            log.info("state.written-again")
        self._count_write()

    def items(self, kind: str) -> list[tuple[str, Document]]:
        """Give all documents of a kind, by key."""
        rows = self._db.execute("SELECT key, json FROM document WHERE kind=? ORDER BY key", (kind,))
        return [(key, json.loads(text)) for key, text in rows]

    async def settle(self) -> None:
        """Come back once all that was put survives a power failure; raises StateFault."""
        self._write_documents()
        if self._refused:
            raise StateFault(
                f"state {self._path!r} cannot be written", hint="is the disk full or read-only?"
            )
        await asyncio.to_thread(_sync, f"{self._path}-wal")

    def _count_write(self) -> None:
        self._writes += 1
        if self._writes < _CHECKPOINT_EVERY or (self._checkpoint and not self._checkpoint.done()):
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._writes = 0
        self._checkpoint = loop.run_in_executor(None, _checkpoint, self._path)

    # events

    def append(self, event: Event) -> None:
        """Remember *event*; it is written at the end of this turn of the loop."""
        self._events.append(event)
        if self._flush_due:
            return
        try:
            asyncio.get_running_loop().call_soon(self.flush)
            self._flush_due = True
        except RuntimeError:
            self.flush()

    def flush(self) -> None:
        """Write the events that wait; what the disk refuses is dropped, and said so."""
        self._flush_due = False
        if not self._events:
            return
        rows = [
            (
                event.at,
                type(event).__name__,
                event.service,
                event.instance,
                json.dumps(event.fields(), separators=(",", ":")),
            )
            for event in self._events
        ]
        self._events.clear()
        try:
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT INTO event (at, kind, service, instance, fields) VALUES (?,?,?,?,?)", rows
            )
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            log.error("events.dropped", extra={"count": len(rows), "problem": str(error)})
            if self._db.in_transaction:
                self._db.rollback()
            return
        self._untrimmed += len(rows)
        self._count_write()
        if self._untrimmed > _TRIM_EVERY:
            self._untrimmed = 0
            self._db.execute(
                "DELETE FROM event WHERE number <= (SELECT max(number) FROM event) - ?",
                (_EVENTS_KEPT,),
            )

    def read(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        """Give the last *limit* events that fit, oldest first."""
        self.flush()
        marks = ",".join("?" * len(services))
        where = f"AND service IN ({marks})" if services else ""
        rows = self._db.execute(
            f"SELECT number, at, kind, service, instance, fields FROM event "  # noqa: S608
            f"WHERE number > ? AND at >= ? {where} ORDER BY number DESC LIMIT ?",
            (after, since, *services, limit),
        ).fetchall()
        return [
            Recorded(
                number=number,
                at=at,
                kind=kind,
                service=service,
                instance=instance,
                fields=json.loads(fields),
            )
            for number, at, kind, service, instance, fields in reversed(rows)
        ]

    # audit

    def record(self, *, at: float, actor: str, verb: str, target: str, outcome: str) -> None:
        """Remember who asked for what; raises StateFault where that cannot be written."""
        try:
            self._db.execute(
                "INSERT INTO audit (at, actor, verb, target, outcome) VALUES (?,?,?,?,?)",
                (at, actor, verb, target, outcome),
            )
        except sqlite3.Error as error:
            raise StateFault(f"the audit log cannot be written: {error}") from error


def _sync(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # nothing was written since the last checkpoint, which synced the file itself
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checkpoint(path: str) -> None:
    """Move the WAL into the file, with a connection of this thread's own."""
    db = sqlite3.connect(path, isolation_level=None, timeout=2.0)
    try:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.Error as error:
        log.warning("state.not-checkpointed", extra={"problem": str(error)})
    finally:
        db.close()
