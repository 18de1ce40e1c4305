"""Something in it never ends, in the way that the argument says."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from svcctl import Context, Service, ThreadContext, every
from tests.faults.sdk.programs.noting import note

HOW = sys.argv.pop()


class Waiting(Service):
    """Does nothing until it stops; what hangs is its subclass."""

    name = "hanging"
    drain_timeout = "300ms"
    hook_timeout = "300ms"

    async def run(self, ctx: Context) -> None:
        """Begin what hangs, and wait."""
        ctx.on_stop(lambda: note("closed"))
        await self.begin(ctx)
        await ctx.stopped()

    async def begin(self, ctx: Context) -> None:
        """Begin nothing."""


def forever() -> None:
    note("hangs")
    time.sleep(1000)


async def ignoring() -> None:
    note("hangs")
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


class PlainRun(Waiting):
    """Its run is a thread that never ends."""

    def run(self, ctx: ThreadContext) -> None:  # type: ignore[override]
        """Hang."""
        ctx.on_stop(lambda: note("closed"))
        ctx.ready()
        forever()


class IgnoringRun(Waiting):
    """Its run ignores that it is cancelled."""

    async def begin(self, ctx: Context) -> None:
        """Hang."""
        ctx.ready()
        await ignoring()


class PlainJob(Waiting):
    """A job hangs in its thread."""

    @every("10ms")
    def work(self) -> None:
        """Hang."""
        forever()


class IgnoringJob(Waiting):
    """A job ignores that it is cancelled."""

    @every("10ms")
    async def work(self) -> None:
        """Hang."""
        await ignoring()


class Hook(Waiting):
    """A hook hangs in its thread."""

    def on_stop(self, reason: str) -> None:
        """Hang."""
        del reason
        forever()


class Daemon(Waiting):
    """A thread of its own, which nobody has to wait for."""

    async def begin(self, ctx: Context) -> None:
        """Start it."""
        del ctx
        threading.Thread(target=forever, name="of its own", daemon=True).start()


class NoDaemon(Waiting):
    """A thread of its own, which Python would wait for."""

    async def begin(self, ctx: Context) -> None:
        """Start it."""
        del ctx
        threading.Thread(target=forever, name="of its own").start()


class Executor(Waiting):
    """A thread of asyncio's."""

    async def begin(self, ctx: Context) -> None:
        """Start it, and do not wait for it."""
        ctx.spawn(lambda: asyncio.to_thread(forever), name="in a thread")


class Child(Waiting):
    """A child ignores that it is cancelled."""

    async def begin(self, ctx: Context) -> None:
        """Start it."""
        ctx.spawn(ignoring, name="deaf")


class Task(Waiting):
    """A task that nobody knows of ignores that it is cancelled."""

    async def begin(self, ctx: Context) -> None:
        """Start it."""
        del ctx
        self.task = asyncio.create_task(ignoring(), name="unknown")


KINDS: dict[str, Callable[[], Waiting]] = {
    each.__name__: each
    for each in (
        PlainRun,
        IgnoringRun,
        PlainJob,
        IgnoringJob,
        Hook,
        Daemon,
        NoDaemon,
        Executor,
        Child,
        Task,
    )
}


if __name__ == "__main__":
    type(KINDS[HOW]()).main()
