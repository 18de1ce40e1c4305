"""Spares what fails, and those who would wait for it: calls are refused until it may be better."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, ParamSpec, Self, TypeVar, cast

from svcctl.errors import CircuitOpen, UsageError
from svcctl.ports import Clock
from svcctl.sdk.happenings import BreakerAsked, CircuitMoved, Position, Tell, nobody
from svcctl.sdk.lengths import seconds
from svcctl.sdk.resilience import circuit
from svcctl.sdk.resilience.circuit import Circuit, Tolerance
from svcctl.sdk.resilience.window import LastCalls, LastSeconds, Outcome, Window
from svcctl.spec.notation import format_duration
from svcctl.system.clock import SystemClock

P = ParamSpec("P")
T = TypeVar("T")
Fallback = Callable[[Exception], object]
"""Gives what to give instead, or something to await for it; told why there is nothing better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A call under way: of whom, asked for in which turn, and since when."""

    breaker: Breaker
    turn: int
    began: float


_ENTERED: ContextVar[tuple[_Entry, ...]] = ContextVar("svcctl_breakers", default=())


class Breaker:
    """Lets calls through while enough of them succeed; see :mod:`svcctl.sdk.resilience.circuit`.

    It opens once the share *failure_rate* of the calls in *window* failed (the last 20, or of the
    last ``"30s"``), or *slow_rate* of them took *slow_call* or longer, and there were
    *minimum_calls*.  After *cooldown* it lets *half_open_probes* calls through and, as they end,
    closes or opens again.  *counts* are the errors that say something about what is called; others
    and cancellations pass uncounted.  *on_change* is told of every change.

    ::

        async with breaker: ...        # or, in a thread: with breaker: ...

        @breaker                       # fallback= of the breaker is asked here alone
        async def fetch(): ...         # or, for threads: def fetch(): ...

    Raises CircuitOpen, with the time until the next try, instead of making a call.
    """

    def __init__(
        self,
        name: str,
        *,
        failure_rate: float = 0.5,
        window: int | str = 20,
        minimum_calls: int | None = None,
        cooldown: str | float = "30s",
        half_open_probes: int = 3,
        slow_call: str | float | None = None,
        slow_rate: float = 1.0,
        counts: tuple[type[Exception], ...] = (Exception,),
        fallback: Fallback | None = None,
        on_change: Callable[[CircuitMoved], None] | None = None,
        clock: Clock | None = None,
        tell: Tell = nobody,
    ) -> None:
        self.name = name
        self._told = tell
        self._circuit = Circuit(window=_window(name, window))
        self._tolerance = Tolerance(
            failure_rate=failure_rate,
            slow_rate=slow_rate,
            minimum_calls=_minimum(minimum_calls, window),
            cooldown=seconds(cooldown),
            probes=half_open_probes,
        )
        _insist_possible(name, self._tolerance)
        self._slow_call = None if slow_call is None else seconds(slow_call)
        self._counts, self._fallback = counts, fallback
        self._on_change = on_change
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()

    @property
    def position(self) -> Position:
        """Say how it stands; an open one stays so until a call is asked for after the cooldown."""
        return self._circuit.position

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Give *function*, async or plain, with its calls through the breaker.

        Behind it is the fallback: it is asked where a call is refused, and where it fails with an
        error that counts.  Raises UsageError for a plain function with an async fallback.
        """
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, T]", self._guarded_async(function))
        if inspect.iscoroutinefunction(self._fallback):
            raise UsageError(
                f"breaker '{self.name}' has an async fallback, and guards a plain function",
                hint="make both async, or both plain",
            )
        return self._guarded(function)

    def _guarded(self, function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                with self:
                    return function(*args, **kwargs)
            except Exception as error:
                fallback = self._fallback_for(error)
                if fallback is None:
                    raise
                return cast("T", fallback(error))

        return guarded

    def _guarded_async(
        self, function: Callable[P, Awaitable[T]]
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        @functools.wraps(function)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                async with self:
                    return await function(*args, **kwargs)
            except Exception as error:
                fallback = self._fallback_for(error)
                if fallback is None:
                    raise
                instead = fallback(error)
                return cast("T", await instead if inspect.isawaitable(instead) else instead)

        return guarded

    def _fallback_for(self, error: Exception) -> Fallback | None:
        return self._fallback if isinstance(error, (CircuitOpen, *self._counts)) else None

    async def __aenter__(self) -> Self:
        """Ask for a call, or raise CircuitOpen."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Count how it ended; the error goes on."""
        self.__exit__(kind, error, trace)

    def __enter__(self) -> Self:
        """Ask for a call, or raise CircuitOpen."""
        now = self._clock.monotonic()
        with self._lock:
            before = self._circuit
            self._circuit, may = circuit.asked(before, self._tolerance, now)
            after = self._circuit
        self._tell(before, after)
        if not may:
            self._told(BreakerAsked(name=self.name, outcome="refused"))
            raise self._refusal(circuit.retry_in(after, self._tolerance, now))
        entry = _Entry(breaker=self, turn=after.turn, began=now)
        _ENTERED.set((*_ENTERED.get(), entry))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Count how it ended; the error goes on."""
        *others, entry = _ENTERED.get()
        assert entry.breaker is self, "breakers are left in the order opposite to entering them"
        _ENTERED.set(tuple(others))
        now = self._clock.monotonic()
        slow = self._slow_call is not None and now - entry.began >= self._slow_call
        with self._lock:
            before = self._circuit
            if error is None or isinstance(error, self._counts):
                outcome = Outcome(failed=error is not None, slow=slow)
                self._circuit = circuit.ended(
                    before, self._tolerance, outcome, turn=entry.turn, now=now
                )
            else:
                self._circuit = circuit.given_back(before, turn=entry.turn)
            after = self._circuit
        how: Literal["failed", "slow", "passed"] = "slow" if slow else "passed"
        self._told(BreakerAsked(name=self.name, outcome="failed" if error else how))
        self._tell(before, after)

    def _tell(self, before: Circuit, after: Circuit) -> None:
        if before.position is after.position:
            return
        moved = CircuitMoved(name=self.name, before=before.position, now=after.position)
        self._told(moved)
        if self._on_change:
            self._on_change(moved)

    def _refusal(self, wait: float) -> CircuitOpen:
        return CircuitOpen(
            f"breaker '{self.name}' is open: too many calls failed",
            hint=f"the next try is made in {format_duration(round(wait, 1))}",
            retry_in=wait,
        )


def _minimum(minimum_calls: int | None, window: int | str) -> int:
    if minimum_calls is None:
        minimum_calls = 10
    return min(minimum_calls, window) if isinstance(window, int) else minimum_calls


def _window(name: str, window: int | str) -> Window:
    if isinstance(window, str):
        length = seconds(window)
        if length > 0:
            return LastSeconds(length=length)
    elif window > 0:
        return LastCalls(size=window)
    raise UsageError(f"breaker '{name}' has an empty window", hint='give window=20, or "30s"')


def _insist_possible(name: str, tolerance: Tolerance) -> None:
    rates = (tolerance.failure_rate, tolerance.slow_rate)
    if not all(0 < rate <= 1 for rate in rates):
        raise UsageError(
            f"breaker '{name}' has a rate that is none", hint="a rate is more than 0, at most 1"
        )
    if tolerance.minimum_calls < 1 or tolerance.probes < 1 or tolerance.cooldown <= 0:
        raise UsageError(
            f"breaker '{name}' would never open or never close",
            hint="minimum_calls, half_open_probes and cooldown are more than 0",
        )
