"""Saves where it is, over and over, and notes what came of it; crashes when it is told to."""

from __future__ import annotations

import os

from svcctl import Context, Service
from svcctl.errors import StateFault
from tests.faults.sdk.programs.noting import note

FILLER = "x" * 5000


class Keeping(Service):
    """Counts, and saves each number before it goes on to the next."""

    async def run(self, ctx: Context) -> None:
        """Go on from where the last run was."""
        found = await ctx.state.get("checkpoint", {"number": 0, "filler": FILLER})
        assert isinstance(found, dict)
        assert found["filler"] == FILLER
        number = int(str(found["number"]))
        note(f"found {number}")
        async for _ in ctx.ticks("5ms"):
            if os.path.exists("crash"):
                raise ValueError("as told")
            try:
                await ctx.state.set("checkpoint", {"number": number + 1, "filler": FILLER})
            except StateFault:
                note(f"fault {number + 1}")
            else:
                number += 1
                note(f"saved {number}")


if __name__ == "__main__":
    Keeping.main()
