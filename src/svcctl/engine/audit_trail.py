"""Reads the audit log, of a running agent or of one that is gone, and proves it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatchcase

from svcctl.engine.audit_chain import COLUMNS, Head, Row, Tampering, Verdict, verify
from svcctl.engine.audit_seals import heads, heads_path
from svcctl.engine.salvage import as_text
from svcctl.engine.state_file import open_to_read
from svcctl.errors import StateFault, quoted
from svcctl.ports import Document

_NAMES = (*COLUMNS, "before", "seal")
_SELECT = f"SELECT {', '.join(_NAMES)} FROM audit"  # noqa: S608 - all of it is ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which rows: *since* seconds since 1970; globs, empty for any; the last *limit* (0: all).

    *after* a number, and then the *first* of them.
    *service* is the name of one: rows about it, and about groups, labels and globs that it may be
    among.
    """

    since: float = 0.0
    actor: str = ""
    verb: str = ""
    service: str = ""
    limit: int = 0
    after: int = 0
    first: bool = False


def read(path: str, sought: Sought) -> list[Document]:
    """Give rows of the audit log in the state file *path*, oldest first; raises StateFault.

    Of one that does not exist there are none.
    """
    if not os.path.exists(path):
        return []
    found: list[Document] = []
    order = "ASC" if sought.first else "DESC"
    query = f"{_SELECT} WHERE number > ? AND at >= ? ORDER BY number {order}"
    for row in _rows(path, query, (sought.after, sought.since)):
        document = dict(zip(_NAMES, row, strict=True))
        if _fits(document, sought):
            found.append(document)
            if len(found) == sought.limit:
                break
    return found if sought.first else found[::-1]


def prove(path: str, *, known: Head | None = None) -> Verdict:
    """Say whether the audit log in the state file *path* is as it was written; raises StateFault.

    *known* is a head that somebody kept elsewhere.
    """
    if not os.path.exists(path) and not os.path.exists(heads_path(path)):
        return verify((), (), known=known)
    try:
        kept: Iterable[Head | None] = list(heads(path))  # before the rows: these may become more
        lost: list[Tampering] = []
    except FileNotFoundError:
        kept, lost = (), [Tampering(0, "the seals that were kept outside are gone")]
    except OSError as error:
        raise _unreadable(heads_path(path), error) from error
    verdict = verify(_rows(path, f"{_SELECT} ORDER BY number", ()), kept, known=known)
    if not lost or verdict.rows == 0:
        return verdict
    return Verdict(rows=verdict.rows, head=verdict.head, found=(*verdict.found, *lost))


def prove_rows(rows: Iterable[Document], *, known: Head | None = None) -> Verdict:
    """Say whether exported *rows* follow one another as they were written."""
    listed = (tuple(each.get(name) for name in _NAMES) for each in rows)
    return verify(listed, (), known=known)


def _rows(path: str, query: str, values: Row) -> Iterator[Row]:
    try:
        with closing(open_to_read(path)) as db:
            db.text_factory = as_text
            yield from db.execute(query, values)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: Exception) -> StateFault:
    return StateFault(
        f"the audit log in {quoted(path)} cannot be read: {error}",
        hint="only the agent's own user and root may read it",
    )


def _fits(row: Document, sought: Sought) -> bool:
    globs = ((sought.actor, row["actor"]), (sought.verb, row["verb"]))
    if not all(not glob or fnmatchcase(str(value), glob) for glob, value in globs):
        return False
    return not sought.service or concerns(str(row["target"]), sought.service)


def concerns(target: str, service: str) -> bool:
    """Say whether *target* (``web``, ``job-*``, ``@shop``, ``tier=b``) may mean *service*."""
    return any(
        word.startswith("@") or "=" in word or fnmatchcase(service, word) for word in target.split()
    )
