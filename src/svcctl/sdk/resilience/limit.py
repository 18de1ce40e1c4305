"""Keeps what is slow or dear from taking all of a service: a bulkhead."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast

from svcctl.errors import LimitReached, UsageError
from svcctl.ports import Clock
from svcctl.sdk.happenings import LimitChanged, LimitRefused, Tell, nobody
from svcctl.sdk.lengths import seconds
from svcctl.sdk.waiting import limited
from svcctl.spec.notation import format_duration
from svcctl.system.clock import SystemClock

P = ParamSpec("P")
T = TypeVar("T")


class _Turn:
    """Somebody who waits; *wake* says that it is his turn, RuntimeError that he is gone."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self.wake = wake


class Limit:
    """At most *concurrent* at a time; up to *queue* more wait their turn, *wait* long each.

    A context manager and a decorator, ``async`` in an event loop, plain in a thread, which it makes
    wait; both kinds count together.  Raises LimitReached where more wait already, or once the wait
    is over (None: it never is); who waits comes in the order of asking, and a cancelled wait costs
    nothing.
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
        self._lock = threading.Lock()
        self._under_way = 0
        self._waiting: deque[_Turn] = deque()

    @property
    def under_way(self) -> int:
        """Say how many are inside."""
        return self._under_way

    @property
    def waiting(self) -> int:
        """Say how many wait."""
        return len(self._waiting)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Give *function*, async or plain, with its calls within the limit."""
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, T]", self._within_async(function))

        @functools.wraps(function)
        def within(*args: P.args, **kwargs: P.kwargs) -> T:
            with self:
                return function(*args, **kwargs)

        return within

    def _within_async(
        self, function: Callable[P, Awaitable[T]]
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        @functools.wraps(function)
        async def within(*args: P.args, **kwargs: P.kwargs) -> T:
            async with self:
                return await function(*args, **kwargs)

        return within

    async def __aenter__(self) -> Self:
        """Come in, wait, or raise LimitReached."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        turn = self._ask(lambda: loop.call_soon_threadsafe(woken.set))
        if turn is not None:
            try:
                async with limited(self._clock, self._wait):
                    await woken.wait()
            except TimeoutError as error:
                if self._withdraw(turn):
                    raise self._too_long() from error
            except BaseException:
                if not self._withdraw(turn):
                    self._leave()
                raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next one in."""
        self._leave()

    def __enter__(self) -> Self:
        """Come in, make this thread wait, or raise LimitReached; the time is the machine's."""
        woken = threading.Event()
        turn = self._ask(woken.set)
        if turn is not None:
            try:
                in_time = woken.wait(self._wait)
            except BaseException:  # Ctrl-C
                if not self._withdraw(turn):
                    self._leave()
                raise
            if not in_time and self._withdraw(turn):
                raise self._too_long()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next one in."""
        self._leave()

    def _ask(self, wake: Callable[[], object]) -> _Turn | None:
        """Come in, or (a turn) wait to be woken, which means to be inside; or raise."""
        with self._lock:
            if self._under_way < self._concurrent:
                self._under_way += 1
                under_way = self._under_way
            elif len(self._waiting) < self._queue:
                turn = _Turn(wake)
                self._waiting.append(turn)
                return turn
            else:
                raise self._refusal(f"and {self._queue} wait")
        self._tell(LimitChanged(name=self.name, under_way=under_way))
        return None

    def _leave(self) -> None:
        """Hand the place on to who waits longest, or have it free."""
        with self._lock:
            while self._waiting:
                try:
                    self._waiting.popleft().wake()
                except RuntimeError:  # his loop is closed: he waits no more
                    continue
                return
            self._under_way -= 1
            under_way = self._under_way
        self._tell(LimitChanged(name=self.name, under_way=under_way))

    def _withdraw(self, turn: _Turn) -> bool:
        """Wait no longer; say whether the turn had not come meanwhile."""
        with self._lock:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True

    def _too_long(self) -> LimitReached:
        assert self._wait is not None
        return self._refusal(f"and none ended within {format_duration(self._wait)}")

    def _refusal(self, why: str) -> LimitReached:
        self._tell(LimitRefused(name=self.name))
        return LimitReached(
            f"limit '{self.name}' is reached: {self._concurrent} are under way, {why}",
            hint="try later, or allow more with concurrent= or queue=",
        )
