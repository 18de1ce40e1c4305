"""Which commands were begun and what became of them: so that none is done twice, whoever dies.

A row is written before a command is asked for and its reply once there is one; both are on the disk
before anybody is told.  A row that was begun and has no reply is one whose outcome is not known.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from svcctl.errors import Conflict, LimitReached
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.own_file import Layout, Obstacle, open_alone

MOST = 1_000_000
"""Commands that are remembered at once."""

_KEPT = 86_400.0  # seconds a reply is kept after its command would have expired
_PURGE_EVERY = 1_000  # commands between two looks at what can be forgotten

_TABLES = """
CREATE TABLE command (
  id TEXT PRIMARY KEY, digest TEXT NOT NULL, until REAL NOT NULL,
  label TEXT NOT NULL, reply BLOB, told INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX command_untold ON command (id) WHERE reply IS NOT NULL AND NOT told;
CREATE INDEX command_until ON command (until);
CREATE TABLE event (host TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
"""
_LAYOUT = Layout(
    tables=_TABLES,
    version=1,
    hint={
        Obstacle.HELD: "one process at a time serves a queue: is it running already?",
        Obstacle.FOREIGN: "give another file: --ledger FILE",
        Obstacle.UNUSABLE: "commands are not taken until it can: is the disk full or read-only?",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A command that was begun; *reply* is None while nobody knows what became of it.

    *label* is where its reply goes.
    """

    id: str
    digest: str
    label: str
    reply: bytes | None


class Ledger:
    """The ledger in the file *path*; an async context manager, for one process at a time.

    Opening raises Conflict where another process has it open, StateFault where it is unusable;
    every method raises StateFault where the disk refuses: nothing is changed then.
    """

    def __init__(self, path: str, *, now: Callable[[], float], most: int = MOST) -> None:
        self._database, self._now, self._most = Database(path, connect=_connect), now, most
        self._begun = 0

    async def __aenter__(self) -> Self:
        await self._database.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._database.__aexit__(kind, error, trace)

    async def find(self, id: str) -> Row | None:  # noqa: A002 - its name everywhere
        """Give what is known of a command, None where it was not begun."""
        return await self._database.run(lambda db: _row(db, id))

    async def begin(self, id: str, *, digest: str, label: str, until: float) -> None:  # noqa: A002
        """Write down that a command is going to be asked for; again is no matter.

        It is remembered for a day after *until*.  Raises Conflict where its id was used for
        another command, LimitReached where too many are remembered.
        """
        now, is_time = self._now(), self._begun % _PURGE_EVERY == 0
        self._begun += 1

        def work(db: sqlite3.Connection) -> None:
            if is_time:
                _purge(db, now=now, most=self._most)
            db.execute(
                "INSERT OR IGNORE INTO command (id, digest, until, label) VALUES (?,?,?,?)",
                (id, digest, until, label),
            )
            insist_same(_row(db, id), digest)

        await self._database.run(work)

    async def forget(self, id: str) -> None:  # noqa: A002
        """Take back that a command was begun: it surely was not asked for."""
        await self._database.run(
            lambda db: db.execute("DELETE FROM command WHERE id=? AND reply IS NULL", (id,))
        )

    async def finish(self, id: str, reply: bytes) -> None:  # noqa: A002
        """Write down what became of a command; what was written first stands."""
        await self._database.run(
            lambda db: db.execute(
                "UPDATE command SET reply=? WHERE id=? AND reply IS NULL", (reply, id)
            )
        )

    async def tell(self, id: str) -> None:  # noqa: A002
        """Write down that a broker answers for the reply."""
        await self._database.run(
            lambda db: db.execute("UPDATE command SET told=1 WHERE id=? AND NOT told", (id,))
        )

    async def untold(self) -> list[Row]:
        """Give the commands whose reply no broker has taken yet, a thousand at most."""
        return await self._database.run(_untold)

    async def last_event(self, host: str) -> int | None:
        """Give the number of the last event of *host* that a broker answers for, None at first."""
        return await self._database.run(lambda db: _last_event(db, host))

    async def note_event(self, host: str, number: int) -> None:
        """Write it down; a smaller one too, as numbers begin anew with an agent's state."""
        await self._database.run(
            lambda db: db.execute("REPLACE INTO event VALUES (?,?)", (host, number))
        )


def insist_same(row: Row | None, digest: str) -> None:
    """Raise Conflict where *row* is of another command than that with *digest*."""
    if row is not None and row.digest != digest:
        raise Conflict("this id was used for another command", hint="choose another")


def _connect(path: str) -> sqlite3.Connection:
    return open_alone(path, _LAYOUT)


def _row(db: sqlite3.Connection, id: str) -> Row | None:  # noqa: A002
    found = db.execute("SELECT id, digest, label, reply FROM command WHERE id=?", (id,)).fetchone()
    return _of(found) if found else None


def _of(columns: tuple[str, str, str, bytes | None]) -> Row:
    id_, digest, label, reply = columns
    return Row(id=id_, digest=digest, label=label, reply=reply)


def _untold(db: sqlite3.Connection) -> list[Row]:
    found = db.execute(
        "SELECT id, digest, label, reply FROM command WHERE reply IS NOT NULL AND NOT told "
        "ORDER BY until LIMIT 1000"
    )
    return [_of(each) for each in found]


def _last_event(db: sqlite3.Connection, host: str) -> int | None:
    found = db.execute("SELECT number FROM event WHERE host=?", (host,)).fetchone()
    return int(found[0]) if found else None


def _purge(db: sqlite3.Connection, *, now: float, most: int) -> None:
    """Forget what nobody will ask about: told, and too old to be begun once more."""
    db.execute("DELETE FROM command WHERE until < ? AND (told OR reply IS NULL)", (now - _KEPT,))
    (count,) = db.execute("SELECT count(*) FROM command").fetchone()
    if count >= most:
        raise LimitReached(f"{count} commands are remembered", hint="ask again later")
