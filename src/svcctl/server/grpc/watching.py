"""Tells how services are whenever that has changed, woken by the events of the agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping
from typing import Any, Protocol

from svcctl.app.waiting import Emit, Nobody

_LEAST = 0.25  # seconds between two looks, however much happens


class Ask(Protocol):
    """Has a verb carried out, for one asker and about the same services each time."""

    def __call__(self, name: str, *, args: Mapping[str, object], emit: Emit) -> Awaitable[object]:
        """Give the verb's result."""


class _Bell:
    """Rings at every item; knows the number of the last event."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()
        self.number = 0

    def __call__(self, item: object) -> None:
        number = item.get("number") if isinstance(item, Mapping) else None
        self.number = number if isinstance(number, int) else self.number
        self.rung.set()

    async def room(self) -> None:
        """Always."""


async def watch_status(ask: Ask, *, hear: Ask | None = None) -> AsyncGenerator[object]:
    """Give the status at once, then anew after each event that has changed it, for ever.

    No change is missed: events are followed from before the first look on; those of other services
    too where *hear* asks for them.  Raises what the agent answers with.
    """
    bell, hear = _Bell(), hear or ask
    await hear("events", args={"lines": 1}, emit=bell)
    last = await ask("status", args={}, emit=Nobody())
    yield last
    bell.rung.clear()
    following: asyncio.Future[Any] = asyncio.ensure_future(
        hear("events", args={"follow": True, "after": bell.number}, emit=bell)
    )
    try:
        while True:
            await _first(bell.rung, following)
            bell.rung.clear()
            status = await ask("status", args={}, emit=Nobody())
            if status != last:
                yield status
                last = status
            await asyncio.sleep(_LEAST)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _first(rung: asyncio.Event, following: asyncio.Future[Any]) -> None:
    """Wait until the bell is rung; raises what ended the following."""
    ringing = asyncio.ensure_future(rung.wait())
    try:
        await asyncio.wait({ringing, following}, return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            await following
    finally:
        ringing.cancel()
