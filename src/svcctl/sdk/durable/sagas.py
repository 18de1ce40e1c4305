"""Keeps account of sagas: begins them, takes them up again, and takes back those that fail."""

from __future__ import annotations

import logging
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from svcctl.errors import Conflict, NotUndone, StateFault, UsageError
from svcctl.ports import Clock
from svcctl.sdk.durable import journal
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.journal import SagaRow, StepPhase, StepRow
from svcctl.sdk.durable.saga import Done, Saga
from svcctl.sdk.durable.values import Json, decoded, encoded
from svcctl.sdk.happenings import SagaMoved, SagaPhase, Tell, nobody
from svcctl.sdk.lengths import seconds
from svcctl.sdk.resilience.backoff import full_jitter
from svcctl.sdk.waiting import sleep

log = logging.getLogger(__name__)

_ERROR_LENGTH = 500  # characters of an error that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A run that is not over: to be resumed (running) or taken back (undoing) by running it again.

    *value* is what it was begun with, *since* when (seconds since 1970) it is in its phase,
    *error* why it is taken back.
    """

    name: str
    run: str
    phase: SagaPhase
    since: float
    value: Json
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often, and with what waits (seconds), it is tried to take a step back."""

    attempts: int
    wait: float
    wait_max: float


class Sagas:
    """The sagas of one file.

    What is promised, of a saga that is run again until it is over (at the next start: every one
    :meth:`pending` gives):

    - every step is done, or every step that was done is taken back, last one first;
    - a step whose result was written down is not done again: its result is given;
    - a step that was under way when the process died, or whose result could not be written down, is
      done again *with the same key*: ``do`` hands the key to the outside world, which does what it
      has done under that key no second time.  The same holds for ``undo``;
    - a cancellation, and so a stop, is no failure: the saga is pending, and resumed later;
    - what the disk refuses is not begun: StateFault, and the saga is pending.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        attempts: int = 5,
        wait: str | float = "1s",
        wait_max: str | float = "1m",
        remember: str | float = "30d",
        tell: Tell = nobody,
        chance: Callable[[], float] = random.random,
    ) -> None:
        if attempts < 1:
            raise UsageError(f"sagas have {attempts} attempts to undo", hint="1 is the least")
        self._database, self._clock = database, clock
        self._patience = Patience(attempts=attempts, wait=seconds(wait), wait_max=seconds(wait_max))
        self._remember = seconds(remember)
        self._tell, self._chance = tell, chance
        self._open: set[tuple[str, str]] = set()

    @asynccontextmanager
    async def saga(self, name: str, run: str, *, value: Json = None) -> AsyncIterator[Saga]:
        """Begin the run *run* of the saga *name*, or take it up where it was left.

        *value* is kept with it from the first time on.  Where the block raises an error, the steps
        are taken back, and the error goes on; NotUndone, from that error, where one could not be:
        the saga is pending then.  One that failed in an earlier run raises SagaUndone from its
        first step that was not done, or at the end.  Raises Conflict while it is open already.
        """
        if (name, run) in self._open:
            raise Conflict(f"saga '{name}' {run} is under way", hint="wait until it is over")
        self._open.add((name, run))
        try:
            saga = await self._opened(name, run, value)
            try:
                yield saga
                saga.insist_sound()
            except StateFault:  # taking back needs the file too
                raise
            except Exception as error:
                await self._take_back(saga, error)
                raise
            await self._move(saga, SagaPhase.DONE, "")
        finally:
            self._open.discard((name, run))

    async def pending(self) -> list[Pending]:
        """Give the runs that are not over and not under way, longest first: run each again."""
        rows = await self._database.run(journal.pending)
        return [
            Pending(
                name=row.name,
                run=row.run,
                phase=row.phase,
                since=row.at,
                value=decoded(row.value, f"saga '{row.name}' {row.run}"),
                error=row.error,
            )
            for row in rows
            if (row.name, row.run) not in self._open
        ]

    async def _opened(self, name: str, run: str, value: Json) -> Saga:
        text = encoded(value, f"the value of saga '{name}' {run}")
        now = self._clock.now()

        def begin(db: sqlite3.Connection) -> tuple[SagaRow, list[StepRow]]:
            journal.forget(db, until=now - self._remember)
            return journal.open_saga(db, name, run, value=text, at=now)

        row, steps = await self._database.run(begin)
        return Saga(self._database, row, steps)

    async def _take_back(self, saga: Saga, error: Exception) -> None:
        if saga.phase in {SagaPhase.DONE, SagaPhase.UNDONE}:
            return
        if saga.phase is SagaPhase.RUNNING:
            text = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
            await self._move(saga, SagaPhase.UNDOING, text)
        for step in saga.to_undo():
            await self._undo(saga, step, error)
        await self._move(saga, SagaPhase.UNDONE, saga.error)

    async def _undo(self, saga: Saga, step: Done, error: Exception) -> None:
        patience, tries = self._patience, 0
        while (failure := await step.undo()) is not None:
            tries += 1
            log.warning(
                "saga.step-not-undone",
                extra={"saga": saga.name, "run": saga.run, "step": step.row.name, "tries": tries},
                exc_info=failure,
            )
            if tries == patience.attempts:
                raise NotUndone(
                    f"step '{step.row.name}' of saga {saga.called} cannot be taken back: {failure}",
                    hint="mend the cause and run the saga again: it is pending",
                ) from error
            wait = full_jitter(
                tries, first=patience.wait, most=patience.wait_max, chance=self._chance()
            )
            await sleep(self._clock, wait)
        await saga.write(replace(step.row, phase=StepPhase.UNDONE))

    async def _move(self, saga: Saga, phase: SagaPhase, error: str) -> None:
        if saga.phase is phase:  # a saga that was over already
            return
        now = self._clock.now()
        await self._database.run(
            partial(
                journal.move_saga,
                name=saga.name,
                run=saga.run,
                phase=phase,
                error=error,
                at=now,
            )
        )
        saga.moved(phase, error)
        self._tell(SagaMoved(name=saga.name, run=saga.run, phase=phase, error=error))
