"""The rows of sagas: every function is one transaction's worth, on the file's thread.

========  ======================================================================================
a saga    is
========  ======================================================================================
running   begun; to be run again after a crash or a stop
undoing   failed; its steps are being taken back, last one first
done      over; run again, it gives the results it had
undone    over; run again, it fails
========  ======================================================================================

A step is ``begun`` (whether it was done is unknown), ``done`` with its result, or ``undone``.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from svcctl.sdk.happenings import SagaPhase


class StepPhase(StrEnum):
    """How far a step is."""

    BEGUN = "begun"
    DONE = "done"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaRow:
    """A run of a saga: since when (seconds since 1970) it is in its phase, and why it failed."""

    name: str
    run: str
    phase: SagaPhase
    at: float
    value: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """A step of a run; *result* is JSON."""

    position: int
    name: str
    key: str
    phase: StepPhase
    result: str


def open_saga(
    db: sqlite3.Connection, name: str, run: str, *, value: str, at: float
) -> tuple[SagaRow, list[StepRow]]:
    """Give a run and its steps, begun now where there was none."""
    db.execute(
        "INSERT INTO saga VALUES (?,?,?,?,?,'') ON CONFLICT DO NOTHING",
        (name, run, SagaPhase.RUNNING, at, value),
    )
    row = db.execute(
        "SELECT name, run, phase, at, value, error FROM saga WHERE name=? AND run=?", (name, run)
    ).fetchone()
    steps = db.execute(
        "SELECT position, name, key, phase, result FROM step WHERE saga=? AND run=?"
        " ORDER BY position",
        (name, run),
    )
    return _saga(row), [
        StepRow(position=position, name=step, key=key, phase=StepPhase(phase), result=result)
        for position, step, key, phase, result in steps
    ]


def move_saga(
    db: sqlite3.Connection, name: str, run: str, *, phase: SagaPhase, error: str, at: float
) -> None:
    """Write down that a run goes on to *phase*."""
    db.execute(
        "UPDATE saga SET phase=?, error=?, at=? WHERE name=? AND run=?",
        (phase, error, at, name, run),
    )


def write_step(db: sqlite3.Connection, saga: str, run: str, row: StepRow) -> None:
    """Write down how far a step is."""
    db.execute(
        "REPLACE INTO step VALUES (?,?,?,?,?,?,?)",
        (saga, run, row.position, row.name, row.key, row.phase, row.result),
    )


def pending(db: sqlite3.Connection) -> list[SagaRow]:
    """Give the runs that are not over, longest first."""
    rows = db.execute(
        "SELECT name, run, phase, at, value, error FROM saga WHERE phase IN (?,?)"
        " ORDER BY at, name, run",
        (SagaPhase.RUNNING, SagaPhase.UNDOING),
    )
    return [_saga(row) for row in rows]


def forget(db: sqlite3.Connection, *, until: float) -> None:
    """Forget the runs that have been over since *until* or longer."""
    db.execute(
        "DELETE FROM step WHERE (saga, run) IN"
        " (SELECT name, run FROM saga WHERE phase IN ('done', 'undone') AND at<=?)",
        (until,),
    )
    db.execute("DELETE FROM saga WHERE phase IN ('done', 'undone') AND at<=?", (until,))


def _saga(row: tuple[str, str, str, float, str, str]) -> SagaRow:
    name, run, phase, at, value, error = row
    return SagaRow(name=name, run=run, phase=SagaPhase(phase), at=at, value=value, error=error)
