"""Remembers what instances used, finely for hours and coarsely for a year, in a bounded file."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from svcctl.errors import StateFault, quoted

log = logging.getLogger(__name__)

_MOST_BYTES = 64 * 1024**2
_FINE_KEPT = 2 * 3600.0  # seconds
_COARSE = ((60, 2 * 86_400.0), (3600, 366 * 86_400.0))
"""Steps that points are folded into, and for how long they are kept; in seconds."""
_DAY = 86_400

_SCHEMA = """
CREATE TABLE IF NOT EXISTS instance (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS point (
  step INTEGER NOT NULL, at INTEGER NOT NULL, instance INTEGER NOT NULL,
  cpu REAL, memory INTEGER NOT NULL, threads INTEGER NOT NULL, files INTEGER,
  PRIMARY KEY (step, at, instance)
) WITHOUT ROWID;
"""
_FOLD = """
INSERT OR REPLACE INTO point
SELECT ?1, at / ?1 * ?1 AS bucket, instance, avg(cpu), max(memory), max(threads), max(files)
FROM point WHERE step = ?2 AND at >= ?3 AND at < ?4 GROUP BY bucket, instance
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What *instance* used at *at* (seconds since 1970), or in the step that begins then.

    *cpu* is in percent of one core, the mean of the step; the rest is the most of it.  None is
    what was not known.
    """

    at: int
    instance: str
    cpu: float | None
    memory_bytes: int
    threads: int
    open_files: int | None


class History:
    """The file at *path*, written every *interval* seconds; to be used by one thread at a time.

    Points are folded into minutes and these into hours: kept for two hours, two days and a year,
    by a clock that has been believed for a day.  What is over *most_bytes* goes earlier, the finest
    first.  A file that is damaged or another program's is begun anew, as a history is no state.
    Raises StateFault where it cannot be opened.
    """

    def __init__(self, path: str, *, interval: float, most_bytes: int = _MOST_BYTES) -> None:
        self._path, self._most_bytes = path, most_bytes
        fine = max(1, round(interval))
        self._steps = ((fine, _FINE_KEPT), *(each for each in _COARSE if each[0] > fine))
        self._db = self._open()
        self._minute = -1

    def _open(self) -> sqlite3.Connection:
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            try:
                return self._connect()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                log.warning("history.damaged", extra={"problem": str(error)})
                for suffix in ("", "-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        os.unlink(self._path + suffix)
                return self._connect()
        except (sqlite3.Error, OSError) as error:
            raise StateFault(
                f"history {quoted(self._path)} cannot be opened: {error}",
                hint="is the disk full or read-only? or run without a history",
            ) from error

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("PRAGMA cache_size=-512")
            db.executescript(_SCHEMA)
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def write(self, points: Iterable[Point]) -> None:
        """Remember *points* of one instant; raises sqlite3.Error where the disk refuses."""
        found = list(points)
        if not found:
            return
        with _transaction(self._db):
            numbers = self._numbers({each.instance for each in found})
            self._db.executemany(
                "INSERT OR REPLACE INTO point VALUES (?,?,?,?,?,?,?)",
                (
                    (
                        self._steps[0][0],
                        each.at,
                        numbers[each.instance],
                        each.cpu,
                        each.memory_bytes,
                        each.threads,
                        each.open_files,
                    )
                    for each in found
                ),
            )
            now = found[0].at
            if now // 60 != self._minute:
                self._minute = now // 60
                self._fold(now)
                self._forget(now)

    def read(self, *, since: float, until: float) -> Iterator[Point]:
        """Give the points from *since* on, oldest first: no finer than they were kept that long.

        What is not yet folded follows as fine as it is.
        """
        start = int(since)
        fitting = [step for step, kept in self._steps if until - since <= kept]
        coarsest = fitting[0] if fitting else self._steps[-1][0]
        for step, _ in reversed(self._steps):
            if step <= coarsest:
                at = start - 1
                for row in self._rows(step, start, int(until)):
                    at = row.at
                    yield row
                start = max(start, at + step)

    def _rows(self, step: int, since: int, until: int) -> Iterator[Point]:
        query = (
            "SELECT at, name, cpu, memory, threads, files FROM point"
            " JOIN instance ON number = instance WHERE step = ? AND at >= ? AND at <= ? ORDER BY at"
        )
        for at, name, cpu, memory, threads, files in self._db.execute(query, (step, since, until)):
            yield Point(
                at=at,
                instance=name,
                cpu=cpu,
                memory_bytes=memory,
                threads=threads,
                open_files=files,
            )

    def _numbers(self, names: set[str]) -> dict[str, int]:
        known = {name: number for number, name in self._db.execute("SELECT * FROM instance")}
        for name in sorted(names - known.keys()):
            added = self._db.execute("INSERT INTO instance (name) VALUES (?)", (name,))
            known[name] = added.lastrowid or 0
        return known

    def _fold(self, now: int) -> None:
        """Make the coarser points that are complete by now."""
        for (fine, _), (step, _) in zip(self._steps, self._steps[1:], strict=False):
            (last,) = self._db.execute(
                "SELECT max(at) FROM point WHERE step = ? AND at <= ?", (step, now)
            ).fetchone()
            begin = 0 if last is None else last + step
            self._db.execute(_FOLD, (step, fine, begin, now // step * step))

    def _forget(self, now: int) -> None:
        for step, kept in self._steps if self._is_believed(now) else ():
            self._db.execute("DELETE FROM point WHERE step = ? AND at < ?", (step, now - int(kept)))
        for step, _ in self._steps:
            while self._used() > self._most_bytes and self._halve(step):
                pass
        self._db.execute("DELETE FROM instance WHERE number NOT IN (SELECT instance FROM point)")

    def _is_believed(self, now: int) -> bool:
        """Say whether there are points of a day before: a clock that was set wrong has none."""
        query = "SELECT 1 FROM point WHERE step = ? AND at BETWEEN ? AND ? LIMIT 1"
        day_before = (self._steps[-1][0], now - 2 * _DAY, now - _DAY)
        return self._db.execute(query, day_before).fetchone() is not None

    def _halve(self, step: int) -> bool:
        """Forget the older half of the points of one step; False where there are none."""
        middle = self._db.execute(
            "SELECT at FROM point WHERE step = ?1 ORDER BY at LIMIT 1 OFFSET"
            " (SELECT count(*) / 2 FROM point WHERE step = ?1)",
            (step,),
        ).fetchone()
        if middle is None:
            return False
        self._db.execute("DELETE FROM point WHERE step = ? AND at <= ?", (step, *middle))
        return True

    def _used(self) -> int:
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Do all of the block, or nothing of it."""
    db.execute("BEGIN")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
