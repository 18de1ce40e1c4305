"""A daemon for any program: the configuration says which, and may change while it runs.

Try it::

    python keeper.py run --set program="ping 127.0.0.1" --set restart=always
"""

import asyncio
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from svcctl import Command, Context, Duration, Service


class Keeper(Service):
    """Runs the program that its configuration names, and runs it again."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What may be set in keeper.toml, which is read again whenever it changes.

        *delay*: before the program is run again; *grace*: to end by itself before it is killed.
        """

        program: Command = (sys.executable, "-m", "http.server", "8002", "--bind", "127.0.0.1")
        restart: Literal["always", "on-failure", "never"] = "on-failure"
        delay: Duration = 1.0
        grace: Duration = 5.0

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    async def run(self, ctx: Context) -> None:
        """Run one process after the other, until told to stop or the policy says so."""
        ctx.ready()
        while True:
            self._changed.clear()
            status = await self._live(ctx)
            if ctx.stopping:
                return
            if self._changed.is_set():
                continue
            ctx.log.warning("program.ended", status=status)
            if not is_run_again(ctx.config.restart, status):
                sys.exit(1 if status else 0)
            if not await ctx.until(ctx.sleep(ctx.config.delay), self._changed.wait()):
                return

    async def on_reload(self, old: Config, new: Config) -> None:
        """Run another program at once; the rest counts from the next end on."""
        if old.program != new.program:
            self._changed.set()

    async def _live(self, ctx: Context) -> int:
        """Run the program until it ends, or must; give its exit status."""
        config = ctx.config
        try:
            process = await asyncio.create_subprocess_exec(*config.program)
        except OSError as error:
            ctx.log.error("program.not-started", program=config.program, problem=str(error))
            return 127
        ctx.log.info("program.started", program=config.program, pid=process.pid)
        try:
            await ctx.until(process.wait(), self._changed.wait())
        finally:
            status = await ended(process, config.grace)
        return status


def is_run_again(policy: str, status: int) -> bool:
    """Say what follows from an exit *status*."""
    return policy == "always" or (policy == "on-failure" and status != 0)


async def ended(process: Process, grace: float) -> int:
    """Have *process* end, within *grace* seconds, and give its exit status."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(grace):
                await process.wait()
        except TimeoutError:
            process.kill()
    return await process.wait()


if __name__ == "__main__":
    Keeper.main()
