"""Fails at the place, and in the way, that the arguments say; goes on where it can."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable

from svcctl import Context, Service, check, every
from tests.faults.sdk.programs.managed import managed
from tests.faults.sdk.programs.noting import note

PLACE, HOW = sys.argv[1:]
del sys.argv[1:]


async def give_up() -> None:
    """Wait for something that has been cancelled."""
    part = asyncio.create_task(asyncio.sleep(1000))
    part.cancel()
    await part


async def fail(place: str) -> None:
    """Fail, if it is the turn of *place*."""
    if place != PLACE:
        return
    note("fails")
    match HOW:
        case "raises":
            raise ValueError(f"of {place}")
        case "exits":
            sys.exit(7)
        case "gives-up":
            await give_up()


class Trap:
    """Fails as it is let go of."""

    def __del__(self) -> None:
        note("fails")
        raise ValueError("of finalizer")


def fail_in_thread() -> None:
    note("fails")
    raise ValueError("of thread")


async def fail_in_task() -> None:
    note("fails")
    raise ValueError("of task")


def trap() -> None:
    Trap()
    gc.collect()


STRAY: dict[str, Callable[[], object]] = {
    "thread": lambda: threading.Thread(target=fail_in_thread, name="stray").start(),
    "task": lambda: asyncio.create_task(fail_in_task(), name="stray"),
    "callback": lambda: asyncio.get_running_loop().call_soon(fail_in_thread),
    "finalizer": trap,
}


class Failing(Service):
    """Fails."""

    hook_timeout = "10s"
    check_period = "50ms"

    async def run(self, ctx: Context) -> None:
        """Live on, until it stops."""
        ctx.on_stop(lambda: note("closed"))
        ctx.ready()
        await fail("run")
        if PLACE.startswith("child"):
            ctx.spawn(
                lambda: fail(PLACE),
                name="of two",
                restart="on-failure" if PLACE == "child-again" else "never",
            )
        stray = STRAY.get(PLACE)
        async for _ in ctx.ticks("50ms"):
            note("tick")
            if stray is not None:
                stray()
                stray = None
                gc.collect()

    async def on_reload(self, old: object, new: object) -> None:
        """Fail on demand."""
        del old, new
        await fail("on_reload")

    async def on_pause(self) -> None:
        """Fail on demand."""
        await fail("on_pause")

    async def on_resume(self) -> None:
        """Fail on demand."""
        await fail("on_resume")

    async def on_stop(self, reason: str) -> None:
        """Fail on demand."""
        del reason
        await fail("on_stop")

    async def on_control(self, code: int) -> None:
        """Fail on demand."""
        note(f"control {code}")
        await fail("on_control")

    @check("ready")
    async def well(self) -> bool:
        """Fail on demand, as often as it is asked."""
        await fail("check")
        return True

    @every("50ms")
    async def work(self) -> None:
        """Fail on demand, as a matter of course."""
        await fail("job")

    @every("50ms", on_error="crash")
    async def vital(self) -> None:
        """Fail on demand, of which the service dies."""
        await fail("vital-job")


if __name__ == "__main__":
    sys.exit(managed(Failing().blueprint()))
