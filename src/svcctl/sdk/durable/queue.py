"""Work that is not forgotten: put down now, done some time, by this process or the next."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

from svcctl.errors import StateFault, TimedOut, UsageError
from svcctl.ports import Clock
from svcctl.sdk.durable import jobs
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.job import Job, Terms
from svcctl.sdk.durable.jobs import Claim, Row
from svcctl.sdk.durable.values import Json, decoded, encoded
from svcctl.sdk.happenings import ItemHandled, ItemPut, JobFailed, Tell, nobody
from svcctl.sdk.lengths import seconds
from svcctl.sdk.resilience.backoff import full_jitter
from svcctl.sdk.waiting import limited
from svcctl.spec.notation import format_duration

log = logging.getLogger(__name__)

_LOOK_AGAIN = 60.0  # seconds: the wall clock may have been set meanwhile
_ERROR_LENGTH = 500  # characters of an error that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A job that is tried no more, since *at* (seconds since 1970), and its last error."""

    number: int
    key: str | None
    item: Json
    tries: int
    error: str
    at: float


class Queues:
    """The queues of one file, each made once, by name."""

    def __init__(self, database: Database, *, clock: Clock, tell: Tell = nobody) -> None:
        self._database, self._clock, self._told = database, clock, tell
        self._known: dict[str, tuple[Terms, Queue]] = {}

    def queue(
        self,
        name: str,
        *,
        attempts: int | None = None,
        wait: str | float | None = None,
        wait_max: str | float | None = None,
        remember: str | float | None = None,
    ) -> Queue:
        """Give the queue *name*; the same one for the same name.

        A job is tried *attempts* times (5), with full jitter up to *wait* (``"1s"``) after the
        first, doubled with each up to *wait_max* (``"5m"``); then it is dead.  The key of a job
        that is done is known for *remember* (``"1d"``).  What is left out is as it was given
        before.  Raises UsageError where it was given otherwise before.
        """
        before, known = self._known.get(name, (Terms(), None))
        terms = Terms(
            attempts=before.attempts if attempts is None else attempts,
            wait=before.wait if wait is None else seconds(wait),
            wait_max=before.wait_max if wait_max is None else seconds(wait_max),
            remember=before.remember if remember is None else seconds(remember),
        )
        if terms.attempts < 1:
            raise UsageError(f"queue '{name}' has {attempts} attempts", hint="1 is the least")
        if known is None:
            known = Queue(name, self._database, terms=terms, clock=self._clock, tell=self._told)
            self._known[name] = terms, known
        elif terms != before:
            raise UsageError(
                f"queue '{name}' was opened with other terms", hint="give them in one place"
            )
        return known

    @property
    def known(self) -> tuple[Queue, ...]:
        """Give those that were asked for."""
        return tuple(queue for _, queue in self._known.values())


class Queue:
    """A durable queue of JSON items: every item put is done once, in the order they are due.

    What is promised: an item whose :meth:`put` came back is not lost, whatever happens.  It is
    handed to one consumer at a time, and again after an error, a stop or a crash: work on the
    outside world is done *at least* once, so give it :attr:`Job.number` to tell repetitions by.
    That the item is done and what :meth:`Job.done` writes to the state are one transaction: that
    hand-over happens *exactly* once.  When items are due is told by the wall clock, as it must
    outlive a reboot.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        *,
        terms: Terms,
        clock: Clock,
        tell: Tell = nobody,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._database, self._terms, self._clock = database, terms, clock
        self._told, self._chance = tell, chance
        self._stirred = asyncio.Event()
        self._turn = asyncio.Lock()  # one consumer looks at a time, so that a put wakes but one
        self._loop: asyncio.AbstractEventLoop | None = None  # of the consumers

    async def put(self, item: Json, *, key: str | None = None, delay: str | float = 0.0) -> bool:
        """Add *item*, to be taken after *delay*; it is not lost once this came back.

        Says whether it was added: one with a *key* that is waiting, dead, or was done of late is
        not.  Who does not know whether a put was done puts again, with the same key.  Raises
        UsageError where the item is not JSON, StateFault, and nothing is added, where the disk
        refuses.
        """
        text = encoded(item, f"an item of queue '{self.name}'")
        due = self._clock.now() + seconds(delay)
        added = await self._database.run(
            lambda db: jobs.put(db, self.name, item=text, key=key, due=due)
        )
        self._stirred.set()
        if added:
            self._told(ItemPut(queue=self.name))
        return added

    @asynccontextmanager
    async def take(self, *, timeout: str | float | None = None) -> AsyncIterator[Job]:  # noqa: ASYNC109 - by our clock
        """Wait for a job, for *timeout* at most (else TimedOut), and hold it while the block lasts.

        It is done at the end of the block, unless :meth:`Job.done` was called in it.  Where the
        block raises an error first, the error is logged, told, and goes no further: the job is
        tried again later, or is dead.  A cancellation gives the job back untried.  Raises
        StateFault where the disk refuses: the job is not done, and is taken again.
        """
        row = await self._taken(None if timeout is None else seconds(timeout))
        job: Job | None = None
        began = self._clock.monotonic()
        try:
            job = Job(self._database, row, queue=self.name, terms=self._terms, clock=self._clock)
            yield job
            if not job.ended:
                await job.done()
            self._handled("done", began)
        except Exception as error:
            if job and job.ended:
                self._handled("done", began)
                raise
            await self._failed(row, error)
            self._handled("retried" if row.tries < self._terms.attempts else "dead", began)
            if job is None:
                raise
        except BaseException:
            self._hand_back(row)
            raise

    async def size(self) -> int:
        """Count the jobs that are not done, taken ones included, dead ones not."""
        return await self._database.run(lambda db: jobs.size(db, self.name))

    async def counts(self) -> dict[str, int]:
        """Count the jobs by how they stand: ``waiting``, ``taken``, ``dead``."""
        return await self._database.run(lambda db: jobs.counts(db, self.name))

    async def lag(self) -> float:
        """Say for how many seconds the first job that nobody took has been due; 0 where none is."""
        due = await self._database.run(lambda db: jobs.next_due(db, self.name))
        return 0.0 if due is None else max(0.0, self._clock.now() - due)

    async def dead(self) -> list[DeadLetter]:
        """Give the jobs that are tried no more, longest dead first."""
        rows = await self._database.run(lambda db: jobs.dead(db, self.name))
        return [
            DeadLetter(
                number=row.number,
                key=row.key,
                item=decoded(row.item, self._called(row.number)),
                tries=row.tries,
                error=row.error,
                at=row.at,
            )
            for row in rows
        ]

    async def requeue(self, number: int | None = None) -> int:
        """Let a dead job, or all of them, be tried anew; say how many there were."""
        now = self._clock.now()
        count = await self._database.run(lambda db: jobs.revive(db, self.name, number, now=now))
        self._stirred.set()
        return count

    async def drop(self, number: int) -> None:
        """Forget a dead job; raises UsageError where there is no such."""
        if not await self._database.run(lambda db: jobs.drop(db, self.name, number)):
            raise UsageError(
                f"{self._called(number)} is not dead", hint="see those with: queue.dead()"
            )

    def _handled(self, outcome: Literal["done", "retried", "dead"], began: float) -> None:
        lasted = self._clock.monotonic() - began
        self._told(ItemHandled(queue=self.name, outcome=outcome, seconds=lasted))

    async def _taken(self, timeout: float | None) -> Row:  # noqa: ASYNC109 - by our clock
        self._loop = asyncio.get_running_loop()
        try:
            async with limited(self._clock, timeout), self._turn:
                while True:
                    self._stirred.clear()
                    claim = await self._claim()
                    for number in claim.dead:
                        self._tell(number, self._terms.attempts, jobs.ENDED, wait=None)
                    if claim.row:
                        return claim.row
                    await self._until(claim.next_due)
        except TimeoutError as error:
            assert timeout is not None
            raise TimedOut(
                f"queue '{self.name}' had no job within {format_duration(timeout)}",
                hint="put one, or wait longer",
            ) from error

    async def _claim(self) -> Claim:
        now = self._clock.now()
        asked = self._database.submit(
            lambda db: jobs.claim(db, self.name, now=now, attempts=self._terms.attempts)
        )
        try:
            return await asyncio.wrap_future(asked)
        except asyncio.CancelledError:
            asked.add_done_callback(self._unclaim)
            raise

    def _unclaim(self, asked: Future[Claim]) -> None:
        """Give back what was taken for somebody who left meanwhile; on the file's thread."""
        if not asked.cancelled() and not asked.exception() and (row := asked.result().row):
            self._hand_back(row)

    def _hand_back(self, row: Row, how: Callable[..., None] = jobs.release) -> None:
        with suppress(StateFault):  # closed: that it was taken is forgotten with it
            asked = self._database.submit(partial(how, number=row.number))
            asked.add_done_callback(self._stir)

    def _stir(self, _: Future[None]) -> None:
        assert self._loop is not None, "a job was taken before"
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._stirred.set)

    async def _until(self, due: float | None) -> None:
        if due is None:
            await self._stirred.wait()
            return
        wait = min(max(0.0, due - self._clock.now()), _LOOK_AGAIN)
        timer = self._clock.later(wait, self._stirred.set)
        try:
            await self._stirred.wait()
        finally:
            timer.cancel()

    async def _failed(self, row: Row, error: Exception) -> None:
        terms = self._terms
        text = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
        wait: float | None = None
        if row.tries < terms.attempts:
            wait = full_jitter(
                row.tries, first=terms.wait, most=terms.wait_max, chance=self._chance()
            )
        now = self._clock.now()
        try:
            if wait is None:
                await self._database.run(partial(jobs.bury, number=row.number, error=text, at=now))
            else:
                due = now + wait
                await self._database.run(
                    partial(jobs.postpone, number=row.number, error=text, due=due)
                )
        except (StateFault, asyncio.CancelledError):
            self._hand_back(row, jobs.let_go)
            raise
        self._stirred.set()
        self._tell(row.number, row.tries, text, wait=wait, failure=error)

    def _tell(
        self,
        number: int,
        tries: int,
        error: str,
        *,
        wait: float | None,
        failure: Exception | None = None,
    ) -> None:
        log.warning(
            "queue.job-failed",
            extra={
                "queue": self.name,
                "number": number,
                "tries": tries,
                "problem": error,
                "wait": wait,
            },
            exc_info=failure,
        )
        self._told(JobFailed(queue=self.name, number=number, tries=tries, error=error, wait=wait))

    def _called(self, number: int) -> str:
        return f"job {number} of queue '{self.name}'"
