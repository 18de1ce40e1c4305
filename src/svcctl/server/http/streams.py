"""Items as server-sent events, to be taken up again where they broke off; see the HTML standard."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing

from svcctl.errors import SvcctlError
from svcctl.server.http.problem import problem_of
from svcctl.server.outlet import Outlet, place_of, portions

BEAT = 15.0
"""Seconds of silence after which a comment shows that the connection lives."""

_BEAT = b": beat\n\n"
_RETRY = b"retry: 2000\n\n"
"""Milliseconds after which a reader that was cut off comes back, as browsers understand it."""

Produce = Callable[[Outlet], Awaitable[object]]
"""Carries out a verb that gives its items to an outlet."""


async def as_events(
    produce: Produce, *, request_id: str, beat: float = BEAT
) -> AsyncIterator[bytes]:
    """Give the items of *produce* as the bytes of an event stream, to its end.

    The last event is ``end`` with the result, or ``error`` with a problem document.  Who stops
    reading ends what produces.
    """
    result: object = None

    async def keep_result(outlet: Outlet) -> None:
        nonlocal result
        result = await produce(outlet)

    yield b": svcctl\n\n" + _RETRY
    try:
        async with aclosing(portions(keep_result, beat=beat)) as found:
            async for items, missed in found:
                if missed:
                    yield _event("dropped", {"items": missed})
                if items or not missed:
                    yield b"".join(map(_item, items)) or _BEAT
        yield _event("end", result)
    except SvcctlError as error:
        yield _event("error", problem_of(error, request_id=request_id))


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
