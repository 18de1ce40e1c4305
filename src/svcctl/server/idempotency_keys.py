"""The keys of requests that are done once, and what came of each: on the disk before it is begun.

So a front that dies in the middle of a request does not have its successor do it again.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import weakref
from collections.abc import Callable
from typing import Self

from svcctl.errors import (
    Conflict,
    KeyReused,
    LimitReached,
    StateFault,
    SvcctlError,
    UnderWay,
    quoted,
)
from svcctl.ports import Clock
from svcctl.server.idempotency import REPLAYED, Fate, Given, Wish, fate_of

KEPT = 86_400.0
"""Seconds for which a key is known."""
_MOST = 10_000  # keys
_PATIENCE = 2.0  # seconds to wait for a lock

_SCHEMA = """
CREATE TABLE IF NOT EXISTS asked (
  actor TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, begun_at REAL NOT NULL,
  run TEXT NOT NULL, operation TEXT NOT NULL, status INTEGER, head TEXT, body BLOB,
  PRIMARY KEY (actor, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS asked_begun ON asked (begun_at);
"""
_MAKE_ROOM = """
DELETE FROM asked WHERE (actor, key) IN (
  SELECT actor, key FROM asked WHERE status IS NOT NULL AND operation = '' AND actor = (
    SELECT actor FROM asked WHERE status IS NOT NULL AND operation = ''
    GROUP BY actor ORDER BY count(*) DESC LIMIT 1)
  ORDER BY begun_at LIMIT ?)
"""  # among what is over, of who has most: nobody pushes out the keys of others


class Keys:
    """The keys of a day in the file *path*, for its owner alone; a context manager.

    Empty: in memory, so that they do not outlast the process.  Several processes may share a file.
    """

    def __init__(self, path: str, *, clock: Clock, most: int = _MOST) -> None:
        """Raises StateFault where the file cannot be had."""
        self._path, self._clock, self._most = path, clock, most
        self._run = secrets.token_hex(8)
        try:
            if path:
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(
                path or ":memory:",
                isolation_level=None,
                timeout=_PATIENCE,
                check_same_thread=False,  # whoever forgets it may be in another
            )
            self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_SCHEMA}")
        except (OSError, sqlite3.Error) as error:
            raise self._fault(error) from error
        self._close = weakref.finalize(self, self._db.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; so does whoever forgets this object."""
        self._close()

    def begin(self, wish: Wish) -> Given | None:
        """Give the answer that was given before; None: it is to be done now, and is written down.

        Raises KeyReused where another request had that key, UnderWay, Conflict where nobody knows
        what became of it; LimitReached, StateFault where it cannot be written down: then nothing is
        done.
        """
        now = self._clock.now()
        try:
            self._forget_old(now)
            row = self._db.execute(
                "SELECT digest, run, operation, status, head, body FROM asked"
                " WHERE actor = ? AND key = ?",
                (wish.actor, wish.key),
            ).fetchone()
            if row is None:
                self._db.execute(
                    "INSERT INTO asked VALUES (?,?,?,?,?,'',NULL,NULL,NULL)",
                    (wish.actor, wish.key, wish.digest, now, self._run),
                )
                return None
        except sqlite3.IntegrityError:  # another process was quicker
            raise _under_way() from None
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return self._known(row, wish)

    def finish(self, wish: Wish, given: Given) -> None:
        """Remember the answer; one that only began something may be followed by its outcome."""
        self._change(
            "UPDATE asked SET operation = ?, status = ?, head = ?, body = ?",
            (given.operation, given.status, json.dumps(dict(given.headers)), given.body),
            wish,
        )

    def fail(self, wish: Wish, error: SvcctlError, given: Callable[[], Given]) -> None:
        """Remember that it failed so, as far as it is known whether anything was done."""
        match fate_of(error):
            case Fate.FREE:
                self.forget(wish)
            case Fate.LOST:
                self.give_up(wish)
            case Fate.KEPT:
                self.finish(wish, given())

    def forget(self, wish: Wish) -> None:
        """Let the key be used anew: nothing was done."""
        self._change("DELETE FROM asked", (), wish)

    def give_up(self, wish: Wish) -> None:
        """Note that nobody will ever know what became of it."""
        self._change("UPDATE asked SET run = '', operation = '', status = NULL", (), wish)

    def _known(self, row: tuple[str, str, str, int | None, str, bytes], wish: Wish) -> Given:
        digest, run, operation, status, head, body = row
        if digest != wish.digest:
            raise KeyReused(
                "that Idempotency-Key was used for another request", hint="use a new one"
            )
        if run != self._run and (status is None or operation):
            raise Conflict(
                "that request was begun, and nobody knows what became of it",
                hint="see how things are: /v1/services, /v1/audit; then use a new key",
            )
        if status is None:
            raise _under_way()
        headers = {**json.loads(head), REPLAYED: "true"}
        return Given(status=status, headers=headers, body=body, operation=operation)

    def _forget_old(self, now: float) -> None:
        self._db.execute("DELETE FROM asked WHERE begun_at < ?", (now - KEPT,))
        (count,) = self._db.execute("SELECT count(*) FROM asked").fetchone()
        if count < self._most:
            return
        self._db.execute(_MAKE_ROOM, (max(1, self._most // 10),))
        (count,) = self._db.execute("SELECT count(*) FROM asked").fetchone()
        if count >= self._most:
            raise LimitReached(f"{self._most} requests are under way", hint="ask again later")

    def _change(self, what: str, values: tuple[object, ...], wish: Wish) -> None:
        try:
            self._db.execute(f"{what} WHERE actor = ? AND key = ?", (*values, wish.actor, wish.key))
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def _fault(self, error: Exception) -> StateFault:
        where = quoted(self._path) if self._path else "in memory"
        return StateFault(
            f"idempotency keys {where} cannot be kept: {error}",
            hint="requests with a key are refused until they can: is the disk full?",
        )


def _under_way() -> UnderWay:
    return UnderWay("that request is under way", hint="ask again later, with the same key")
