"""Makes items of several sources into one stream in the order of their time, reading none ahead."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any, cast

from svcctl.app.waiting import Emit
from svcctl.client.merged import combined

_BATCH = 100  # items between two looks at whether the asker keeps up

AsyncAnswers = AsyncGenerator[tuple[bool, object]]
"""(False, item) any number of times, then (True, result)."""


async def last_in_order(sources: Sequence[AsyncAnswers], emit: Emit, *, last: int) -> int:
    """Hand over the *last* so many items of all *sources*, the oldest first; give how many."""
    kept = _Last(last)
    await in_order(sources, kept)
    for each in kept.items:
        emit(each)
    await emit.room()
    return len(kept.items)


async def in_order(sources: Sequence[AsyncAnswers], emit: Emit) -> object:
    """Hand over the items of all *sources*, the oldest (``at``) first; give one result."""
    results: list[object] = []
    heads: list[tuple[float, int, object]] = []

    async def advance(which: int) -> None:
        async for is_result, document in sources[which]:
            if not is_result:
                at = float(cast("dict[str, Any]", document).get("at", 0.0))
                heapq.heappush(heads, (at, which, document))
                return
            results.append(document)

    async with AsyncExitStack() as stack:
        for each in sources:
            await stack.enter_async_context(aclosing(each))
        for which in range(len(sources)):
            await advance(which)
        count = 0
        while heads:
            _, which, document = heapq.heappop(heads)
            emit(document)
            count += 1
            if count % _BATCH == 0:
                await emit.room()
            await advance(which)
    return combined(results)


async def answers_of(work: Callable[[Emit], Awaitable[object]]) -> AsyncAnswers:
    """Give what *work* hands over, as it is taken, and then its result."""
    pipe = _Pipe()
    doing: asyncio.Future[object] = asyncio.ensure_future(work(pipe))
    doing.add_done_callback(lambda _: pipe.came.set())
    try:
        while not doing.done() or pipe.items:
            while pipe.items:
                yield False, pipe.items.popleft()
            pipe.emptied.set()
            pipe.came.clear()
            if not doing.done():
                await pipe.came.wait()
        yield True, doing.result()
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)


class _Pipe:
    """Keeps items until they are taken; see :class:`svcctl.app.waiting.Emit`."""

    def __init__(self) -> None:
        self.items: deque[object] = deque()
        self.came, self.emptied = asyncio.Event(), asyncio.Event()

    def __call__(self, item: object) -> None:
        """Keep *item*."""
        self.items.append(item)
        self.emptied.clear()
        self.came.set()

    async def room(self) -> None:
        """Wait until all was taken."""
        await self.emptied.wait()


class _Last:
    """Keeps the last items; see :class:`svcctl.app.waiting.Emit`."""

    def __init__(self, most: int) -> None:
        self.items: deque[object] = deque(maxlen=most)

    def __call__(self, item: object) -> None:
        """Keep *item*."""
        self.items.append(item)

    async def room(self) -> None:
        """There always is."""
