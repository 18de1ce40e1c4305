"""Keeps what is slow or dear from taking all of a service: a bulkhead."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from svcctl.errors import LimitReached, UsageError
from svcctl.ports import Clock
from svcctl.sdk.happenings import LimitChanged, LimitRefused, Tell, nobody
from svcctl.sdk.lengths import seconds
from svcctl.sdk.waiting import limited
from svcctl.spec.notation import format_duration
from svcctl.system.clock import SystemClock

P = ParamSpec("P")
T = TypeVar("T")


class Limit:
    """At most *concurrent* at a time; up to *queue* more wait their turn, *wait* long each.

    An async context manager and a decorator.  Raises LimitReached where more wait already, or once
    the wait is over (None: it never is); who waits comes in the order of asking, and a cancelled
    wait costs nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        concurrent: int,
        queue: int = 0,
        wait: str | float | None = None,
        clock: Clock | None = None,
        tell: Tell = nobody,
    ) -> None:
        if concurrent < 1 or queue < 0:
            raise UsageError(
                f"limit '{name}' lets {concurrent} through while {queue} wait",
                hint="concurrent is 1 or more, queue 0 or more",
            )
        self.name = name
        self._tell = tell
        self._concurrent, self._queue = concurrent, queue
        self._wait = None if wait is None else seconds(wait)
        self._clock = clock or SystemClock()
        self._free = asyncio.Semaphore(concurrent)
        self._under_way = 0
        self._waiting = 0

    @property
    def under_way(self) -> int:
        """Say how many are inside."""
        return self._under_way

    @property
    def waiting(self) -> int:
        """Say how many wait."""
        return self._waiting

    def __call__(self, function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        """Give *function* with its calls within the limit."""

        @functools.wraps(function)
        async def within(*args: P.args, **kwargs: P.kwargs) -> T:
            async with self:
                return await function(*args, **kwargs)

        return within

    async def __aenter__(self) -> Self:
        """Come in, wait, or raise LimitReached."""
        if self._free.locked():
            await self._turn()
        else:
            await self._free.acquire()  # comes back at once
        self._count(1)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next one in."""
        self._count(-1)
        self._free.release()

    def _count(self, more: int) -> None:
        self._under_way += more
        self._tell(LimitChanged(name=self.name, under_way=self._under_way))

    async def _turn(self) -> None:
        if self._waiting >= self._queue:
            raise self._refusal(f"and {self._queue} wait")
        self._waiting += 1
        try:
            async with limited(self._clock, self._wait):
                await self._free.acquire()
        except TimeoutError as error:
            assert self._wait is not None
            problem = f"and none ended within {format_duration(self._wait)}"
            raise self._refusal(problem) from error
        finally:
            self._waiting -= 1

    def _refusal(self, why: str) -> LimitReached:
        self._tell(LimitRefused(name=self.name))
        return LimitReached(
            f"limit '{self.name}' is reached: {self._concurrent} are under way, {why}",
            hint="try later, or allow more with concurrent= or queue=",
        )
