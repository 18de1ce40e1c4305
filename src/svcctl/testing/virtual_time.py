"""Lets time pass for what waits on a fake clock in an event loop, and nothing run ahead of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from svcctl.sdk.waiting import Threads
from svcctl.testing.fakes import FakeClock

_TURNS = 100  # of a loop that does not tell whether it has anything left to do
_MOST_TURNS = 1_000  # of one that does; a sleep of 10 ms is none on Windows, whose clock is coarse
_LOOKS = 10  # in which patience ends: a machine that stands still for a moment uses up one of them
_SLACK = 1e-6  # seconds by which a call that is due at the end of a length may miss it: floats


class VirtualTime:
    """The time of one service: it passes in :meth:`forward` alone.

    Between two calls of the clock all that follows from the first happens: in the loop, and in the
    threads that are counted in *threads*.  One that shows nothing for *patience* real seconds waits
    for something outside: it is not waited for again until it does.  Nor is a task that never
    rests.
    """

    def __init__(self, clock: FakeClock, threads: Threads, *, patience: float) -> None:
        self._clock, self._threads, self._patience = clock, threads, patience
        self._outside = 0

    async def settle(self) -> None:
        """Let everything happen that needs no time."""
        while True:
            await _loop_at_rest()
            if await self._threads_at_rest():
                return

    async def forward(self, seconds: float, *, passed: Callable[[], None]) -> None:
        """Let *seconds* pass: whoever sleeps wakes in turn, and goes to sleep again before others.

        *passed* is called whenever some time has.  Cancelled, it leaves the clock where it stands.
        """
        clock, until = self._clock, self._clock.monotonic() + seconds
        await self.settle()
        before = clock.monotonic()
        while await self.pass_to_next(until):
            if clock.monotonic() > before:
                before = clock.monotonic()
                passed()
        clock.forward(until - clock.monotonic())
        await self.settle()

    async def pass_to_next(self, until: float) -> bool:
        """Let time pass to the next call by *until* (monotonic), and say whether there was one."""
        rang = self._clock.ring_next(until + _SLACK)
        await self.settle()
        return rang

    async def _threads_at_rest(self) -> bool:
        """Say whether none is at work; where one was, come back once there is news of it."""
        threads = self._threads
        self._outside = min(self._outside, threads.busy)
        if threads.busy <= self._outside:
            return True
        threads.changed.clear()
        for _ in range(_LOOKS):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience / _LOOKS):
                    await threads.changed.wait()
                    return False
        self._outside = threads.busy
        return False


async def _loop_at_rest() -> None:
    """Come back once the running loop has nothing left to do but to wait, or never rests.

    No loop says so in public; asyncio's own has had this list of calls since Python 3.4.
    """
    calls = getattr(asyncio.get_running_loop(), "_ready", None)
    for _ in range(_TURNS if calls is None else _MOST_TURNS):
        await asyncio.sleep(0)
        if calls is not None and not calls:
            return
