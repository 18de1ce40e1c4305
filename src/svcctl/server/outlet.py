"""What a reader of a stream has not taken yet, and where it can go on: the same for every way in.

A reader that is too slow loses items and is told how many: nobody waits for it.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from svcctl.errors import UsageError

_BEHIND = 4096
"""Items that a reader may be behind before it loses some."""
_CHUNK = 256  # items in one write
_REPEATED = 1.0  # seconds; more than a batch of lines takes
_NUMBER = re.compile("[0-9]{1,18}")


@dataclass(slots=True)
class _Gap:
    """Stands where items were left out."""

    missed: int = 0


class Outlet:
    """Takes the items of a verb for one reader; see :class:`svcctl.app.waiting.Emit`."""

    def __init__(self) -> None:
        self._items: deque[object] = deque()
        self._changed, self._emptied = asyncio.Event(), asyncio.Event()
        self._emptied.set()
        self._has_begun = False

    def __call__(self, item: object) -> None:
        """Keep *item* for the reader, or drop it if it is far behind."""
        self._has_begun = True
        if len(self._items) < _BEHIND:
            self._items.append(item)
            self._emptied.clear()
            self._changed.set()
            return
        if not isinstance(self._items[-1], _Gap):
            self._items.append(_Gap())
        cast("_Gap", self._items[-1]).missed += 1

    async def room(self) -> None:
        """Wait until the reader has taken all there is; it is woken where there was nothing yet."""
        if not self._has_begun:
            self._has_begun = True
            self._changed.set()
        await self._emptied.wait()

    async def take(self) -> tuple[list[object], int]:
        """Wait for items; give as many as fit in one write, and how many are missing before them.

        There may be no items where the last ones are missing, or where it has merely begun.
        """
        await self._changed.wait()
        taken: list[object] = []
        missed = 0
        if self._items and isinstance(self._items[0], _Gap):
            missed = cast("_Gap", self._items.popleft()).missed
        while self._items and len(taken) < _CHUNK and not isinstance(self._items[0], _Gap):
            taken.append(self._items.popleft())
        if not self._items:
            self._changed.clear()
            self._emptied.set()
        return taken, missed

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
    if verb == "events" and _NUMBER.fullmatch(last_id):
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
    *,
    beat: float | None = None,
    patience: float | None = None,
) -> AsyncGenerator[tuple[list[object], int]]:
    """Give what *produce* hands over, as many items at a time as fit in one write, to its end.

    With each portion goes how many items were left out just before it.  One without anything comes
    where it has begun and nothing is there yet, and after each *beat* seconds of silence, of which
    the first may be of *patience* seconds.  Raises what *produce* raises, once all
    was given; who stops reading ends it.
    """
    outlet = Outlet()
    work: asyncio.Future[Any] = asyncio.ensure_future(produce(outlet))
    taking: asyncio.Future[tuple[list[object], int]] | None = None
    try:
        silence = beat if patience is None else patience
        while not (work.done() and outlet.is_empty):
            taking = taking or asyncio.ensure_future(outlet.take())
            await asyncio.wait({work, taking}, timeout=silence, return_when=asyncio.FIRST_COMPLETED)
            silence = beat
            if taking.done():
                portion, taking = taking.result(), None
                yield portion
            elif not work.done():
                yield [], 0
        await work
    finally:
        left: set[asyncio.Future[Any]] = {work} if taking is None else {work, taking}
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)
