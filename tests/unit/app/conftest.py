"""Coroutines as tests, each in an event loop of its own and with a deadline."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

import pytest

from svcctl.ports import InstanceStatus
from svcctl.testing.world import FakeWorld

DEADLINE = 60.0  # seconds, after which a test hangs, however busy the machine is


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test to its end."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}

    async def run() -> None:
        async with asyncio.timeout(DEADLINE):
            await pyfuncitem.obj(**arguments)

    asyncio.run(run())
    return True


async def _turns() -> None:
    """Let the event loop do all that can be done without time passing."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def turns() -> Callable[[], Awaitable[None]]:
    return _turns


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


def _standing(instance: str, where: str) -> InstanceStatus:
    return InstanceStatus(
        service=instance,
        instance=instance,
        phase=where,
        ready=False,
        live=None,
        pid=None,
        started_at=None,
        restarts=0,
        exit_code=None,
        exit_signal=None,
        manager="agent",
        spec_revision="",
        applied=True,
        enabled=True,
        cpu=None,
        memory_bytes=None,
        processes=None,
        reason="gave up",
        status_text="",
        next_at=None,
        groups=(),
        labels={},
        description="",
    )


@pytest.fixture
def standing() -> Callable[[str, str], InstanceStatus]:
    """Give the status of an instance in a phase."""
    return _standing
