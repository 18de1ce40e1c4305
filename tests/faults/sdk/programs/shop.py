"""Sells, and kills itself at a point of chance, again and again, until it was killed often enough.

``shop.py SEED KILLS``: with each start there are three new orders.  Every third order fails at its
last step, and is taken back.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from svcctl import Context, Service, resumes
from svcctl.errors import SagaUndone
from svcctl.sdk.durable.job import Job
from svcctl.sdk.durable.values import Json
from tests.faults.sdk.programs.noting import note
from tests.flows.sdk.durable_trial import Killer, stepwise

SEED, KILLS = map(int, sys.argv[1:])
del sys.argv[1:]

EACH_TIME = 3
STEPS = ("reserve", "charge", "pack", "ship")


def starts() -> int:
    """Note another start, and give how many there were."""
    note("begun")
    return Path(os.environ["NOTES"]).read_text().splitlines().count("begun")


def killer(kills: int) -> Killer:
    """Give what ends this process: at an await of its own, or at any time."""
    chance = random.Random(f"{SEED} {kills}")
    if kills >= KILLS:
        return Killer(0)
    if chance.random() < 0.5:
        kill = threading.Timer(chance.random() * 0.1, os.kill, (os.getpid(), signal.SIGKILL))
        kill.daemon = True
        kill.start()
        return Killer(0)
    return Killer(chance.randrange(1, 90))


class Shop(Service):
    """Takes orders from a queue, fulfils each in a saga, and adds up what was sold."""

    async def run(self, ctx: Context) -> None:
        """Sell until all is sold."""
        begun = starts()
        self.killer, self.orders = killer(begun - 1), begun * EACH_TIME
        await stepwise(self.fill(ctx), self.killer)
        ctx.consume(ctx.queue("orders"), partial(self.sell_one, ctx))
        ctx.ready()
        while len(await self.seen(ctx)) < self.orders:
            await asyncio.sleep(0.01)
        if begun <= KILLS:
            os.kill(os.getpid(), signal.SIGKILL)
        note("all sold")
        await ctx.stopped()

    async def fill(self, ctx: Context) -> None:
        """Put all orders there are; whoever put them before."""
        queue = ctx.queue("orders", attempts=10_000, wait="1ms", wait_max="20ms")
        for number in range(1, self.orders + 1):
            await queue.put(number, key=f"order {number}")

    async def seen(self, ctx: Context) -> list[Json]:
        """Give the orders that are over, as the state has them."""
        found = await ctx.state.get("seen", [])
        assert isinstance(found, list)
        return found

    async def sell_one(self, ctx: Context, job: Job) -> None:
        """Do one order, and hand it over to the state."""
        await stepwise(self.handed_over(ctx, job), self.killer)

    async def handed_over(self, ctx: Context, job: Job) -> None:
        """Do one order, or take it back; count it once either way."""
        number = job.item
        assert isinstance(number, int)
        try:
            await self.fulfilled(str(number), number, ctx)
        except (ValueError, SagaUndone):
            note(f"refused {number}")
        total, seen = await ctx.state.get("total", 0), await self.seen(ctx)
        assert isinstance(total, int)
        await job.done(state={"total": total + number, "seen": [*seen, number]})
        note(f"handed {number}")

    @resumes("order")
    async def resumed(self, run: str, value: int, ctx: Context) -> None:
        """Go on with what a kill left."""
        note(f"resumed {run}")
        await stepwise(self.fulfilled(run, value, ctx), self.killer)

    async def fulfilled(self, run: str, value: int, ctx: Context) -> None:
        """Do all steps of an order: the same words for the first time and for any other."""
        async with ctx.saga("order", run, value=value) as saga:
            for step in STEPS:
                await saga.step(
                    partial(self.do, run, step), undo=partial(self.undo, run, step), name=step
                )
                note(f"returned {run} {step}")

    async def do(self, run: str, step: str, key: str) -> str:
        """Do a step outside."""
        note(f"do {run} {step} {key}")
        await asyncio.sleep(0)
        if step == STEPS[-1] and int(run) % 3 == 0:
            raise ValueError(f"order {run} cannot be shipped")
        return f"{step} done"

    async def undo(self, run: str, step: str, key: str, result: str) -> None:
        """Take a step back outside."""
        assert result == f"{step} done"
        note(f"undo {run} {step} {key}")
        await asyncio.sleep(0)


if __name__ == "__main__":
    Shop.main()
