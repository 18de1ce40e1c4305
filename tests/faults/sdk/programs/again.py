"""Runs itself anew a few times, as soon as it is ready."""

from __future__ import annotations

import os
from pathlib import Path

from svcctl import Context, Service
from tests.faults.sdk.programs.noting import note

TIMES = 4


class Again(Service):
    """Begins, and begins again."""

    async def run(self, ctx: Context) -> None:
        """Ask for another run until there were enough."""
        note("began")
        ctx.ready()
        if Path(os.environ["NOTES"]).read_text().count("began") < TIMES:
            ctx.restart("again")
        await ctx.stopped()


if __name__ == "__main__":
    Again.main()
