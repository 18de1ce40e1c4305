"""Opens three things, of which the second cannot be closed in the way that the argument says."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from svcctl import App, Context
from tests.faults.sdk.programs.noting import note

HOW = sys.argv.pop()

app = App("closers")


async def hangs() -> None:
    await asyncio.Event().wait()


async def ignores() -> None:
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


async def gives_up() -> None:
    """Fails as one does that has cancelled a part of itself, and waits for it."""
    part = asyncio.create_task(asyncio.sleep(1000))
    part.cancel()
    await part


def hangs_in_a_thread() -> None:
    time.sleep(1000)


def raises() -> None:
    raise ValueError("it will not close")


def exits() -> None:
    sys.exit(5)


async def interrupts() -> None:
    raise KeyboardInterrupt


CLOSERS: dict[str, Callable[[], object]] = {
    "hangs": hangs,
    "ignores": ignores,
    "gives-up": gives_up,
    "hangs-in-a-thread": hangs_in_a_thread,
    "raises": raises,
    "exits": exits,
    "interrupts": interrupts,
}


@app.run
async def run(ctx: Context) -> None:
    """Opens them, and waits."""
    ctx.on_stop(lambda: note("closed first"), name="first")
    ctx.on_stop(CLOSERS[HOW], timeout="300ms", name="the bad one")
    ctx.on_stop(lambda: note("closed last"), name="last")
    await ctx.stopped()


if __name__ == "__main__":
    app.main()
