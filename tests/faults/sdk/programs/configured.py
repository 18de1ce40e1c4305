"""Takes over every configuration that it is given, and notes which."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from svcctl import Context, Service, every
from tests.faults.sdk.programs.noting import note

UNWANTED = int(os.environ.get("UNWANTED", "-1"))
"""The number of a configuration that is valid, and that the service cannot take all the same."""


@dataclass
class Numbered:
    """Both fields say the same: one that is torn shows."""

    number: int
    words: str


def checked(config: Numbered) -> int:
    """Give the number of a configuration that is whole."""
    if config.words != str(config.number) * 100:
        note(f"torn {config}")
    return config.number


class Configured(Service):
    """Notes what it is given."""

    Config = Numbered
    config_files = ("app.toml",)
    config_follow = "50ms"
    inside = 0

    async def run(self, ctx: Context) -> None:
        """Note what there is at first, and wait."""
        note(f"took {checked(ctx.config)}")
        await ctx.stopped()

    async def on_reload(self, old: Numbered, new: Numbered, ctx: Context) -> None:
        """Note it; not at once, and never twice at once."""
        self.inside += 1
        if self.inside > 1:
            note("twice")
        checked(old)
        await asyncio.sleep(0)
        note(f"took {checked(new)}")
        if ctx.config is not new:
            note("not in force")
        self.inside -= 1
        if new.number == UNWANTED:
            raise ValueError("not this one")

    @every("20ms")
    def look(self, ctx: Context) -> None:
        """See that what is in force is whole, in another thread."""
        checked(ctx.config)


if __name__ == "__main__":
    Configured.main()
