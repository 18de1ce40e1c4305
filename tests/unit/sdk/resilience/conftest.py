"""Time that a test owns, and turns of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from svcctl.testing.fakes import FakeClock


async def turns() -> None:
    """Let every task go on until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture(name="turns")
def turns_fixture() -> Callable[[], Awaitable[None]]:
    """Let every task go on until it waits for something."""
    return turns


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still until it is moved."""
    return FakeClock()
