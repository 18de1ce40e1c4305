"""A service under test: it lives on a clock that stands still, and its manager remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

from svcctl.ports import HostPhase
from svcctl.sdk.assembly import World, assembled
from svcctl.sdk.choices import Choices
from svcctl.sdk.instance import Instance
from svcctl.sdk.life import End, Life
from svcctl.sdk.service import Service
from svcctl.testing.fakes import FakeClock

TURNS = 50


@dataclass
class Told:
    """A report that keeps what it is told."""

    words: list[tuple[HostPhase, str]] = field(default_factory=list)
    reloads: list[bool] = field(default_factory=list)

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        del within
        self.words.append((phase, text))

    def reloading(self, *, over: bool) -> None:
        self.reloads.append(over)

    @property
    def phases(self) -> list[str]:
        """The phases, one after another."""
        found: list[str] = []
        for phase, _ in self.words:
            if not found or found[-1] != phase:
                found.append(str(phase))
        return found


@dataclass
class Records:
    """A sink that keeps what is logged."""

    lines: list[bytes] = field(default_factory=list)

    def write(self, record: bytes, level: int) -> None:
        del level
        self.lines.append(record)

    def flush(self) -> None: ...
    def close(self) -> None: ...


@dataclass
class Living:
    """One life."""

    life: Life
    clock: FakeClock
    told: Told
    task: asyncio.Task[End]
    records: Records

    async def turn(self, seconds: float = 0.0) -> None:
        """Let all happen that can, then time pass, and all that follows from it happen."""
        for length in (0.0, seconds):
            self.clock.forward(length)
            for _ in range(TURNS):
                await asyncio.sleep(0)

    async def until(self, check: Callable[[], bool]) -> None:
        """Let threads come so far."""
        async with asyncio.timeout(10):
            while not check():
                await asyncio.sleep(0.001)

    async def end(self) -> End:
        """Wait for its end, in real time."""
        return await asyncio.wait_for(asyncio.shield(self.task), 10)

    async def stop(self) -> End:
        """Stop it, and give how it ended."""
        self.life.stop(shutdown=False)
        return await self.end()


def live(
    service: Service, story: Callable[[Living], Awaitable[None]], *, choices: Choices | None = None
) -> Living:
    """Tell a *story* of a service that has begun to live; give it when its life is over."""

    async def told(folder: str) -> Living:
        clock, report, records = FakeClock(), Told(), Records()
        world = World(
            clock=clock,
            report=report,
            sink=records,
            instance=Instance(service="it", name="it"),
            folder=folder,
            choices=choices or Choices(),
        )
        made = assembled(service.blueprint(), world)
        life = made.life
        task = asyncio.create_task(life.keep())
        living = Living(life, clock, report, task, records)
        await living.turn()
        try:
            await story(living)
        finally:
            life.hurry()
            while not task.done():
                await living.turn(1.0)
                await asyncio.sleep(0.001)
            await made.equipment.close()
        return living

    with TemporaryDirectory() as folder:
        return asyncio.run(told(folder))
