"""How state, queues and sagas lie in the one file of a service."""

from __future__ import annotations

import sqlite3

from svcctl.sdk.durable.own_file import PATIENCE, Layout, Obstacle, open_alone

_TABLES = """
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot (name TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot_state (
  name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, key)
) WITHOUT ROWID;
CREATE TABLE job (
  number INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, key TEXT, item TEXT NOT NULL,
  phase TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL, error TEXT NOT NULL
);
CREATE INDEX job_due ON job (queue, phase, due, number);
CREATE UNIQUE INDEX job_key ON job (queue, key) WHERE key IS NOT NULL;
CREATE TABLE saga (
  name TEXT NOT NULL, run TEXT NOT NULL, phase TEXT NOT NULL, at REAL NOT NULL,
  value TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (name, run)
) WITHOUT ROWID;
CREATE INDEX saga_phase ON saga (phase, at);
CREATE TABLE step (
  saga TEXT NOT NULL, run TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
  key TEXT NOT NULL, phase TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (saga, run, position)
) WITHOUT ROWID;
"""

_SETTINGS = (
    "PRAGMA temp_store=MEMORY",  # which jobs are taken: to be forgotten with the process
    "CREATE TEMP TABLE held (number INTEGER PRIMARY KEY)",
    """CREATE TEMP VIEW free_job AS SELECT * FROM job
    WHERE phase='waiting' AND number NOT IN (SELECT number FROM held)""",
)

_LAYOUT = Layout(
    tables=_TABLES,
    version=1,
    settings=_SETTINGS,
    hint={
        Obstacle.HELD: "stop the other copy of the service, or give each its own file",
        Obstacle.FOREIGN: "give the service another file, or run the version that wrote this one",
        Obstacle.UNUSABLE: (
            "is the disk full or read-only, is the file damaged? restore a copy, or move it away"
        ),
    },
)


def connect(path: str, *, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open the file of a service; see :func:`svcctl.sdk.durable.own_file.open_alone`."""
    return open_alone(path, _LAYOUT, patience=patience)
