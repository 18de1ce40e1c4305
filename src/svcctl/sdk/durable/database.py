"""One SQLite file on one thread, so that what is remembered is safe and the loop never waits."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from svcctl.errors import StateFault, quoted
from svcctl.sdk.durable.schema import connect
from svcctl.sdk.waiting import elsewhere

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""Reads and writes; may be done twice, the first time in vain, and so does nothing else."""

Connect = Callable[[str], sqlite3.Connection]

_AT_ONCE = 100  # pieces of work in one transaction: they share one fsync


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A piece of work, and where its outcome is waited for."""

    work: Work[Any]
    outcome: Future[Any]


class Database:
    """The file of a service; an async context manager that opens and closes it.

    Each piece of work is a transaction: it is done whole, and survives a power failure, once its
    outcome is known; or it left nothing behind.  Work asked for at the same time is committed
    together, in the order of asking.  Opening raises Conflict where another process has the file
    open, StateFault where it is unusable.
    """

    def __init__(self, path: str, *, connect: Connect = connect) -> None:
        self.path = path
        self._connect = connect
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._ended: Future[None] = Future()
        self._closed = True

    async def __aenter__(self) -> Self:
        """Open the file."""
        opened = self._begin()
        try:
            with elsewhere():
                await asyncio.wrap_future(opened)
        except BaseException:
            self._closed = True
            self._asked.put(None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do what was asked for, and close the file."""
        await self.close()

    def open_soon(self) -> Self:
        """Open the file without waiting for it; where that fails, every piece of work says so."""
        self._begin()
        return self

    async def close(self) -> None:
        """Do what was asked for, and close the file."""
        self._closed = True
        self._asked.put(None)
        with elsewhere():
            await asyncio.wrap_future(self._ended)

    async def run(self, work: Work[T]) -> T:
        """Do *work* in a transaction of its own and give what it gives.

        Raises what *work* raises, and StateFault where the disk refuses: nothing is changed then.
        Who is cancelled here does not know whether it was, or will be, done.
        """
        outcome = self.submit(work)
        with elsewhere():
            return await asyncio.wrap_future(outcome)

    def submit(self, work: Work[T]) -> Future[T]:
        """Ask for *work*, from any thread; raises StateFault once the file is closed."""
        if self._closed:
            raise StateFault(f"{quoted(self.path)} is closed", hint="open it: async with Database")
        outcome: Future[T] = Future()
        self._asked.put(_Asked(work=work, outcome=outcome))
        return outcome

    def _begin(self) -> Future[None]:
        opened: Future[None] = Future()
        self._ended, self._closed = Future(), False
        thread = threading.Thread(
            target=self._serve, args=(opened,), name="svcctl-durable", daemon=True
        )
        thread.start()
        return opened

    def _serve(self, opened: Future[None]) -> None:
        for each in (opened, self._ended):
            each.set_running_or_notify_cancel()  # who is cancelled leaves them alone from now on
        try:
            db = self._connect(self.path)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            opened.set_exception(error)
            self._refuse_all(error)
            return
        opened.set_result(None)
        try:
            with closing(db):
                while batch := self._batch():
                    begun = [each for each in batch if each.outcome.set_running_or_notify_cancel()]
                    self._commit(db, begun)
        finally:
            self._ended.set_result(None)

    def _refuse_all(self, error: Exception) -> None:
        """Answer whoever asks for work with what opening raised, until it is closed."""
        while each := self._asked.get():
            if each.outcome.set_running_or_notify_cancel():
                each.outcome.set_exception(error)
        self._ended.set_result(None)

    def _batch(self) -> list[_Asked]:
        """Wait for work, and take what else is there; empty: no more will come."""
        batch: list[_Asked] = []
        each = self._asked.get()
        while each:
            batch.append(each)
            if len(batch) == _AT_ONCE or self._asked.empty():
                return batch
            each = self._asked.get()
        if batch:
            self._asked.put(None)
        return batch

    def _commit(self, db: sqlite3.Connection, batch: list[_Asked]) -> None:
        try:
            db.execute("BEGIN")
            outcomes = [_attempt(db, each.work) for each in batch]
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                with suppress(sqlite3.Error):  # the next transaction cannot begin, and tells
                    db.execute("ROLLBACK")
            if len(batch) == 1:
                batch[0].outcome.set_exception(self._refused(error))
                return
            for each in batch:  # alone: who asked for too much is not the others' burden
                self._commit(db, [each])
            return
        for each, (value, failure) in zip(batch, outcomes, strict=True):
            if failure is None:
                each.outcome.set_result(value)
            else:
                each.outcome.set_exception(failure)

    def _refused(self, error: sqlite3.Error) -> StateFault:
        fault = StateFault(
            f"{quoted(self.path)} cannot be read or written: {error}",
            hint="nothing was changed: make room or mend the disk, then try again",
        )
        fault.__cause__ = error
        return fault


def _attempt(db: sqlite3.Connection, work: Work[Any]) -> tuple[Any, Exception | None]:
    """Do *work*, and undo it where it raises; an error of SQLite ends the transaction."""
    db.execute("SAVEPOINT work")
    try:
        value = work(db)
    except sqlite3.Error:
        raise
    except Exception as error:  # noqa: BLE001 - raised where it is waited for
        db.execute("ROLLBACK TO work")
        db.execute("RELEASE work")
        return None, error
    db.execute("RELEASE work")
    return value, None
