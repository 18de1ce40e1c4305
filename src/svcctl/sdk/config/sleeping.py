"""Waits between two looks at a source, by a clock that a test may own."""

from __future__ import annotations

import asyncio

from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.spec.notation import parse_duration


async def sleep(clock: Clock, seconds: float) -> None:
    """Come back once *seconds* have passed on *clock*."""
    passed = asyncio.Event()
    timer = clock.later(seconds, passed.set)
    try:
        await passed.wait()
    finally:
        timer.cancel()


def interval(given: float | str) -> float:
    """Give the seconds in *given*, a number or such as ``"5s"``; raises SpecError, UsageError."""
    seconds = parse_duration(given) if isinstance(given, str) else float(given)
    if not seconds > 0:
        raise UsageError(f"an interval of {seconds:g} seconds is none", hint='write "5s"')
    return seconds
