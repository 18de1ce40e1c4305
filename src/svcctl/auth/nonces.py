"""Nonces that were taken, in a file that survives restarts and power failures."""

from __future__ import annotations

import os
import sqlite3
import threading
from typing import Self

from svcctl.errors import LimitReached, StateFault, quoted

_MOST = 1_000_000  # remembered at once: 3,000 requests a second for five minutes
_PURGE_EVERY = 1_000  # taken between two looks at what can be forgotten
_PATIENCE = 2.0  # seconds to wait for a lock

_SCHEMA = """
CREATE TABLE IF NOT EXISTS nonce (
  key TEXT NOT NULL, nonce TEXT NOT NULL, until REAL NOT NULL, PRIMARY KEY (key, nonce)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS nonce_until ON nonce (until);
"""


class SqliteNonces:
    """Nonces in the file *path*, for its owner alone; a context manager, for any thread.

    What was taken is on the disk before :meth:`take` returns.  Several processes may share a file:
    what one of them took no other takes.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._taken = 0
        self._alone = threading.Lock()
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # what SQLite adds is as private
            self._db = sqlite3.connect(
                path, isolation_level=None, timeout=_PATIENCE, check_same_thread=False
            )
            self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_SCHEMA}")
        except (OSError, sqlite3.Error) as error:
            raise self._fault(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def take(self, key_id: str, nonce: str, *, until: float, now: float) -> bool:
        """Take *nonce*, to be remembered until then; False where it was taken before.

        Raises StateFault where it cannot be written down, LimitReached where too many are: what
        cannot be remembered is not let through.
        """
        try:
            with self._alone:
                if self._taken % _PURGE_EVERY == 0:
                    self._purge(now)
                self._db.execute("INSERT INTO nonce VALUES (?,?,?)", (key_id, nonce, until))
                self._taken += 1
        except sqlite3.IntegrityError:
            return False
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise self._fault(error) from error
        return True

    def _purge(self, now: float) -> None:
        self._db.execute("DELETE FROM nonce WHERE until < ?", (now,))
        (count,) = self._db.execute("SELECT count(*) FROM nonce").fetchone()
        if count >= _MOST:
            raise LimitReached("too many signed requests at once", hint="wait some minutes")

    def _fault(self, error: Exception) -> StateFault:
        return StateFault(
            f"nonces {quoted(self._path)} cannot be kept: {error}",
            hint="signed requests are refused until they can: is the disk full?",
        )
