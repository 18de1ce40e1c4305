"""Notes what it opens and closes, slowly enough for a signal to come anywhere."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from svcctl import Context, Service
from tests.faults.sdk.programs.noting import note

SEED, LENGTH = int(sys.argv[1]), float(sys.argv[2])
HANGS = "hangs" in sys.argv
del sys.argv[1:]
CHANCE = random.Random(SEED)


async def some_time() -> None:
    await asyncio.sleep(CHANCE.random() * LENGTH)


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[None]:
    """Note when it is opened and closed."""
    note(f"open {name}")
    try:
        yield
    finally:
        await some_time()
        note(f"close {name}")


class Signalled(Service):
    """Opens things one by one, is ready, works, stops."""

    drain_timeout = "20s"

    async def run(self, ctx: Context) -> None:
        """Work until it stops."""
        for name in ("a", "b", "c"):
            await ctx.use(opened(name), name=name)
            await some_time()
        note("ready")
        async for _ in ctx.ticks("5ms"):
            async with ctx.work("piece"):
                await some_time()
                if HANGS:
                    note("hangs")
                    await asyncio.Event().wait()

    async def on_stop(self, reason: str) -> None:
        """Take some time, too."""
        await some_time()
        note(f"goodbye {reason}")


if __name__ == "__main__":
    Signalled.main()
