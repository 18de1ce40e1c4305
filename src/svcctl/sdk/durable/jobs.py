"""The rows of a durable queue: every function is one transaction's worth, on the file's thread.

A job is ``waiting`` until it is done or ``dead``.  That it is taken stands in a table in memory
alone, so that the death of the process gives it back; each try is counted before it is made, so
that a job which kills the process is not tried for ever.  A ``done`` row is kept for its key.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

ENDED = "the process ended while the job was worked on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A job that was taken; *tries* counts this one."""

    number: int
    key: str | None
    item: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadRow:
    """A job that is tried no more, since *at* (seconds since 1970), and its last error."""

    number: int
    key: str | None
    item: str
    tries: int
    error: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a look at the queue gave: a job, those found *dead*, and when the next one is due."""

    row: Row | None
    dead: tuple[int, ...]
    next_due: float | None


def put(db: sqlite3.Connection, queue: str, *, item: str, key: str | None, due: float) -> bool:
    """Add a job; say whether it is new, as its key is."""
    added = db.execute(
        "INSERT INTO job (queue, key, item, phase, due, tries, error)"
        " VALUES (?,?,?,'waiting',?,0,'') ON CONFLICT DO NOTHING",
        (queue, key, item, due),
    )
    return added.rowcount == 1


def claim(db: sqlite3.Connection, queue: str, *, now: float, attempts: int) -> Claim:
    """Take the first job that is due, and count the try."""
    dead: list[int] = []
    while True:
        found = db.execute(
            "SELECT number, key, item, tries FROM free_job WHERE queue=? AND due<=?"
            " ORDER BY due, number LIMIT 1",
            (queue, now),
        ).fetchone()
        if found is None:
            return Claim(row=None, dead=tuple(dead), next_due=next_due(db, queue))
        number, key, item, tries = found
        if tries < attempts:
            db.execute("UPDATE job SET tries=tries+1 WHERE number=?", (number,))
            db.execute("INSERT INTO held VALUES (?)", (number,))
            row = Row(number=number, key=key, item=item, tries=tries + 1)
            return Claim(row=row, dead=tuple(dead), next_due=None)
        bury(db, number, error=ENDED, at=now)
        dead.append(number)


def finish(db: sqlite3.Connection, queue: str, number: int, *, now: float, remember: float) -> None:
    """End a job for good; of one with a key the key is kept, *remember* seconds at least."""
    db.execute("DELETE FROM held WHERE number=?", (number,))
    db.execute("DELETE FROM job WHERE number=? AND key IS NULL", (number,))
    db.execute("UPDATE job SET phase='done', item='', due=? WHERE number=?", (now, number))
    db.execute("DELETE FROM job WHERE queue=? AND phase='done' AND due<=?", (queue, now - remember))


def release(db: sqlite3.Connection, number: int) -> None:
    """Give a job back as if it had not been taken."""
    db.execute("DELETE FROM held WHERE number=?", (number,))
    db.execute("UPDATE job SET tries=tries-1 WHERE number=? AND phase='waiting'", (number,))


def let_go(db: sqlite3.Connection, number: int) -> None:
    """Give a job back whose try counts; nothing is written to the disk."""
    db.execute("DELETE FROM held WHERE number=?", (number,))


def postpone(db: sqlite3.Connection, number: int, *, error: str, due: float) -> None:
    """Give a failed job back, to be tried again later."""
    db.execute("DELETE FROM held WHERE number=?", (number,))
    db.execute("UPDATE job SET due=?, error=? WHERE number=?", (due, error, number))


def bury(db: sqlite3.Connection, number: int, *, error: str, at: float) -> None:
    """Try a job no more."""
    db.execute("DELETE FROM held WHERE number=?", (number,))
    db.execute("UPDATE job SET phase='dead', due=?, error=? WHERE number=?", (at, error, number))


def dead(db: sqlite3.Connection, queue: str) -> list[DeadRow]:
    """Give the jobs that are tried no more, longest dead first."""
    rows = db.execute(
        "SELECT number, key, item, tries, error, due FROM job"
        " WHERE queue=? AND phase='dead' ORDER BY due, number",
        (queue,),
    )
    return [
        DeadRow(number=number, key=key, item=item, tries=tries, error=error, at=at)
        for number, key, item, tries, error, at in rows
    ]


def revive(db: sqlite3.Connection, queue: str, number: int | None, *, now: float) -> int:
    """Let one dead job, or all (None), be tried anew; say how many."""
    return db.execute(
        "UPDATE job SET phase='waiting', tries=0, due=?"
        " WHERE queue=? AND phase='dead' AND number=coalesce(?, number)",
        (now, queue, number),
    ).rowcount


def drop(db: sqlite3.Connection, queue: str, number: int) -> bool:
    """Forget a dead job; say whether there was such."""
    return (
        db.execute(
            "DELETE FROM job WHERE queue=? AND phase='dead' AND number=?", (queue, number)
        ).rowcount
        == 1
    )


def size(db: sqlite3.Connection, queue: str) -> int:
    """Count what is not done yet, taken or not, and not dead."""
    (count,) = db.execute(
        "SELECT count(*) FROM job WHERE queue=? AND phase='waiting'", (queue,)
    ).fetchone()
    return int(count)


def counts(db: sqlite3.Connection, queue: str) -> dict[str, int]:
    """Count the jobs that wait, are taken, and are dead."""
    (free,) = db.execute("SELECT count(*) FROM free_job WHERE queue=?", (queue,)).fetchone()
    (dead,) = db.execute(
        "SELECT count(*) FROM job WHERE queue=? AND phase='dead'", (queue,)
    ).fetchone()
    return {"waiting": int(free), "taken": size(db, queue) - int(free), "dead": int(dead)}


def next_due(db: sqlite3.Connection, queue: str) -> float | None:
    """Say when the first job that nobody took is, or was, due; None: there is none."""
    (due,) = db.execute("SELECT min(due) FROM free_job WHERE queue=?", (queue,)).fetchone()
    return None if due is None else float(due)
