"""What is remembered over restarts: documents, events and the audit log, in one SQLite file."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Iterable
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from svcctl.engine import audit_seals, audit_table, reading, upkeep
from svcctl.engine.store_file import open_file, unopened
from svcctl.errors import StateFault, quoted
from svcctl.events import Event
from svcctl.ports import AuditEntry, Document, Recorded

log = logging.getLogger(__name__)

_TRIM_EVERY = 5_000  # events between two looks at how many there are
_CHECKPOINT_EVERY = 300  # writes, of up to four pages each: the WAL stays at a few megabytes
_COMMIT = 0.001  # seconds after which a commit under way is over
_HELD = 10_000  # events and audit lines kept in memory while the disk refuses
_AT_ONCE = 200  # of them in one transaction: a disk that is nearly full takes some
_TRY_AGAIN = 1.0  # seconds between two tries to write to a disk that refuses

_INSERT_EVENT = (
    "INSERT INTO event (number, at, kind, service, instance, fields) VALUES (?,?,?,?,?,?)"
)


class SqliteStore:
    """Store, EventLog and AuditLog on one file in WAL mode.

    What was put survives a kill at any instant, as each put is a commit; :meth:`settle` makes it
    survive a power failure.  The loop does not wait for fsync: commits need none
    (synchronous=NORMAL), checkpoints are made in a thread.  While the disk refuses, all that is to
    be remembered is kept in memory and tried again, every second and with whatever comes next;
    settle() raises StateFault meanwhile.  Of events and audit lines no more than 10,000 are kept.

    A damaged or foreign file is moved aside, ``recovered`` says so, and the documents that can be
    read of it are taken over.  A file that merely cannot be opened now (locked, full disk, no
    permission) is left alone: opening raises StateFault.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._db, self.recovered = open_file(path)
        self._refused: dict[tuple[str, str], str | None] = {}
        self._lines: deque[tuple[str, tuple[object, ...]]] = deque()
        self._number = self._last_number()
        self._seals = audit_seals.Seals(path)
        self._flush_due = False
        self._refusing = False
        self._dropped = 0
        self._retry: asyncio.TimerHandle | None = None
        self._writes = 0
        self._untrimmed = 0
        self._commits = 0
        self._held_back = False
        self._upkeep: asyncio.Future[upkeep.Moved | None] | None = None
        self._upkeep_asked = 0
        self._closed = False
        try:
            self._begin_audit()
        except sqlite3.Error as error:
            self._db.close()
            raise unopened(path, error) from error

    def _last_number(self) -> int:
        found = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name='event'").fetchone()
        return int(found[0]) if found else 0

    def close(self) -> None:
        """Write out what waits, and close; what the disk refuses even now is lost, and said."""
        self._closed, self._held_back = True, False
        self._try_again()
        if self._retry:
            self._retry.cancel()
        if self._refusing:
            log.error(
                "state.lost", extra={"documents": len(self._refused), "lines": len(self._lines)}
            )
        self._seals.close()
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
        if not self._refused or not self._may_commit():
            return
        try:
            for (kind, key), text in list(self._refused.items()):
                if text is None:
                    self._db.execute("DELETE FROM document WHERE kind=? AND key=?", (kind, key))
                else:
                    self._db.execute("REPLACE INTO document VALUES (?,?,?)", (kind, key, text))
                del self._refused[kind, key]
        except sqlite3.Error as error:
            self._hold(error)
            return
        finally:
            self._commits += 1
        self._count_write()
        self._accepted()

    def items(self, kind: str) -> list[tuple[str, Document]]:
        """Give all documents of a kind, by key; raises StateFault.

        One that can no longer be read is given empty, and said.
        """
        try:
            rows = self._db.execute("SELECT key, json FROM document WHERE kind=?", (kind,))
            found: dict[str, str | None] = {
                key: text for key, text in rows if reading.are_texts(key, text)
            }
        except sqlite3.Error as error:
            raise StateFault(f"state {quoted(self.path)} cannot be read: {error}") from error
        found |= {key: text for (of, key), text in self._refused.items() if of == kind}
        kept = [(key, text) for key, text in sorted(found.items()) if text is not None]
        return [(key, reading.document(kind, key, text)) for key, text in kept]

    async def settle(self) -> None:
        """Come back once all that was put survives a power failure; raises StateFault."""
        if self._held_back and self._upkeep:
            await asyncio.wait({self._upkeep})
            await asyncio.sleep(0)  # what waited is written as the upkeep ends
        self._write_documents()
        if self._refused:
            raise self._unsettled("the disk is full, read-only or broken")
        try:
            await asyncio.to_thread(audit_seals.sync_wal, self.path)
        except OSError as error:
            raise self._unsettled(error.strerror) from error
        except RuntimeError as error:  # the machine has no thread to give
            raise self._unsettled(str(error)) from error

    def _unsettled(self, why: str | None) -> StateFault:
        return StateFault(
            f"state {quoted(self.path)} cannot be written: {why}",
            hint="it was done, and is forgotten if the agent ends now: make room, then ask again",
        )

    # a disk that refuses

    def _hold(self, error: sqlite3.Error) -> None:
        if not self._refusing:
            log.error("state.refused", extra={"problem": str(error)})
        self._refusing = True
        while len(self._lines) > _HELD:
            self._lines.popleft()
            self._dropped += 1
        if self._retry is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            self._retry = loop.call_later(_TRY_AGAIN, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        self._write_documents()
        self.flush()

    def _accepted(self) -> None:
        if self._refusing and not self._refused and not self._lines:
            log.warning("state.written-again", extra={"dropped": self._dropped})
            self._refusing, self._dropped = False, 0

    # upkeep

    def _count_write(self) -> None:
        self._writes += 1
        if self._writes < _CHECKPOINT_EVERY or (self._upkeep and not self._upkeep.done()):
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._writes = 0
        trim = self._untrimmed >= _TRIM_EVERY
        if trim:
            self._untrimmed = 0
        self._upkeep_asked += 1
        try:
            self._upkeep = loop.run_in_executor(None, self._maintain, trim, self._upkeep_asked)
        except RuntimeError as error:  # the machine has no thread to give
            self._upkeep_asked += 1
            log.warning("state.not-maintained", extra={"problem": str(error)})
            return
        self._upkeep.add_done_callback(self._maintained)

    def _maintain(self, trim: bool, asked: int) -> upkeep.Moved | None:
        if asked != self._upkeep_asked:  # the executor kept the call though it had no thread for it
            return None
        return upkeep.maintain(
            self.path, trim=trim, commits=lambda: self._commits, hold_back=self._hold_back
        )

    def _hold_back(self) -> None:
        """Let the loop begin no commit, and come back once none is under way; for the thread."""
        self._held_back = True
        while self._commits % 2:
            time.sleep(_COMMIT)

    def _may_commit(self) -> bool:
        """Begin a commit of the loop, unless the thread wants to be alone; see upkeep.maintain."""
        self._commits += 1
        held_back = self._held_back  # may change at any instant
        if held_back:
            self._commits += 1
        return not held_back

    def _maintained(self, done: asyncio.Future[upkeep.Moved | None]) -> None:
        moved = None if done.cancelled() else done.result()
        if self._held_back and not self._closed:
            self._held_back = False
            self._write_documents()
            self.flush()
        if moved is None:
            return
        if self._closed:
            moved.guard.close()
            return
        try:
            upkeep.begin_anew(self._db, moved, commits=self._commits)
        except sqlite3.Error as error:
            log.warning("state.not-maintained", extra={"problem": str(error)})

    # events

    def append(self, event: Event) -> None:
        """Remember *event*; it is written at the end of this turn of the loop."""
        self._number += 1
        row = (
            self._number,
            event.at,
            type(event).__name__,
            event.service,
            event.instance,
            json.dumps(event.fields(), separators=(",", ":")),
        )
        self._lines.append((_INSERT_EVENT, row))
        if self._flush_due:
            return
        try:
            asyncio.get_running_loop().call_soon(self.flush)
            self._flush_due = True
        except RuntimeError:
            self.flush()

    def flush(self) -> None:
        """Write the events and audit lines that wait."""
        self._flush_due = False
        if not self._lines or not self._may_commit():
            return
        try:
            while self._lines:
                self._write_lines(min(len(self._lines), _AT_ONCE))
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.rollback()
            self._hold(error)
            return
        finally:
            self._commits += 1
        self._accepted()

    def _write_lines(self, count: int) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        audited = False
        for statement, lines in groupby(islice(self._lines, count), key=itemgetter(0)):
            rows: Iterable[tuple[object, ...]] = [row for _, row in lines]
            if statement is audit_table.INSERT:
                rows, audited = audit_table.sealed(self._db, rows), True
            self._db.executemany(statement, rows)
        self._db.execute("COMMIT")
        for _ in range(count):
            self._lines.popleft()
        self._untrimmed += count
        self._count_write()
        if audited:
            self._seals.keep()

    def read(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        """Give the last *limit* events that fit, oldest first; raises StateFault."""
        rows = self._event_rows(services, after=after, since=since, limit=limit, first=False)
        return reading.recorded(rows[-limit:])

    def read_on(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        """Give the first *limit* events that fit, oldest first; raises StateFault."""
        rows = self._event_rows(services, after=after, since=since, limit=limit, first=True)
        return reading.recorded(rows[:limit])

    def _event_rows(
        self, services: tuple[str, ...], *, after: int, since: float, limit: int, first: bool
    ) -> list[tuple[Any, ...]]:
        self.flush()
        try:
            rows = reading.select_events(
                self._db, services=services, after=after, since=since, limit=limit, first=first
            )
        except sqlite3.Error as error:
            raise StateFault(f"events cannot be read: {error}") from error
        return [*rows, *self._held_events(services, after=after, since=since)]

    def _held_events(
        self, services: tuple[str, ...], *, after: int, since: float
    ) -> list[tuple[Any, ...]]:
        """Give the rows of those that fit and that the disk has not taken yet."""
        held: list[tuple[Any, ...]] = [row for what, row in self._lines if what is _INSERT_EVENT]
        return [
            row
            for row in held
            if row[0] > after and row[1] >= since and (not services or row[3] in services)
        ]

    # audit

    def record(self, entry: AuditEntry) -> None:
        """Remember who asked for what, at once; never raises."""
        self.record_all((entry,))

    def record_all(self, entries: Iterable[AuditEntry]) -> None:
        """Remember several of them in one go, in order; never raises."""
        for each in entries:
            self._lines.append((audit_table.INSERT, audit_table.columns_of(each)))
        self.flush()

    def _begin_audit(self) -> None:
        """Say in the audit log itself where it begins anew, or what came before it was sealed."""
        is_new = audit_seals.begin(self.path)  # before any row: none is ever without
        if self.recovered:
            self._say(f"it begins anew: {self.recovered}")
        elif is_new and audit_table.last_row(self._db):
            self._say("the seals of the rows before this one were not kept outside")
        else:
            audit_seals.keep_heads(self.path)  # what a kill left out

    def _say(self, reason: str) -> None:
        now = time.time()
        entry = AuditEntry(
            at=now,
            asked="",
            actor="svcctl",
            way="inside",
            verb="audit",
            reason=reason,
            outcome="done",
        )
        self._lines.append((audit_table.INSERT, audit_table.columns_of(entry)))
        self.flush()
        audit_seals.keep_heads(self.path)
