"""Hands the jobs of a durable queue to a function, as long as the service takes work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from svcctl.sdk.gate import Gate
from svcctl.sdk.resources import called
from svcctl.sdk.waiting import first
from svcctl.sdk.work import Work

if TYPE_CHECKING:
    from svcctl.sdk.durable.job import Job
    from svcctl.sdk.durable.queue import Queue


class Consumer:
    """Takes one job after the other while *gate* is open, until *stopping*."""

    def __init__(
        self,
        queue: Queue,
        call: Callable[[Job], object],
        *,
        gate: Gate,
        stopping: asyncio.Event,
        work: Work,
    ) -> None:
        self._queue, self._call = queue, call
        self._gate, self._stopping, self._work = gate, stopping, work
        self._busy = False

    async def keep(self) -> None:
        """Come back once the service stops and the job under way, if any, has ended.

        What the function raises is a failed try of the job; raises StateFault where the disk
        refuses.  A cancellation gives the job under way back.
        """
        while not self._stopping.is_set():
            await first(self._gate.passed(), self._stopping.wait())
            self._busy = False
            turn = asyncio.create_task(self._turn(), name=f"queue {self._queue.name}")
            try:
                await first(asyncio.wait({turn}), self._gate.was_closed(), self._stopping.wait())
                if self._busy:
                    await asyncio.wait({turn})
            finally:
                turn.cancel()
                await asyncio.wait({turn})
            if not turn.cancelled():
                turn.result()

    async def _turn(self) -> None:
        async with self._queue.take() as job:
            if self._stopping.is_set() or not self._gate.is_open:
                raise asyncio.CancelledError  # it is given back, and the try does not count
            self._busy = True
            async with self._work.piece(self._queue.name):
                await called(f"queue {self._queue.name}", partial(self._call, job))
                if not job.ended:
                    await job.done()
