"""The file of what is remembered: opened, looked through, and brought into the form of today."""

from __future__ import annotations

import logging
import os
import sqlite3
import time

from svcctl.engine import audit_table
from svcctl.engine.salvage import as_text, salvage
from svcctl.errors import StateFault, quoted

log = logging.getLogger(__name__)

_VERSION = 2
_UNSEALED = 1  # the version whose audit log was a plain table
_TABLES = frozenset({"document", "event", "audit"})
_PATIENCE = 2.0  # seconds to wait for a lock
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_SCHEMA = f"""
CREATE TABLE document (
  kind TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE event (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL,
  service TEXT NOT NULL, instance TEXT NOT NULL, fields TEXT NOT NULL
);
CREATE INDEX event_service ON event (service, number);
{audit_table.SCHEMA}"""


class _Damaged(Exception):
    """The file is not a state of ours, or no longer a sound one."""


def open_file(path: str) -> tuple[sqlite3.Connection, str]:
    """Open the state in *path*, made where there is none; say what became of a damaged one.

    That, or one of another program, is moved aside, and the documents that can be read of it are
    taken over; an empty text where there was no need.  Raises StateFault, and changes nothing,
    where the file cannot be used now.
    """
    recovered = ""
    try:
        try:
            return _connect(path), recovered
        except _Damaged as damage:
            aside = _move_aside(path)
            recovered = f"the state was unusable ({damage}) and lies in {aside}"
            log.error("state.damaged", extra={"problem": str(damage), "kept": aside})
        db = _connect(path)
        db.executemany("INSERT OR IGNORE INTO document VALUES (?,?,?)", salvage(aside))
    except (sqlite3.Error, OSError, _Damaged) as error:
        raise unopened(path, error) from error
    return db, recovered


def unopened(path: str, error: Exception) -> StateFault:
    """Give the error of ours for what kept the state from being opened."""
    return StateFault(
        f"state {quoted(path)} cannot be opened: {error}",
        hint="is the disk full or read-only, or does another program use the file?",
    )


def _move_aside(path: str) -> str:
    aside = f"{path}.damaged-{time.time_ns()}"
    for suffix in ("", "-wal", "-shm", ".heads"):
        if os.path.exists(path + suffix):
            os.rename(path + suffix, aside + suffix)
    return aside


def _connect(path: str) -> sqlite3.Connection:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.close(descriptor)
    db = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)
    try:
        db.text_factory = as_text
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA wal_autocheckpoint=0")
        db.execute("PRAGMA cache_size=-256")
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise _Damaged(found)
        _migrate(path, db)
    except sqlite3.DatabaseError as error:
        db.close()
        # every other code says that the file cannot be used now, not that it is bad
        if error.sqlite_errorcode & 0xFF in _DAMAGED:
            raise _Damaged(str(error)) from error
        raise
    except UnicodeDecodeError as error:  # what SQLite says quotes what stands in the file
        db.close()
        raise _Damaged("its schema is no text") from error
    except BaseException:
        db.close()
        raise
    return db


def _migrate(path: str, db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    found = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    ours = version in {_UNSEALED, _VERSION}
    if (version == 0 and found) or (ours and not found >= _TABLES):
        raise _Damaged("it belongs to another program")
    if version == 0:
        db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")
    elif version == _UNSEALED:
        _seal(db)
    elif version == _VERSION and not audit_table.is_ours(db):
        raise _Damaged("its audit log is not one of ours")
    elif version == _VERSION:
        db.executescript(audit_table.TRIGGERS)
    else:
        raise StateFault(
            f"state {quoted(path)} has version {version}, this svcctl knows {_VERSION}",
            hint="run the svcctl that wrote it, or move the file away",
        )


def _seal(db: sqlite3.Connection) -> None:
    """Bring what version 1 wrote into the form of today, all of it or nothing."""
    db.executescript(f"BEGIN; {audit_table.MIGRATION}")
    try:
        audit_table.take_over(db)
        db.execute(f"PRAGMA user_version={_VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
