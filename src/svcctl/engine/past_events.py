"""What an engine wrote down, for those who ask once it is gone."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from svcctl.engine.state_file import open_to_read
from svcctl.errors import StateFault, quoted
from svcctl.ports import Document, Recorded

_MOST = 10_000


def left_documents(path: str, kind: str) -> list[Document]:
    """Give the documents of a kind in the state file *path*; none where it cannot be read."""
    try:
        with closing(open_to_read(path)) as state:
            rows = state.execute("SELECT json FROM document WHERE kind=?", (kind,)).fetchall()
        found = [json.loads(text) for (text,) in rows]
    except (sqlite3.Error, RecursionError, TypeError, ValueError):
        return []
    return [each for each in found if isinstance(each, dict)]


def past_events(path: str, *, after: int) -> list[Recorded]:
    """Give the last 10,000 events with a number greater than *after* in the state file *path*.

    The oldest comes first.  Nothing is changed; raises StateFault where the file cannot be read.
    """
    try:
        with closing(open_to_read(path)) as state:
            rows = state.execute(
                "SELECT number, at, kind, service, instance, fields FROM event "
                "WHERE number > ? ORDER BY number DESC LIMIT ?",
                (after, _MOST),
            ).fetchall()
        return [
            Recorded(
                number=number,
                at=at,
                kind=kind,
                service=service,
                instance=instance,
                fields=json.loads(fields),
            )
            for number, at, kind, service, instance, fields in reversed(rows)
        ]
    except (sqlite3.Error, RecursionError, TypeError, ValueError) as error:
        raise StateFault(
            f"state {quoted(path)} cannot be read: {error}", hint="its host mends it when it starts"
        ) from error
