"""A job of a durable queue, as its consumer sees it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import Conflict
from svcctl.ports import Clock
from svcctl.sdk.durable import jobs
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.jobs import Row
from svcctl.sdk.durable.state import write, written
from svcctl.sdk.durable.values import Json, decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How often jobs are tried, and how long their keys are known; lengths in seconds."""

    attempts: int = 5
    wait: float = 1.0
    wait_max: float = 300.0
    remember: float = 86_400.0


class Job:
    """An item in the hands of a consumer.

    *number* is the same for every try and no other job's, *key* that it was put with, *tries*
    counts this try (from 1).
    """

    def __init__(
        self, database: Database, row: Row, *, queue: str, terms: Terms, clock: Clock
    ) -> None:
        self._database, self._terms, self._clock = database, terms, clock
        self._queue, self._called = queue, f"job {row.number} of queue '{queue}'"
        self._ended = False
        self.number = row.number
        self.key = row.key
        self.tries = row.tries
        self.item = decoded(row.item, self._called)

    @property
    def ended(self) -> bool:
        """Say whether it is known to be done."""
        return self._ended

    async def done(self, *, state: Mapping[str, Json] | None = None) -> None:
        """End the job and write *state* in one transaction: both are done, or neither.

        Raises Conflict where it has ended already, UsageError where a value is not JSON, StateFault
        where the disk refuses.  Who is cancelled here does not know whether it was done.
        """
        if self._ended:
            raise Conflict(f"{self._called} is done already", hint="call done() once")
        texts = written(state or {})
        now = self._clock.now()

        def hand_over(db: sqlite3.Connection) -> None:
            write(db, texts)
            jobs.finish(db, self._queue, self.number, now=now, remember=self._terms.remember)

        await self._database.run(hand_over)
        self._ended = True
