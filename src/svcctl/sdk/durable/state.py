"""What a service remembers over restarts, by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.values import Json, decoded, encoded

Saved = Callable[[Mapping[str, Json]], None]


def _unseen(_: Mapping[str, Json]) -> None:
    """Tell nobody."""


class State:
    """Keys and JSON values; what is written survives a power failure once the call came back.

    Every call is one transaction: raises StateFault where the disk refuses, and nothing is changed
    then.  Who is cancelled in a call that writes does not know whether it was done.
    """

    def __init__(self, database: Database, *, clock: Clock, saved: Saved = _unseen) -> None:
        """*saved* is told of what was written."""
        self._database, self._clock, self._saved = database, clock, saved

    async def get(self, key: str, default: Json = None) -> Any:  # noqa: ANN401 - as json.loads
        """Give the value of *key*, *default* where it has none."""
        rows = await self._database.run(
            lambda db: db.execute("SELECT value FROM state WHERE key=?", (key,)).fetchall()
        )
        return decoded(rows[0][0], _called(key)) if rows else default

    async def set(self, key: str, value: Json) -> None:
        """Remember *value*; raises UsageError where it is not JSON."""
        await self.update({key: value})

    async def update(self, values: Mapping[str, Json]) -> None:
        """Remember all *values*, or none of them; raises UsageError where one is not JSON."""
        texts = written(values)
        await self._database.run(lambda db: write(db, texts))
        self._saved(values)

    async def delete(self, key: str) -> bool:
        """Forget *key*; say whether it was there."""
        return await self._database.run(
            lambda db: db.execute("DELETE FROM state WHERE key=?", (key,)).rowcount == 1
        )

    async def items(self, prefix: str = "") -> dict[str, Any]:
        """Give everything whose key begins with *prefix*, by key."""
        rows = await self._database.run(
            lambda db: db.execute(
                "SELECT key, value FROM state WHERE substr(key, 1, ?)=? ORDER BY key",
                (len(prefix), prefix),
            ).fetchall()
        )
        return {key: decoded(text, _called(key)) for key, text in rows}

    async def snapshot(self, name: str) -> None:
        """Keep everything as it is now under *name*; an earlier one of that name is replaced."""
        now = self._clock.now()

        def keep(db: sqlite3.Connection) -> None:
            db.execute("REPLACE INTO snapshot VALUES (?,?)", (name, now))
            db.execute("DELETE FROM snapshot_state WHERE name=?", (name,))
            db.execute("INSERT INTO snapshot_state SELECT ?, key, value FROM state", (name,))

        await self._database.run(keep)

    async def restore(self, name: str) -> None:
        """Make everything as it was when the snapshot *name* was taken, later keys gone.

        Raises UsageError where there is no such snapshot.
        """

        def put_back(db: sqlite3.Connection) -> None:
            _insist_kept(db, name)
            db.execute("DELETE FROM state")
            db.execute(
                "INSERT INTO state SELECT key, value FROM snapshot_state WHERE name=?", (name,)
            )

        await self._database.run(put_back)

    async def snapshots(self) -> dict[str, float]:
        """Give the snapshots, oldest first, and when (seconds since 1970) each was taken."""
        rows = await self._database.run(
            lambda db: db.execute("SELECT name, at FROM snapshot ORDER BY at, name").fetchall()
        )
        return dict(rows)

    async def drop(self, name: str) -> None:
        """Forget a snapshot; raises UsageError where there is no such."""

        def forget(db: sqlite3.Connection) -> None:
            _insist_kept(db, name)
            db.execute("DELETE FROM snapshot WHERE name=?", (name,))
            db.execute("DELETE FROM snapshot_state WHERE name=?", (name,))

        await self._database.run(forget)


def written(values: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Give *values* as :func:`write` takes them; raises UsageError where one is not JSON."""
    return [(key, encoded(value, _called(key))) for key, value in values.items()]


def write(db: sqlite3.Connection, texts: Iterable[tuple[str, str]]) -> None:
    """Remember values within a transaction that does more."""
    db.executemany("REPLACE INTO state VALUES (?,?)", texts)


def _insist_kept(db: sqlite3.Connection, name: str) -> None:
    if not db.execute("SELECT 1 FROM snapshot WHERE name=?", (name,)).fetchone():
        raise UsageError(f"there is no snapshot '{name}'", hint="see them with: state.snapshots()")


def _called(key: str) -> str:
    return f"state '{key}'"
