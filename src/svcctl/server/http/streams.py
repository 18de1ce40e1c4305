"""Items as server-sent events, to be taken up again where they broke off; see the HTML standard."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from svcctl.errors import SvcctlError
from svcctl.server.http.problem import problem_of
from svcctl.server.outlet import Outlet, place_of

BEAT = 15.0
"""Seconds of silence after which a comment shows that the connection lives."""

_RETRY = b"retry: 2000\n\n"
"""Milliseconds after which a reader that was cut off comes back, as browsers understand it."""

Produce = Callable[["Outlet"], Awaitable[object]]
"""Carries out a verb that gives its items to an outlet."""


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
        yield b": svcctl\n\n" + _RETRY
        while not (work.done() and outlet.is_empty):
            taking = taking or asyncio.ensure_future(outlet.take())
            await asyncio.wait({work, taking}, timeout=beat, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                items = taking.result()
                yield b"".join(map(_item, items))
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


def _item(item: object) -> bytes:
    """Give an item with where to go on after it, which is no part of what it says."""
    shown = item
    if isinstance(item, Mapping):
        shown = {name: value for name, value in item.items() if name != "place"}
    return _event("item", shown, place=place_of(item))


def _event(name: str, document: object, *, place: str = "") -> bytes:
    """Give one event; JSON on one line has no newline that could begin another field."""
    text = json.dumps(document, separators=(",", ":"))
    head = f"id: {place}\n" if place else ""
    return f"{head}event: {name}\ndata: {text}\n\n".encode()
