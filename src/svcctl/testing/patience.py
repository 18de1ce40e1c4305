"""Waits for a service under test, and says where it stands when it keeps a test waiting."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from svcctl.errors import TimedOut
from svcctl.spec.notation import format_duration
from svcctl.testing.fakes import FakeClock
from svcctl.testing.standing import standing
from svcctl.testing.virtual_time import VirtualTime

_MOMENT = 0.001  # real seconds after which a condition is looked at again
_GRACE = 0.1  # real seconds that what is real gets at an end before time passes


class Patience:
    """How long a test waits for the service *name*, in real time: *limit* seconds each time.

    To be made before the service has tasks.  Who waits longer gets TimedOut, which says where in
    the code of its author each task of the service waits.
    """

    def __init__(self, name: str, time: VirtualTime, *, clock: FakeClock, limit: float) -> None:
        self._name, self._time, self._clock, self._limit = name, time, clock, limit
        self._others, self._threads = asyncio.all_tasks(), set(threading.enumerate())

    async def settle(self) -> None:
        """Let everything happen that needs no time."""
        async with self._limited("did not come to rest"):
            await self._time.settle()

    async def forward(self, seconds: float) -> None:
        """Let *seconds* pass; each step of it is limited for itself."""
        async with self._limited("did not come to rest") as again:
            await self._time.forward(seconds, passed=again)

    async def until(
        self, condition: Callable[[], object], problem: str, *, within: float = 0.0
    ) -> None:
        """Come back once *condition* holds: by something real, or while *within* seconds pass."""
        until = self._clock.monotonic() + within
        async with self._limited(problem):
            await self._time.settle()
            while not condition():
                if not await self._time.pass_to_next(until):
                    await asyncio.sleep(_MOMENT)
            await self._time.settle()

    async def ended(self, life: asyncio.Task[object]) -> None:
        """Come back once *life* is over, however much time passes; each step is limited."""
        async with self._limited("did not stop") as again:
            while not life.done():
                await asyncio.wait((life,), timeout=min(_GRACE, self._limit / 2))
                if not life.done() and await self._time.pass_to_next(math.inf):
                    again()

    def where(self) -> str:
        """Say where each of its tasks and threads waits."""
        threads = set(threading.enumerate()) - self._threads
        return standing(asyncio.all_tasks() - self._others, threads)

    @asynccontextmanager
    async def _limited(self, problem: str) -> AsyncIterator[Callable[[], None]]:
        """Limit the real time of the block, anew with each call of what it is given."""
        loop, limit = asyncio.get_running_loop(), asyncio.timeout(self._limit)
        try:
            async with limit:
                yield lambda: limit.reschedule(loop.time() + self._limit)
        except TimeoutError:
            if not limit.expired():
                raise
            within = format_duration(self._limit)
            raise TimedOut(
                f"{self._name!r} {problem} within {within} of real time: {self.where()}",
                hint="its clock stands still: does it wait for await t.forward(...)?",
            ) from None
