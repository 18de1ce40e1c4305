"""The audit log as a table of SQLite, to which rows can be added and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from svcctl.engine.audit_chain import COLUMNS, Head, Row, chained
from svcctl.ports import AuditEntry

_TABLE = """
CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, asked TEXT NOT NULL,
  actor TEXT NOT NULL, way TEXT NOT NULL, source TEXT NOT NULL, verb TEXT NOT NULL,
  target TEXT NOT NULL, args TEXT NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL,
  before TEXT NOT NULL, seal TEXT NOT NULL
);
"""

TRIGGERS = """
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_deleted BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'nothing is deleted from the audit log'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_added_to BEFORE INSERT ON audit
  WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit)
    OR NEW.before <> coalesce((SELECT seal FROM audit ORDER BY number DESC LIMIT 1), '')
  BEGIN SELECT RAISE(ABORT, 'the audit log is added to at its end'); END;
"""

"""What refuses whatever is not a further row; put back where somebody took it away."""

SCHEMA = f"{_TABLE}{TRIGGERS}"

MIGRATION = f"ALTER TABLE audit RENAME TO audit_1; {SCHEMA}"
"""From what version 1 had; :func:`take_over` follows."""

INSERT = (
    f"INSERT INTO audit ({', '.join(COLUMNS)}, before, seal) "  # noqa: S608 - all of it is ours
    f"VALUES ({', '.join('?' * (len(COLUMNS) + 2))})"
)


_MOST = 2**62  # rows


def columns_of(entry: AuditEntry) -> Row:
    """Give the columns of *entry* but for its number."""
    texts = (entry.asked, entry.actor, entry.way, entry.source, entry.verb)
    more = (entry.target, entry.args, entry.reason, entry.outcome)
    return (float(entry.at), *map(_text, (*texts, *more)))


def sealed(db: sqlite3.Connection, rows: Iterable[Row]) -> Iterator[Row]:
    """Give *rows* as they are to be inserted now, in a transaction nobody else can write in."""
    return chained(rows, after=last_row(db))


def is_ours(db: sqlite3.Connection) -> bool:
    """Say whether the table has the columns it should have."""
    found = tuple(row[1] for row in db.execute("PRAGMA table_info(audit)"))
    return found == (*COLUMNS, "before", "seal")


def last_row(db: sqlite3.Connection) -> Head | None:
    """Give the last row there is; raises sqlite3.Error where none can follow it."""
    found = db.execute("SELECT number, seal FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    if found is None:
        return None
    if not isinstance(found[0], int) or found[0] > _MOST:
        raise sqlite3.DataError("the last row of the audit log has no number of ours")
    return Head(found[0], str(found[1]))


def take_over(db: sqlite3.Connection) -> None:
    """Seal what version 1 had, and forget its table."""
    old = db.execute("SELECT at, actor, verb, target, outcome FROM audit_1 ORDER BY number")
    rows = (
        (_number(at), "", who, "", "", verb, target, "{}", "", outcome)
        for at, *texts in old
        for who, verb, target, outcome in [map(_text, texts)]
    )
    db.executemany(INSERT, sealed(db, rows))
    db.execute("DROP TABLE audit_1")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _text(value: object) -> str:
    """Give what can be written, whatever somebody asked with: no lone surrogates."""
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
