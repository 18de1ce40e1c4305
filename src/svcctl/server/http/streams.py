"""Items as server-sent events, to be taken up again where they broke off; see the HTML standard."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing

from svcctl.errors import SvcctlError
from svcctl.server.http.problem import problem_of
from svcctl.server.outlet import Outlet, place_of, portions

BEAT = 15.0
"""Seconds of silence after which a comment shows that the connection lives."""

PATIENCE = 2.0
"""Seconds in which a stream is refused, if it is; agents of before say nothing until an item is."""

_BEAT = b": beat\n\n"
_RETRY = b"retry: 2000\n\n"
"""Milliseconds after which a reader that was cut off comes back, as browsers understand it."""

Produce = Callable[[Outlet], Awaitable[object]]
"""Carries out a verb that gives its items to an outlet."""


async def begun(produce: Produce, *, request_id: str, beat: float = BEAT) -> AsyncGenerator[bytes]:
    """Give the items of *produce* as the bytes of an event stream, once that has begun.

    Raises what it fails with before; who is silent for PATIENCE seconds has begun.  The last event
    is ``end`` with the result, or ``error`` with a problem document.  Who stops reading ends what
    produces.
    """
    result: object = None

    async def keep_result(outlet: Outlet) -> None:
        nonlocal result
        result = await produce(outlet)

    found = portions(keep_result, beat=beat, patience=PATIENCE)
    first = await anext(found, None)  # a default that is a tuple raises SystemError in 3.11

    async def stream() -> AsyncGenerator[bytes]:
        try:
            async with aclosing(found):
                yield b": svcctl\n\n" + _RETRY + (_events(*first) if first and any(first) else b"")
                async for portion in found:
                    yield _events(*portion)
            yield _event("end", result)
        except SvcctlError as error:
            yield _event("error", problem_of(error, request_id=request_id))

    return stream()


def _events(items: Sequence[object], missed: int) -> bytes:
    dropped = _event("dropped", {"items": missed}) if missed else b""
    return dropped + b"".join(map(_item, items)) or _BEAT


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
