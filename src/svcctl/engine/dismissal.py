"""Stops instances because the agent does, so that the next one starts them again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from svcctl.engine.keeper import Keeper
from svcctl.engine.life import QUIET, Phase, Told
from svcctl.events import Event
from svcctl.ports import Bus


def dismiss(keeper: Keeper) -> None:
    """Stop it because the agent does; who is told twice is still started again.

    What is done stays done: others may need it, and it must not be done again.
    """
    if keeper.state.phase is Phase.FINISHED and not keeper.spec.schedule:
        return
    if keeper.state.wanted:
        keeper.entry = replace(keeper.entry, resume=True)
    keeper.tell(Told.STOP, reason="the agent stops")


async def until_quiet(keepers: Iterable[Keeper], *, bus: Bus) -> None:
    """Come back once none of *keepers* has anything to do any more."""
    busy = {keeper.name: keeper for keeper in keepers if keeper.state.phase not in QUIET}
    done = asyncio.Event()

    def look(event: Event) -> None:
        keeper = busy.get(event.instance)
        if keeper and keeper.state.phase in QUIET:
            del busy[event.instance]
            if not busy:
                done.set()

    forget = bus.subscribe(look)
    try:
        if busy:
            await done.wait()
    finally:
        forget()
