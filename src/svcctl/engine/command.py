"""Runs the commands of a service: hooks, checks, and those that make it stop or reload."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from svcctl.engine.judge import describe_code
from svcctl.errors import CannotSpawn, quoted
from svcctl.ports import Child, Clock, Exit, Launch, Spawner

Outputs = Callable[[], AbstractContextManager[tuple[int | None, int | None]]]
"""Give descriptors for stdout and stderr, for as long as the block lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Starts commands; *outputs* says where what they write goes."""

    spawner: Spawner
    clock: Clock
    outputs: Outputs

    async def run(self, launch: Launch, *, limit: float) -> Exit | None:
        """Give how the command ended, None where it took more than *limit* seconds.

        Its whole tree is gone when this comes back, or is cancelled.  Raises CannotSpawn.
        """
        with self.outputs() as (stdout, stderr):
            child = self.spawner.spawn(replace(launch, stdout=stdout, stderr=stderr))
        ended: asyncio.Future[Exit | None] = asyncio.get_running_loop().create_future()

        def settle(end: Exit | None) -> None:
            if not ended.done():
                ended.set_result(end)

        child.on_exit(settle)
        timer = self.clock.later(limit, lambda: settle(None))
        try:
            return await ended
        finally:
            timer.cancel()
            await _swept(child)

    async def run_all(self, launches: Iterable[Launch], *, name: str, limit: float) -> str:
        """Run one after the other; give what went wrong with the first that failed, or ""."""
        commands = tuple(launches)
        for number, launch in enumerate(commands, start=1):
            which = f"{number} " if len(commands) > 1 else ""
            what = f"{name} command {which}{quoted(launch.argv[0])}"
            try:
                end = await self.run(launch, limit=limit)
            except CannotSpawn as error:
                return f"{what}: {error.problem}"
            if end is None:
                return f"{what} took longer than {limit:g}s and was killed"
            if end.code != 0:
                return f"{what} ended with {describe(end)}"
        return ""


async def _swept(child: Child) -> None:
    """Kill what is left of a command; comes back at once where nothing is."""
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    child.sweep(lambda _: None if gone.done() else gone.set_result(None))
    try:
        await gone
    finally:
        child.close()


def describe(end: Exit) -> str:
    """Say how a process ended, for people."""
    if end.signal is not None:
        return f"signal {end.signal}"
    return "an unknown exit status" if end.code is None else describe_code(end.code)
