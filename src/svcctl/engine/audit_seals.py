"""Keeps the seals of the audit log a second time, in a file beside the state."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing

from svcctl.engine.audit_chain import Head, head_line, read_head
from svcctl.engine.audit_table import last_row

log = logging.getLogger(__name__)

_PATIENCE = 2.0  # seconds to wait for a lock
_PAUSE = 0.1  # seconds between two times: each syncs a disk, however few rows there are
_LINE = len(head_line(Head(10**18 - 1, "0" * 64)))  # bytes, at most
_BINARY = getattr(os, "O_BINARY", 0)


class Seals:
    """Has the seals of the state file *path* kept in a thread, so that no loop waits for a disk.

    While rows keep coming they are kept ten times a second.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._keeping: asyncio.Future[None] | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._again = False
        self._closed = False
        self._turn = threading.Lock()

    def keep(self) -> None:
        """Keep those of all rows there are, soon; at once where no loop runs."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            keep_heads(self._path)
            return
        if self._pause or (self._keeping and not self._keeping.done()):
            self._again = True
            return
        self._again = False
        try:
            self._keeping = loop.run_in_executor(None, self._keep_alone)
        except RuntimeError as error:  # the machine has no thread to give
            self._again = True
            log.warning("audit.seals-not-kept", extra={"problem": str(error)})
            return
        self._keeping.add_done_callback(self._kept)

    def _keep_alone(self) -> None:
        with self._turn:
            keep_heads(self._path, alone=True)

    def _kept(self, done: asyncio.Future[None]) -> None:
        if not self._closed and not done.cancelled():
            self._pause = done.get_loop().call_later(_PAUSE, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        if self._again:
            self.keep()

    def close(self) -> None:
        """Keep at once what is not kept yet."""
        self._closed = True
        if self._pause:
            self._pause.cancel()
        if self._again or self._keeping:
            self._keep_alone()


def heads_path(path: str) -> str:
    """Say where the seals of the audit log in the state file *path* are kept."""
    return f"{path}.heads"


def begin(path: str) -> bool:
    """Have a file for the seals of the state file *path*; say whether there was none."""
    try:
        os.close(os.open(heads_path(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    except OSError as error:
        log.warning("audit.seals-not-kept", extra={"problem": str(error)})
    return True


def heads(path: str) -> Iterator[Head | None]:
    """Give the seals kept for the state file *path*, up to the last there is now."""
    with open(heads_path(path), "rb") as file:
        left = os.fstat(file.fileno()).st_size
        for line in file:
            left -= len(line)
            if left < 0 or not line.endswith(b"\n"):  # still being written
                return
            yield read_head(line[:-1])


def keep_heads(path: str, *, alone: bool = False) -> None:
    """Keep the seals of all rows that have none outside yet, once these survive a power failure.

    *alone*: nobody else keeps those of this file meanwhile; else others wait, also who writes rows.
    For any thread; what fails is logged, and made up for the next time.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)) as db:
            db.execute("PRAGMA wal_autocheckpoint=0")
            newest = last_row(db)
            kept = _last_kept(heads_path(path))
            if newest is None or (kept is not None and kept >= newest.number):
                return
            sync_wal(path)
            db.execute("BEGIN" if alone else "BEGIN IMMEDIATE")  # one at a time
            try:
                _add_heads(db, heads_path(path), until=newest.number)
            finally:
                db.execute("ROLLBACK")
    except (sqlite3.Error, OSError) as error:
        log.warning("audit.seals-not-kept", extra={"problem": str(error)})


def _add_heads(db: sqlite3.Connection, file: str, *, until: int) -> None:
    _cut_torn_line(file)
    kept = _last_kept(file) or 0
    rows = db.execute(
        "SELECT number, seal FROM audit WHERE number > ? AND number <= ? ORDER BY number",
        (kept, until),
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _BINARY, 0o600)
    try:
        while batch := rows.fetchmany(1000):
            os.write(descriptor, b"".join(head_line(Head(number, seal)) for number, seal in batch))
    finally:
        os.close(descriptor)


def _cut_torn_line(file: str) -> None:
    """Take away what a kill left of a line."""
    try:
        with open(file, "r+b") as kept:
            size = kept.seek(0, os.SEEK_END)
            kept.seek(max(size - _LINE, 0))
            end = kept.read()
            if end and not end.endswith(b"\n"):
                kept.truncate(size - len(end) + end.rfind(b"\n") + 1)
    except FileNotFoundError:
        return


def _last_kept(file: str) -> int | None:
    """Give the number in the last whole line; None where there is no such file."""
    try:
        with open(file, "rb") as kept:
            size = kept.seek(0, os.SEEK_END)
            kept.seek(max(size - 2 * _LINE, 0))
            *lines, _ = kept.read().split(b"\n")
    except FileNotFoundError:
        return None
    found = read_head(lines[-1]) if lines else None
    return found.number if found else 0


def sync_wal(path: str) -> None:
    """Have what was committed to the state file *path* survive a power failure; raises OSError."""
    try:
        descriptor = os.open(f"{path}-wal", os.O_RDWR)  # Windows syncs only what may be written
    except FileNotFoundError:
        return  # nothing was written since the last checkpoint, which synced the file itself
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
