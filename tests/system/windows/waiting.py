"""How long tests on Windows wait for what must come: long, for Wine where much else runs."""

from __future__ import annotations

import asyncio
import faulthandler
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

PATIENCE = 150.0
"""Seconds for one thing; the test as a whole has the time limit of pytest."""

_LOOK_AGAIN = 0.05


def until(check: Callable[[], Any], *, what: str) -> Any:
    """Give the first true value of *check*, or fail."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := check():
            return value
        time.sleep(_LOOK_AGAIN)
    pytest.fail(f"not within {PATIENCE:g}s: {what}")


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run *test* in a loop; where it takes too long, tell what every thread is at, and fail."""

    async def within() -> None:
        telling = asyncio.get_running_loop().call_later(PATIENCE, faulthandler.dump_traceback, 2)
        async with asyncio.timeout(PATIENCE):
            await test
        telling.cancel()

    asyncio.run(within())
