"""Items as server-sent events, to be taken up again where they broke off; see the HTML standard.

A reader that is too slow loses items and is told how many: nobody waits for it.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from svcctl.errors import SvcctlError, UsageError
from svcctl.server.http.problem import problem_of

_BEHIND = 4096
"""Items that a reader may be behind before it loses some."""
_CHUNK = 256  # items in one write
_REPEATED = 1.0  # seconds; more than a batch of lines takes
BEAT = 15.0
"""Seconds of silence after which a comment shows that the connection lives."""

Produce = Callable[["Outlet"], Awaitable[object]]
"""Carries out a verb that gives its items to an outlet."""


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
    """Give what a reader can go on after *item* with: its number, or its time; empty: nothing."""
    if not isinstance(item, Mapping):
        return ""
    match item:
        case {"number": int(number)}:
            return str(number)
        case {"at": float(at)}:
            return f"@{at:.3f}"
        case _:
            return ""


def resumed(verb: str, last_id: str) -> dict[str, object]:
    """Give the arguments to go on after *last_id* with.

    Events go on with the very next one.  Of logs, where a line's time is that of a batch, the last
    second is repeated and nothing is left out.  Raises UsageError for what is no place in that
    stream.
    """
    if not last_id:
        return {}
    if verb == "events" and last_id.isdecimal():
        return {"after": int(last_id)}
    if verb == "logs" and last_id.startswith("@"):
        with suppress(ValueError, OverflowError, OSError):
            at = datetime.fromtimestamp(float(last_id[1:]) - _REPEATED, UTC)
            return {"since": at.isoformat()}
    raise UsageError(
        f"{last_id!r} is no place in the {verb}", hint="send back the id of an event of this stream"
    )


async def as_events(
    produce: Produce, *, request_id: str, beat: float = BEAT
) -> AsyncIterator[bytes]:
    """Give the items of *produce* as the bytes of an event stream, to its end.

    The last event is ``end`` with the result, or ``error`` with a problem document.  Who stops
    reading ends what produces.
    """
    outlet = Outlet()
    work: asyncio.Future[Any] = asyncio.ensure_future(produce(outlet))
    taking: asyncio.Future[Any] | None = None
    try:
        yield b": svcctl\n\n"
        while not (work.done() and outlet.is_empty):
            taking = taking or asyncio.ensure_future(outlet.take())
            await asyncio.wait({work, taking}, timeout=beat, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                items = taking.result()
                yield b"".join(_event("item", each, place=place_of(each)) for each in items)
                taking = None
            elif not work.done():
                yield b": beat\n\n"
            if dropped := outlet.take_dropped():
                yield _event("dropped", {"items": dropped})
        try:
            yield _event("end", await work)
        except SvcctlError as error:
            yield _event("error", problem_of(error, request_id=request_id))
    finally:
        left: set[asyncio.Future[Any]] = {work} if taking is None else {work, taking}
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def _event(name: str, document: object, *, place: str = "") -> bytes:
    """Give one event; JSON on one line has no newline that could begin another field."""
    text = json.dumps(document, separators=(",", ":"))
    head = f"id: {place}\n" if place else ""
    return f"{head}event: {name}\ndata: {text}\n\n".encode()
