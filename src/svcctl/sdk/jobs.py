"""Calls what is to be done again and again, at its times, as long as the service runs."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal

from svcctl.engine.schedule import next_due
from svcctl.ports import Clock
from svcctl.sdk.blueprint import Job
from svcctl.sdk.gate import Gate
from svcctl.sdk.happenings import JobRan, JobSkipped, Noted, Tell, nobody, unnoted
from svcctl.sdk.marks import OnError
from svcctl.sdk.resources import called
from svcctl.sdk.waiting import failure, limited, sleep, wants_an_end
from svcctl.spec.policy import Schedule

log = logging.getLogger(__name__)

CallJob = Callable[[str, Callable[..., object]], Awaitable[object]]

_LONGEST = 3600.0  # seconds slept at once, so that a clock that was set is noticed


class Jobs:
    """The periodic jobs of a service; *failed* is told of an error that is to end it."""

    def __init__(
        self,
        jobs: Iterable[Job],
        *,
        clock: Clock,
        gate: Gate,
        failed: Callable[[str, BaseException], None],
        call: CallJob = called,
        tell: Tell = nobody,
        noted: Noted = unnoted,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """*noted* is given every error, *call* calls a job by its name, *tell* hears of each."""
        self._jobs = {each.name: each for each in jobs}
        self._clock, self._gate, self._failed, self._chance = clock, gate, failed, chance
        self._by_name, self._tell, self._noted = call, tell, noted
        self._loops: list[asyncio.Task[None]] = []
        self._running: dict[str, asyncio.Task[object]] = {}
        self._ending = False

    @property
    def running(self) -> tuple[str, ...]:
        """Name those that are at work."""
        return tuple(self._running)

    def begin(self) -> None:
        """Call each at its times from now on."""
        self._loops = [
            asyncio.create_task(self._keep(job), name=f"times of {name}")
            for name, job in self._jobs.items()
        ]

    async def call(self, name: str) -> None:
        """Do the job *name* now, whatever the time; it never runs twice at once.

        Raises what it raised; KeyError where there is no such job.
        """
        if name in self._running:
            await asyncio.wait({self._running[name]})
        await self._call(self._jobs[name])

    async def end(self) -> None:
        """Call none any more, and come back once those at work have ended."""
        self._ending = True
        for each in self._loops:
            each.cancel()
        if self._running:
            await asyncio.wait(set(self._running.values()))

    def cut(self) -> None:
        """Cancel those at work."""
        for each in self._running.values():
            each.cancel()

    async def _keep(self, job: Job) -> None:
        schedule = job.mark.schedule
        due = next_time(schedule, now=self._clock.now(), last=None)
        while due is not None:
            await self._until(due + job.mark.jitter * self._chance())
            await self._gate.passed()
            task = asyncio.create_task(self._told(job), name=f"job {job.name}")
            await asyncio.shield(task)
            last, due = due, next_time(schedule, now=self._clock.now(), last=due)
            self._tell_skipped(job, last, due)

    async def _until(self, due: float) -> None:
        while (left := due - self._clock.now()) > 0:
            await sleep(self._clock, min(left, _LONGEST))

    def _tell_skipped(self, job: Job, last: float, due: float | None) -> None:
        """Tell of the times that passed while it was at work; those of cron(5) nobody counts."""
        every = job.mark.schedule.every
        if every and due is not None and (times := round((due - last) / every) - 1) > 0:
            self._tell(JobSkipped(job=job.name, times=times))

    async def _told(self, job: Job) -> None:
        """Do a job; its errors are told, as it wants it."""
        error = await failure(self._call(job))
        if error is None:
            return
        where = f"job {job.name}"
        if not wants_an_end(error):
            self._noted(where, error)
        if job.mark.on_error is OnError.CRASH or wants_an_end(error):
            self._failed(where, error)
        else:
            log.error("job.failed", exc_info=error, extra={"job": job.name})

    async def _call(self, job: Job) -> None:
        if job.name in self._running or self._ending:
            return
        task = asyncio.current_task()
        assert task is not None
        self._running[job.name] = task
        began = self._clock.monotonic()
        outcome: Literal["done", "failed", "timed_out"] = "failed"
        try:
            async with limited(self._clock, job.mark.timeout):
                await self._by_name(job.name, job.call)
            outcome = "done"
        except TimeoutError:
            outcome = "timed_out"
            raise
        finally:
            del self._running[job.name]
            lasted, at = self._clock.monotonic() - began, self._clock.now()
            self._tell(JobRan(job=job.name, outcome=outcome, seconds=lasted, at=at))


def next_time(schedule: Schedule, *, now: float, last: float | None) -> float | None:
    """Give when a job is due next whose *last* time was that, None before its first time.

    Times that have passed by *now* are skipped, not made up for.
    """
    if schedule.every is None:
        return next_due(schedule, now=now, last_start=last)
    if last is None:
        return now + schedule.every
    missed = max(math.floor((now - last) / schedule.every), 0)
    return last + (missed + 1) * schedule.every
