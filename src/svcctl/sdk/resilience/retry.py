"""Tries again what failed, within bounds: stamina's, a deadline's and a budget's."""

from __future__ import annotations

import functools
import inspect
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from types import ModuleType, TracebackType
from typing import Literal, ParamSpec, TypeVar, cast

from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.sdk.happenings import Retried, RetryEnded, Tell, nobody
from svcctl.sdk.lengths import seconds
from svcctl.sdk.resilience.backoff import full_jitter
from svcctl.sdk.resilience.budget import RetryBudget
from svcctl.sdk.resilience.deadline import remaining
from svcctl.sdk.waiting import sleep
from svcctl.system.clock import SystemClock

P = ParamSpec("P")
T = TypeVar("T")
Chance = Callable[[], float]
"""Gives a number from 0 to 1."""

Attempt = AbstractContextManager[None]
"""Takes the error of its block, unless it was the last try."""


Told = Callable[[Retried], None]

_BOUNDS = 'give attempts=10, timeout="45s", or both'


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is tried again, how often, and when; all lengths in seconds."""

    name: str = "<block>"
    on: tuple[type[Exception], ...]
    attempts: int | None
    timeout: float | None
    wait: float
    wait_max: float
    budget: RetryBudget | None
    clock: Clock
    on_retry: Told | None
    chance: Chance
    tell: Tell


def retry(
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    attempts: int | None = 10,
    timeout: str | float | None = "45s",
    wait: str | float = "100ms",
    wait_max: str | float = "5s",
    budget: RetryBudget | None = None,
    clock: Clock | None = None,
    on_retry: Told | None = None,
    chance: Chance = random.random,
    tell: Tell = nobody,
) -> Retry:
    """Describe how to try again what raises one of *on*; see :class:`Retry` for how to use it.

    At most *attempts* tries within *timeout* (None: no such bound), with full jitter: a wait is
    anything up to *wait*, doubled with each try up to *wait_max*.  No retry is begun that the
    deadline in force leaves no time for, or that *budget* has no token for.  *on_retry* is told as
    one begins.  Raises UsageError where it would try for ever, SpecError for a length that is none.
    """
    if attempts is None and timeout is None:
        raise UsageError("a retry without attempts and timeout has no end", hint=_BOUNDS)
    if attempts is not None and attempts < 1:
        raise UsageError(f"a retry with {attempts} attempts makes no call", hint=_BOUNDS)
    return Retry(
        Terms(
            on=on if isinstance(on, tuple) else (on,),
            attempts=attempts,
            timeout=None if timeout is None else seconds(timeout),
            wait=seconds(wait),
            wait_max=seconds(wait_max),
            budget=budget,
            clock=clock or SystemClock(),
            on_retry=on_retry,
            chance=chance,
            tell=tell,
        )
    )


def without_waits(attempts: int = 1, *, cap: bool = False) -> AbstractContextManager[None]:
    """Let no retry of this process wait, and each make *attempts* tries, until the block ends.

    With *cap*, no more than *attempts*, and fewer where fewer were asked for.  It is stamina's own
    test mode: what else uses stamina in the process is under it too.
    """
    mode = _stamina().set_testing(True, attempts=attempts, cap=cap)
    return cast("AbstractContextManager[None]", mode)


class Retry:
    """Tries again; a decorator of functions, plain or async, or something to iterate over::

        @retry(on=ConnectionError)
        async def fetch(): ...

        async for attempt in retry(on=ConnectionError, attempts=3):
            with attempt:
                await fetch()

    What is raised in the end is the error of the last try.  A cancellation is never retried, and
    ends a wait at once.  Plain functions are waited for in the thread that calls them.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Give *function* with retries."""
        terms = replace(self._terms, name=getattr(function, "__qualname__", self._terms.name))
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, T]", _tried_async(terms, function))
        return _tried(terms, function)

    def __aiter__(self) -> AsyncIterator[Attempt]:
        """Begin a call: give one attempt after the other, until one ends without an error."""
        return _Tries(self._terms)

    def __iter__(self) -> Iterator[Attempt]:
        """Begin a call as :meth:`__aiter__` does, for a thread that may block."""
        return _Tries(self._terms)


def _tried(terms: Terms, function: Callable[P, T]) -> Callable[P, T]:
    @functools.wraps(function)
    def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in _Tries(terms):
            with attempt:
                return function(*args, **kwargs)
        raise _neither()

    return tried


def _tried_async(terms: Terms, function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    @functools.wraps(function)
    async def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        async for attempt in _Tries(terms):
            with attempt:
                return await function(*args, **kwargs)
        raise _neither()

    return tried


class _Tries:
    """One call: its attempts, and the token that each retry costs."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._began = terms.clock.monotonic()
        self._failed = 0
        self._has_budget = True
        self._next: Retried | None = None
        if terms.budget:
            terms.budget.called()
        self._context = _stamina().retry_context(
            on=self._again, attempts=terms.attempts, timeout=terms.timeout
        )
        self._attempts: Iterator[Attempt] | None = None
        self._awaited: AsyncIterator[Attempt] | None = None

    def __iter__(self) -> Iterator[Attempt]:
        return self

    def __aiter__(self) -> AsyncIterator[Attempt]:
        return self

    def __next__(self) -> Attempt:
        self._attempts = self._attempts or iter(self._context)
        try:
            attempt = next(self._attempts)
        except BaseException as error:
            self._forgo(error)
            raise
        self._begin()
        return _Attempt(attempt, self._passed)

    async def __anext__(self) -> Attempt:
        self._awaited = self._awaited or aiter(self._context)
        try:
            attempt = await anext(self._awaited)
            if self._next is not None and not _stamina().is_testing():
                await sleep(self._terms.clock, self._next.wait)
        except BaseException as error:
            self._forgo(error)
            raise
        self._begin()
        return _Attempt(attempt, self._passed)

    def _again(self, error: Exception) -> bool | float:
        """Say how long to wait before the next try, or False; stamina's backoff hook."""
        terms = self._terms
        self._failed += 1
        if not isinstance(error, terms.on):
            return False
        wait = full_jitter(
            self._failed, first=terms.wait, most=terms.wait_max, chance=terms.chance()
        )
        if wait >= self._left():
            return False
        if terms.budget and not terms.budget.take():
            self._has_budget = False
            return False
        self._next = Retried(name=terms.name, error=error, tries=self._failed, wait=wait)
        return wait if self._awaited is None else 0.0  # stamina knows no clock but the machine's

    def _left(self) -> float:
        """Give the seconds in which another try may begin."""
        terms = self._terms
        until_deadline = remaining(terms.clock)
        left = math.inf if until_deadline is None else until_deadline
        if terms.timeout is None:
            return left
        return min(left, terms.timeout - (terms.clock.monotonic() - self._began))

    def _begin(self) -> None:
        retried, self._next = self._next, None
        if retried is None:
            return
        self._terms.tell(retried)
        if self._terms.on_retry:
            self._terms.on_retry(retried)

    def _forgo(self, error: BaseException) -> None:
        """Make no retry after all: it was the last attempt, or the wait was cut short."""
        retried, self._next = self._next, None
        if retried and self._terms.budget:
            self._terms.budget.give_back()
        if isinstance(error, self._terms.on):
            how: Literal["gave_up", "no_budget"] = "gave_up" if self._has_budget else "no_budget"
            self._terms.tell(RetryEnded(name=self._terms.name, outcome=how))

    def _passed(self) -> None:
        if self._failed:
            self._terms.tell(RetryEnded(name=self._terms.name, outcome="passed"))


class _Attempt:
    """One try, which says when it passed."""

    __slots__ = ("_attempt", "_passed")

    def __init__(self, attempt: Attempt, passed: Callable[[], None]) -> None:
        self._attempt, self._passed = attempt, passed

    def __enter__(self) -> None:
        self._attempt.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        if error is None:
            self._passed()
        return self._attempt.__exit__(kind, error, trace)


def _neither() -> AssertionError:
    return AssertionError("the last try neither came back nor failed")


def _stamina() -> ModuleType:
    try:
        import stamina  # noqa: PLC0415 - only who retries pays for it
    except ImportError as error:
        raise UsageError(
            "retries need the package 'stamina'", hint="install it: pip install 'svcctl[sdk]'"
        ) from error
    return stamina
