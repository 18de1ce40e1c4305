"""Keeps the state file small without the loop ever waiting for a disk.

Whoever first writes to a WAL whose whole content is in the file begins it anew and syncs its
header; whoever moves content into the file syncs both: see https://sqlite.org/wal.html.  So a
thread moves the content, and holds a guard meanwhile: a reader, for whom the WAL must go on.  The
loop then lets go of the guard and, where it wrote nothing since, empties the WAL.  An empty WAL
holds no old page that a power failure could bring back, so its new header needs no sync.

A loop that never rests, on a disk that syncs slowly, would have the WAL grow for ever: it is then
asked to keep what it writes in memory, for as long as it takes to empty the WAL.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

log = logging.getLogger(__name__)

_EVENTS_KEPT = 100_000
_DAYS_KEPT = 30
_TRIM_SLICE = 200  # events deleted at once: nobody waits long for the lock
_TRIM_PAUSE = 0.01  # seconds between two slices, so that the loop gets the lock
_PATIENCE = 2.0  # seconds to wait for a lock
_COMMIT = 0.001  # seconds after which a commit under way is over
_PASSES = 5  # over the WAL, while the loop goes on writing
_LONGEST = 64 * 1024**2  # bytes of WAL from which on the loop is held back


@dataclass(frozen=True, slots=True)
class Moved:
    """The WAL is in the file as it stood when the loop had counted *commits*, and guarded."""

    commits: int
    guard: sqlite3.Connection


def maintain(
    path: str, *, trim: bool, commits: Callable[[], int], hold_back: Callable[[], None]
) -> Moved | None:
    """Forget old events (*trim*) and move the WAL into the file; for a thread of its own.

    *commits* counts the beginnings and the ends of those the loop makes; after *hold_back* it makes
    none until this is over.  None where the WAL stays as it is (the disk refuses, or syncs too
    slowly: the next time will do), or is empty already.
    """
    try:
        with closing(_connect(path)) as db:
            if trim:
                _trim(db)
            for _ in range(_PASSES):
                moved = _guarded(path, commits)
                try:
                    db.execute("PRAGMA wal_checkpoint(PASSIVE)")
                except BaseException:
                    moved.guard.close()
                    raise
                if moved.commits == commits():
                    return moved
                moved.guard.close()
            if os.stat(f"{path}-wal").st_size > _LONGEST:
                hold_back()
                _empty(db)
    except (sqlite3.Error, OSError) as error:
        log.warning("state.not-maintained", extra={"problem": str(error)})
    return None


def begin_anew(db: sqlite3.Connection, moved: Moved, *, commits: int) -> None:
    """Empty the WAL of *db*, unless the loop went on writing; in the loop, with no wait."""
    moved.guard.close()
    if commits == moved.commits:  # else the WAL holds what is not in the file, and goes on
        _empty(db)


def _empty(db: sqlite3.Connection) -> None:
    """Empty the WAL, and write the header of the new one, so that nobody has to sync it."""
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        return
    (version,) = db.execute("PRAGMA user_version").fetchone()
    db.execute("PRAGMA synchronous=OFF")
    try:
        db.execute(f"PRAGMA user_version={version}")
    finally:
        db.execute("PRAGMA synchronous=NORMAL")


def _connect(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE, check_same_thread=False)
    try:
        db.execute("PRAGMA wal_autocheckpoint=0")
        db.execute("PRAGMA synchronous=NORMAL")  # a commit is synced with the next checkpoint
    except BaseException:
        db.close()
        raise
    return db


def _guarded(path: str, commits: Callable[[], int]) -> Moved:
    """Open a guard, and say after which commit of the loop exactly."""
    while True:
        before = commits()
        guard = _guard(path)
        if before % 2 == 0 and commits() == before:
            return Moved(before, guard)
        guard.close()
        time.sleep(_COMMIT)


def _guard(path: str) -> sqlite3.Connection:
    db = _connect(path)
    try:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it reads
    except BaseException:
        db.close()
        raise
    return db


def _trim(db: sqlite3.Connection) -> None:
    (newest,) = db.execute("SELECT max(number) FROM event").fetchone()
    oldest_at = time.time() - _DAYS_KEPT * 86_400
    (expired,) = db.execute("SELECT max(number) FROM event WHERE at < ?", (oldest_at,)).fetchone()
    last = max((newest or 0) - _EVENTS_KEPT, expired or 0)
    deleted = _TRIM_SLICE
    while deleted == _TRIM_SLICE:
        deleted = db.execute(
            "DELETE FROM event WHERE number IN "
            "(SELECT number FROM event WHERE number <= ? ORDER BY number LIMIT ?)",
            (last, _TRIM_SLICE),
        ).rowcount
        time.sleep(_TRIM_PAUSE)
