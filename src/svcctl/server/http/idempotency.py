"""Requests that are done once however often they are sent: ``Idempotency-Key``.

After draft-ietf-httpapi-idempotency-key-header.  Keys are on the disk before anything is begun, so
that a front that dies in the middle of a request does not have its successor do it again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import sqlite3
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from svcctl.errors import (
    AgentUnreachable,
    Conflict,
    Denied,
    LimitReached,
    Refused,
    StateFault,
    SvcctlError,
    Unauthenticated,
    UnknownService,
    UsageError,
    quoted,
)
from svcctl.ports import Clock
from svcctl.server.http.problem import HttpError

if TYPE_CHECKING:
    from starlette.requests import Request

KEY = "idempotency-key"
REPLAYED = "idempotency-replayed"
"""The header that says of an answer that it was given before."""

KEPT = 86_400.0
"""Seconds for which a key is known."""
_MOST = 10_000  # keys
_PATIENCE = 2.0  # seconds to wait for a lock
_VISIBLE = r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,255}"
_SHAPE = re.compile(rf'"({_VISIBLE})"|({_VISIBLE})')
_CONFLICT, _UNPROCESSABLE = 409, 422

_SCHEMA = """
CREATE TABLE IF NOT EXISTS asked (
  actor TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, begun_at REAL NOT NULL,
  run TEXT NOT NULL, operation TEXT NOT NULL, status INTEGER, head TEXT, body BLOB,
  PRIMARY KEY (actor, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS asked_begun ON asked (begun_at);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request that is to be done once: whose it is, its key, and what tells it from others."""

    actor: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that can be given again; *operation* is the id of what it only began."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    operation: str = ""


def key_of(said: Sequence[str]) -> str:
    """Give the key that was *said*, empty where none was; raises UsageError."""
    if not said:
        return ""
    found = _SHAPE.fullmatch(said[0].strip())
    if len(said) > 1 or found is None:
        hint = "up to 255 visible characters, such as a UUID, none of them a comma"
        raise UsageError("the header Idempotency-Key is no key", hint=hint)
    return found[1] or found[2]


class Fate(StrEnum):
    """What becomes of a key whose request failed."""

    FREE = "nothing was done: it can be used anew"
    KEPT = "it failed, and whoever asks again is told so"
    LOST = "nobody knows what was done"


def fate_of(error: SvcctlError) -> Fate:
    """Say whether a request that failed so was done."""
    match error:
        case AgentUnreachable(asked=False):
            return Fate.FREE
        case AgentUnreachable() | Unauthenticated():  # it was revoked in the middle of it
            return Fate.LOST
        case UsageError() | UnknownService() | Denied() | Refused():
            return Fate.FREE
        case _:
            return Fate.KEPT


def wish_of(request: Request, body: bytes, *, actor: str) -> Wish | None:
    """Give what is to be done once, None where nobody says so; raises UsageError.

    *body* is as it came: what is asked for with other bytes is another request.
    """
    key = key_of(request.headers.getlist(KEY))
    if not key:
        return None
    asked = hashlib.sha256()
    for part in (request.method, request.url.path, request.url.query):
        asked.update(f"{len(part)}:{part}".encode())
    asked.update(body)
    return Wish(actor=actor, key=key, digest=asked.hexdigest())


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

        Raises HttpError where another request had that key (422), where it is under way (409), or
        where nobody knows what became of it (409); LimitReached, StateFault where it cannot be
        written down: then nothing is done.
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

    def forget(self, wish: Wish) -> None:
        """Let the key be used anew: nothing was done."""
        self._change("DELETE FROM asked", (), wish)

    def give_up(self, wish: Wish) -> None:
        """Note that nobody will ever know what became of it."""
        self._change("UPDATE asked SET run = '', operation = '', status = NULL", (), wish)

    def _known(self, row: tuple[str, str, str, int | None, str, bytes], wish: Wish) -> Given:
        digest, run, operation, status, head, body = row
        if digest != wish.digest:
            error = UsageError(
                "that Idempotency-Key was used for another request", hint="use a new one"
            )
            raise HttpError(error, _UNPROCESSABLE)
        if run != self._run and (status is None or operation):
            raise HttpError(
                Conflict(
                    "that request was begun, and nobody knows what became of it",
                    hint="see how things are: /v1/services, /v1/audit; then use a new key",
                ),
                _CONFLICT,
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
        self._db.execute(
            "DELETE FROM asked WHERE (actor, key) IN (SELECT actor, key FROM asked"
            " WHERE status IS NOT NULL AND operation = '' ORDER BY begun_at LIMIT ?)",
            (max(1, self._most // 10),),
        )
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


def _under_way() -> HttpError:
    error = Conflict("that request is under way", hint="ask again later, with the same key")
    return HttpError(error, _CONFLICT, {"retry-after": "1"})
