"""A service that can be paused: it takes letters all the same, and delivers them later.

Try it::

    python mailer.py run
    echo "Dear Ann" | nc 127.0.0.1 8005
    python mailer.py pause    # or in the services of Windows
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from svcctl import Context, Service
from svcctl.sdk.durable.job import Job


class Mailer(Service):
    """Takes letters, and writes them to a file that nobody touches while it is paused."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Where letters come in, and where they go."""

        port: int = 8005
        outbox: str = "outbox.txt"

    async def run(self, ctx: Context) -> None:
        """Take letters until told to stop; deliver them, one after the other, unless paused."""
        self.letters = ctx.queue("letters")
        self.outbox = opened(ctx)
        ctx.on_stop(self.close)
        await ctx.use(await asyncio.start_server(self.take_in, "127.0.0.1", ctx.config.port))
        ctx.consume(self.letters, self.deliver)
        await ctx.stopped()

    async def take_in(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Take one letter, and say so once it cannot be lost any more."""
        letter = (await reader.readline()).decode(errors="replace").strip()
        if letter:
            await self.letters.put(letter)
            writer.write(b"taken\n")
        writer.close()

    async def deliver(self, letter: Job) -> None:
        """Write a letter down; its number tells who meets it twice, after a crash."""
        self.outbox.write(f"{letter.number} {letter.item}\n")
        self.outbox.flush()

    async def on_pause(self, ctx: Context) -> None:
        """Let go of the outbox: now it may be moved, read, or sent."""
        self.close()
        ctx.log.info("mailer.paused", waiting=await self.letters.size())

    async def on_resume(self, ctx: Context) -> None:
        """Go on with what has come meanwhile."""
        self.outbox = opened(ctx)
        ctx.log.info("mailer.resumed", waiting=await self.letters.size())

    def close(self) -> None:
        """Let go of the outbox that is open now."""
        self.outbox.close()


def opened(ctx: Context) -> TextIO:
    """Open the outbox, to write to its end."""
    return Path(ctx.config.outbox).open("a", encoding="utf-8")


if __name__ == "__main__":
    Mailer.main()
