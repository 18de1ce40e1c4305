"""How state, queues and sagas lie in the one file of a service."""

from __future__ import annotations

import os
import sqlite3

from svcctl.errors import Conflict, StateFault, quoted

_VERSION = 1
_PATIENCE = 2.0  # seconds: a process that was just killed may still hold the file

_TABLES = """
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot (name TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot_state (
  name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, key)
) WITHOUT ROWID;
CREATE TABLE job (
  number INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, key TEXT, item TEXT NOT NULL,
  phase TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL, error TEXT NOT NULL
);
CREATE INDEX job_due ON job (queue, phase, due, number);
CREATE UNIQUE INDEX job_key ON job (queue, key) WHERE key IS NOT NULL;
CREATE TABLE saga (
  name TEXT NOT NULL, run TEXT NOT NULL, phase TEXT NOT NULL, at REAL NOT NULL,
  value TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (name, run)
) WITHOUT ROWID;
CREATE INDEX saga_phase ON saga (phase, at);
CREATE TABLE step (
  saga TEXT NOT NULL, run TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
  key TEXT NOT NULL, phase TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (saga, run, position)
) WITHOUT ROWID;
"""

_SETTINGS = (
    # the operating system's lock, held until the process ends however it does, and no shared memory
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # what was committed survives a power failure
    "PRAGMA fullfsync=ON",  # on macOS too
    "PRAGMA temp_store=MEMORY",  # which jobs are taken: to be forgotten with the process
    "CREATE TEMP TABLE held (number INTEGER PRIMARY KEY)",
    """CREATE TEMP VIEW free_job AS SELECT * FROM job
    WHERE phase='waiting' AND number NOT IN (SELECT number FROM held)""",
)


def connect(path: str, *, patience: float = _PATIENCE) -> sqlite3.Connection:
    """Open the file, made where there is none, for this process alone.

    Waits *patience* seconds for one who holds it.  Raises Conflict where another process still
    does, StateFault where it cannot be opened, is damaged, another program's or a newer svcctl's:
    it is left as it is.
    """
    try:
        _make(path)
        db = sqlite3.connect(path, isolation_level=None, timeout=patience)
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, error) from error
    try:
        for setting in _SETTINGS:
            db.execute(setting)
        _insist_ours(db, path)
    except sqlite3.Error as error:
        db.close()
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise _held(path) from error
        raise _unusable(path, error) from error
    except BaseException:
        db.close()
        raise
    return db


def _make(path: str) -> None:
    """Let nobody else read what will stand in the file."""
    os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
    try:
        # only a new one: to close a second descriptor of a file lets go of this process' locks
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return


def _insist_ours(db: sqlite3.Connection, path: str) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == _VERSION:
        return
    if version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StateFault(
            f"{quoted(path)} is another program's, or of another version ({version})",
            hint="give the service another file, or run the version that wrote this one",
        )
    db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version={_VERSION}; COMMIT;")


def _held(path: str) -> Conflict:
    return Conflict(
        f"{quoted(path)} is in use by another process",
        hint="stop the other copy of the service, or give each its own file",
    )


def _unusable(path: str, error: Exception) -> StateFault:
    return StateFault(
        f"{quoted(path)} cannot be opened: {error}",
        hint="is the disk full or read-only, is the file damaged? restore a copy, or move it away",
    )
