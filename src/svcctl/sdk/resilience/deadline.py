"""A point in time by which an answer is of use, known to all that is called until then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from svcctl.errors import TimedOut
from svcctl.ports import Clock
from svcctl.sdk.lengths import seconds
from svcctl.sdk.waiting import limited
from svcctl.spec.notation import format_duration
from svcctl.system.clock import SystemClock

_UNTIL: ContextVar[float | None] = ContextVar("svcctl_deadline", default=None)


@asynccontextmanager
async def deadline(within: str | float, *, clock: Clock | None = None) -> AsyncIterator[None]:
    """Cancel what the block does once *within* (``"2s"``, or seconds) has passed.

    Raises TimedOut then, and at once where no time is left.  All that is called in the block, in
    this task or in one it starts, is under the same deadline: one set there can only be sooner.
    Calls made in threads (``asyncio.to_thread``) know of it, and cannot be cancelled.  A
    cancellation from outside stays one.
    """
    time = clock or SystemClock()
    outer, length = remaining(time), seconds(within)
    allowed = length if outer is None else min(length, outer)
    if allowed <= 0:
        raise _too_late(length, outer)
    known = _UNTIL.set(time.monotonic() + allowed)
    try:
        async with _as_timed_out(time, allowed, _too_late(length, outer)):
            yield
    finally:
        _UNTIL.reset(known)


def remaining(clock: Clock | None = None) -> float | None:
    """Give the seconds left until the deadline in force, 0 once it has passed; None: there is none.

    To carry a deadline to another program, send this along with the question.
    """
    until = _UNTIL.get()
    return None if until is None else max(0.0, until - (clock or SystemClock()).monotonic())


@asynccontextmanager
async def _as_timed_out(clock: Clock, allowed: float, error: TimedOut) -> AsyncIterator[None]:
    own: TimeoutError | None = None
    try:
        async with limited(clock, allowed):
            try:
                yield
            except TimeoutError as raised:
                own = raised
                raise
    except TimeoutError as cause:
        if cause is own:
            raise
        raise error from cause


def _too_late(length: float, outer: float | None) -> TimedOut:
    if outer is not None and outer < length:
        problem = f"not within the {_shown(outer)} that the caller had left"
    else:
        problem = f"not within {_shown(length)}"
    return TimedOut(problem, hint="allow more time, or find out what is slow")


def _shown(length: float) -> str:
    return format_duration(round(length, 3))
