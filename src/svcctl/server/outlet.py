"""What a reader of a stream has not taken yet, and where it can go on: the same for every way in.

A reader that is too slow loses items and is told how many: nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from svcctl.errors import UsageError

_BEHIND = 4096
"""Items that a reader may be behind before it loses some."""
_CHUNK = 256  # items in one write
_REPEATED = 1.0  # seconds; more than a batch of lines takes


class Outlet:
    """Takes the items of a verb for one reader; see :class:`svcctl.app.waiting.Emit`."""

    def __init__(self) -> None:
        self._items: deque[object] = deque()
        self._changed, self._emptied = asyncio.Event(), asyncio.Event()
        self._emptied.set()
        self.dropped = 0

    def __call__(self, item: object) -> None:
        """Keep *item* for the reader, or drop it if it is far behind."""
        if len(self._items) >= _BEHIND:
            self.dropped += 1
            return
        self._items.append(item)
        self._emptied.clear()
        self._changed.set()

    async def room(self) -> None:
        """Wait until the reader has taken all there is."""
        await self._emptied.wait()

    async def take(self) -> list[object]:
        """Wait for items; give as many as fit in one write."""
        await self._changed.wait()
        taken = [self._items.popleft() for _ in range(min(_CHUNK, len(self._items)))]
        if not self._items:
            self._changed.clear()
            self._emptied.set()
        return taken

    def take_dropped(self) -> int:
        """Give how many were dropped since this was asked last."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    @property
    def is_empty(self) -> bool:
        """All has been taken."""
        return not self._items


def place_of(item: object) -> str:
    """Give what a reader can go on after *item* with: its place, number or time; empty: nothing."""
    if not isinstance(item, Mapping):
        return ""
    match item:
        case {"place": str(place)}:
            return place
        case {"number": int(number)}:
            return str(number)
        case {"at": float(at)}:
            return f"@{at:.3f}"
        case _:
            return ""


def resumed(verb: str, last_id: str) -> dict[str, object]:
    """Give the arguments to go on after *last_id* with.

    Events go on with the very next one, and so do logs whose lines tell their places.  Of others,
    where a line's time is that of a batch, the last second is repeated and nothing is left out.
    Raises UsageError for what is no place in that stream.
    """
    if not last_id:
        return {}
    if verb == "events" and last_id.isdecimal():
        return {"after": int(last_id)}
    if verb == "logs" and "=" in last_id:
        return {"after": last_id, "places": True}
    if verb == "logs" and last_id.startswith("@"):
        with suppress(ValueError, OverflowError, OSError):
            at = datetime.fromtimestamp(float(last_id[1:]) - _REPEATED, UTC)
            return {"since": at.isoformat()}
    raise UsageError(
        f"{last_id!r} is no place in the {verb}", hint="send back the id of an event of this stream"
    )


async def portions(
    produce: Callable[[Outlet], Awaitable[object]],
) -> AsyncGenerator[tuple[list[object], int]]:
    """Give what *produce* hands over, as many items at a time as fit in one write, to its end.

    With each portion goes how many items were left out so far and not told yet.  Raises what
    *produce* raises, once all was given; who stops reading ends it.
    """
    outlet = Outlet()
    work: asyncio.Future[Any] = asyncio.ensure_future(produce(outlet))
    taking: asyncio.Future[Any] | None = None
    try:
        while not (work.done() and outlet.is_empty):
            taking = taking or asyncio.ensure_future(outlet.take())
            await asyncio.wait({work, taking}, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                items, taking = taking.result(), None
                yield items, outlet.take_dropped()
        await work
    finally:
        left: set[asyncio.Future[Any]] = {work} if taking is None else {work, taking}
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)
