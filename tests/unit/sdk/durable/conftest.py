"""A file of a service's own, time that a test owns, and a disk that refuses."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.schema import connect
from svcctl.testing.fakes import FakeClock

WRITES = ("INSERT", "REPLACE", "UPDATE", "DELETE")


@dataclass
class FullDisk:
    """A connection that refuses as a full disk does: while *full*, at any write or at commits.

    What goes to memory alone is not refused.
    """

    full: bool = False
    at_commit: bool = False
    db: sqlite3.Connection = field(init=False)
    written: bool = False
    statements: list[str] = field(default_factory=list)

    def connect(self, path: str) -> sqlite3.Connection:
        self.db = connect(path)
        return cast("sqlite3.Connection", self)

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        self.statements.append(sql)
        self._judge(sql)
        return self.db.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any]) -> sqlite3.Cursor:
        self._judge(sql)
        return self.db.executemany(sql, parameters)

    @property
    def in_transaction(self) -> bool:
        return self.db.in_transaction

    def close(self) -> None:
        self.db.close()

    def _judge(self, sql: str) -> None:
        writes = sql.startswith(WRITES) and " held " not in sql
        self.written = sql != "BEGIN" and (self.written or writes)
        refused = (sql == "COMMIT" and self.written) if self.at_commit else writes
        if self.full and refused:
            raise sqlite3.OperationalError("database or disk is full")


@dataclass
class Place:
    """The file of a service, and how it is opened."""

    path: str
    disk: FullDisk = field(default_factory=FullDisk)
    clock: FakeClock = field(default_factory=FakeClock)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        async with Database(self.path, connect=self.disk.connect) as database:
            yield database

    async def until(self, check: Callable[[], object]) -> None:
        """Let tasks and the file's thread go on until *check* is true."""
        async with asyncio.timeout(60):
            while not check():
                await asyncio.sleep(0)

    async def forward_until_over(self, task: asyncio.Task[Any]) -> None:
        """Let time pass, to whatever is due next, until *task* is over."""
        async with asyncio.timeout(60):
            while not task.done():
                if (due := self.clock.next_at) is not None:
                    self.clock.forward(max(0.0, due - self.clock.monotonic()))
                await asyncio.sleep(0)

    def play(self, scene: Callable[[Database], Awaitable[Any]]) -> Any:
        """Open the file, play *scene*, close the file."""

        async def played() -> Any:
            async with self.database() as database:
                return await scene(database)

        return asyncio.run(played())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """The file of a service, not made yet."""
    return Place(str(tmp_path / "service" / "state.db"))
