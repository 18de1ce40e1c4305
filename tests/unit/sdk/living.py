"""A life under test, with its inner parts at hand: what authors get is svcctl.testing.service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from svcctl.sdk.life import End, Life
from svcctl.sdk.service import Service
from svcctl.sdk.waiting import THREADS, Threads
from svcctl.testing.fakes import FakeClock
from svcctl.testing.recorder import RecordingReport, RecordingSink
from svcctl.testing.staging import staged
from svcctl.testing.virtual_time import VirtualTime


@dataclass
class Living:
    """One life."""

    life: Life
    clock: FakeClock
    told: RecordingReport
    task: asyncio.Task[End]
    records: RecordingSink
    time: VirtualTime

    async def turn(self, seconds: float = 0.0) -> None:
        """Let all happen that can, then time pass, and all that follows from it happen."""
        await self.time.forward(seconds, passed=lambda: None)

    async def until(self, check: Callable[[], bool]) -> None:
        """Let threads come so far."""
        async with asyncio.timeout(60):
            while not check():
                await asyncio.sleep(0.001)

    async def end(self) -> End:
        """Wait for its end, in real time."""
        return await asyncio.wait_for(asyncio.shield(self.task), 60)

    async def stop(self) -> End:
        """Stop it, and give how it ended."""
        self.life.stop(shutdown=False)
        return await self.end()


def live(
    service: Service, story: Callable[[Living], Awaitable[None]], *, config: str = ""
) -> Living:
    """Tell a *story* of a service that has begun to live; give it when its life is over."""

    async def told(folder: str) -> Living:
        clock, sink, threads = FakeClock(), RecordingSink(), Threads()
        report = RecordingReport(lambda: made.life.phase)
        made = staged(
            service.blueprint(),
            clock=clock,
            report=report,
            sink=sink,
            folder=folder,
            config=config or f"-{folder}/none.toml",
            environ={},
        )
        THREADS.set(threads)
        task = asyncio.create_task(made.life.keep())
        time = VirtualTime(clock, threads, patience=1.0)
        living = Living(made.life, clock, report, task, sink, time)
        await living.turn()
        try:
            await story(living)
        finally:
            made.life.hurry()
            while not task.done():
                await living.turn(1.0)
                await asyncio.sleep(0.001)
            await made.equipment.close()
        return living

    with TemporaryDirectory() as folder:
        return asyncio.run(told(folder))
