"""Opens a SQLite file for one process alone, and only where it holds what it should."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from svcctl.errors import Conflict, StateFault, quoted

PATIENCE = 2.0  # seconds: a process that was just killed may still hold the file

_SETTINGS = (
    # the operating system's lock, held until the process ends however it does, and no shared memory
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # what was committed survives a power failure
    "PRAGMA fullfsync=ON",  # on macOS too
)


class Obstacle(StrEnum):
    """Why such a file cannot be had."""

    HELD = "held"
    FOREIGN = "foreign"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What such a file holds: *tables*, made in a new one, in *version*.

    *settings* come after those that every such file has; *hint* says what to do where it cannot be
    had.
    """

    tables: str
    version: int
    settings: tuple[str, ...] = ()
    hint: Mapping[Obstacle, str]


def open_alone(path: str, layout: Layout, *, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open the file, made where there is none, for this process and its account alone.

    Waits *patience* seconds for one who holds it.  Raises Conflict where another process still
    does, StateFault where it cannot be opened, is damaged, another program's or a newer svcctl's:
    it is left as it is.
    """
    try:
        _make(path)
        db = sqlite3.connect(path, isolation_level=None, timeout=patience)
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, layout, error) from error
    try:
        for setting in (*_SETTINGS, *layout.settings):
            db.execute(setting)
        _insist_ours(db, path, layout)
    except sqlite3.Error as error:
        db.close()
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            problem = f"{quoted(path)} is in use by another process"
            raise Conflict(problem, hint=layout.hint[Obstacle.HELD]) from error
        raise _unusable(path, layout, error) from error
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


def _insist_ours(db: sqlite3.Connection, path: str, layout: Layout) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == layout.version:
        return
    if version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StateFault(
            f"{quoted(path)} is another program's, or of another version ({version})",
            hint=layout.hint[Obstacle.FOREIGN],
        )
    db.executescript(f"BEGIN; {layout.tables} PRAGMA user_version={layout.version}; COMMIT;")


def _unusable(path: str, layout: Layout, error: Exception) -> StateFault:
    return StateFault(
        f"{quoted(path)} cannot be opened: {error}", hint=layout.hint[Obstacle.UNUSABLE]
    )
