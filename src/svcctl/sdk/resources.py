"""Holds what a service has opened, and lets go of it in reverse order, whatever happens."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar, overload

from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.sdk.waiting import failure, in_thread, limited

T = TypeVar("T")

_GRACE = 5.0  # seconds in which a closer that is cut off has to end

Closer = Callable[[], object]
"""Lets go of a resource; what it gives is awaited if it can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreleased:
    """A resource that could not be let go of, and why."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"


@dataclass(frozen=True, slots=True)
class _Held:
    name: str
    close: Callable[[], Awaitable[object]]
    limit: float


class Resources:
    """What one task has opened.

    It must be released by that same task: structured blocks of anyio insist on it.  What is plain,
    not async, is entered and closed in a thread, for it may block; so it must not care in which.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: list[_Held] = []
        self._lost: list[Unreleased] = []
        self._rescues: list[asyncio.Task[None]] = []
        self.rescued = asyncio.Event()
        self._owner: asyncio.Task[object] | None = None

    @overload
    async def use(
        self, resource: AbstractAsyncContextManager[T], *, limit: float, name: str = ""
    ) -> T: ...
    @overload
    async def use(
        self, resource: AbstractContextManager[T], *, limit: float, name: str = ""
    ) -> T: ...
    @overload
    async def use(self, resource: T, *, limit: float, name: str = "") -> T: ...
    async def use(self, resource: object, *, limit: float, name: str = "") -> object:
        """Open *resource* and give it; it gets *limit* seconds to be closed.

        It is a context manager, async or plain, or has ``aclose`` or ``close``.  Raises UsageError
        for anything else, and in a task that is not the service's own; what opening raises is
        passed on, and nothing is held then.
        """
        self._insist_on_owner()
        name = name or _name_of(resource)
        if isinstance(resource, AbstractAsyncContextManager):
            entered = await resource.__aenter__()
            leave = resource.__aexit__
            self._held.append(_Held(name, lambda: leave(None, None, None), limit))
        elif isinstance(resource, AbstractContextManager):
            entered = await in_thread(f"open {name}", resource.__enter__)
            exit_ = resource.__exit__
            self.call(lambda: exit_(None, None, None), limit=limit, name=name)
        else:
            entered = resource
            self.call(_closer(resource, name), limit=limit, name=name)
        return entered

    def call(self, close: Closer, *, limit: float, name: str = "") -> None:
        """Make a call in its turn when all is let go of; it gets *limit* seconds."""
        name = name or _name_of(close)
        self._held.append(_Held(name, lambda: called(name, close), limit))

    async def release(self) -> tuple[Unreleased, ...]:
        """Let go of everything, the newest first; say what could not be.

        What hangs is cut off at its limit, what fails is passed over: the rest has its turn.  Where
        one ignores even that, this does not come back; the rest is let go of all the same, by
        another task, and then :attr:`rescued` is set.
        """
        while self._held:
            await self._let_go(self._held.pop())
        return self.lost

    @property
    def lost(self) -> tuple[Unreleased, ...]:
        """Say what could not be let go of so far."""
        return tuple(self._lost)

    async def _let_go(self, held: _Held) -> None:
        given_up = False

        def give_up() -> None:
            nonlocal given_up
            given_up = True
            self._lost.append(_late(held))
            self._rescues.append(asyncio.create_task(self._rescue(), name="release"))

        last = self._clock.later(held.limit + _GRACE, give_up)
        error = await failure(self._closed(held))
        last.cancel()
        if error is not None and not given_up:
            is_late = isinstance(error, TimeoutError)
            lost = _late(held) if is_late else Unreleased(name=held.name, problem=_words(error))
            self._lost.append(lost)

    async def _closed(self, held: _Held) -> None:
        async with limited(self._clock, held.limit):
            await held.close()

    async def _rescue(self) -> None:
        await self.release()
        self.rescued.set()

    def _insist_on_owner(self) -> None:
        task = asyncio.current_task()
        self._owner = self._owner or task
        if task is not self._owner:
            raise UsageError(
                "a resource was opened outside of run()",
                hint="open it in run() before ctx.ready(), and keep it in an attribute",
            )


async def called(name: str, call: Callable[[], object]) -> object:
    """Make *call* and give its result: a coroutine function here, others in a thread of its own."""
    if inspect.iscoroutinefunction(call):
        return await call()
    found = await in_thread(name, call)
    return await found if inspect.isawaitable(found) else found


def _closer(resource: object, name: str) -> Closer:
    for each in ("aclose", "close"):
        close = getattr(resource, each, None)
        if callable(close):
            found: Closer = close
            return found
    raise UsageError(
        f"nobody knows how to let go of {name!r}",
        hint="it has neither close() nor aclose() and is no context manager; "
        "say how: ctx.on_stop(function)",
    )


def _late(held: _Held) -> Unreleased:
    return Unreleased(name=held.name, problem=f"not closed in {held.limit:g}s")


def _name_of(thing: object) -> str:
    name = getattr(thing, "__qualname__", "") or type(thing).__qualname__
    return str(name).rpartition("<locals>.")[2]


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
