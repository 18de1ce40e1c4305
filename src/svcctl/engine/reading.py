"""Reads what a state file holds, one's own or another's, whatever became of it on the disk."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from svcctl.engine.salvage import as_text
from svcctl.engine.state_file import open_to_read
from svcctl.errors import StateFault
from svcctl.ports import Document, Recorded

log = logging.getLogger(__name__)

Row = tuple[Any, ...]


class PastEvents:
    """The events in the state file *path*, which is not changed; somebody else may be writing."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        """Give the last *limit* events that fit, oldest first; raises StateFault.

        Of a file that does not exist there are none.
        """
        if not os.path.exists(self._path):
            return []
        try:
            with closing(open_to_read(self._path)) as db:
                db.text_factory = as_text
                rows = select_events(db, services=services, after=after, since=since, limit=limit)
        except sqlite3.Error as error:
            raise StateFault(f"events cannot be read: {error}") from error
        return recorded(rows)


def select_events(
    db: sqlite3.Connection,
    *,
    services: tuple[str, ...],
    after: int,
    since: float,
    limit: int,
    first: bool = False,
) -> list[Row]:
    """Give the rows of the last *limit* events that fit, or the *first*, oldest first."""
    marks = ",".join("?" * len(services))
    where = f"AND service IN ({marks})" if services else ""
    order = "ASC" if first else "DESC"
    rows = db.execute(
        f"SELECT number, at, kind, service, instance, fields FROM event "  # noqa: S608
        f"WHERE number > ? AND at >= ? {where} ORDER BY number {order} LIMIT ?",
        (after, since, *services, limit),
    ).fetchall()
    return rows if first else rows[::-1]


def recorded(rows: Iterable[Row]) -> list[Recorded]:
    """Give the events that *rows* still are; the others are left out."""
    return [
        Recorded(
            number=number,
            at=at,
            kind=kind,
            service=service,
            instance=instance,
            fields=document("event", str(number), fields),
        )
        for number, at, kind, service, instance, fields in rows
        if are_texts(kind, service, instance, fields) and isinstance(at, float)
    ]


def are_texts(*values: object) -> bool:
    """Say whether the columns of a row still are what was put there: SQLite does not mind."""
    return all(isinstance(each, str) for each in values)


def document(kind: str, key: str, text: str) -> Document:
    """Give the document that *text* is; one that can no longer be read is empty, and said."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        log.error("state.unreadable", extra={"kind": kind, "key": key, "problem": str(error)})
        return {}
    return found if isinstance(found, dict) else {}
