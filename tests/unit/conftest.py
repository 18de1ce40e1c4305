"""Runs coroutines as tests; on Windows, leaves out what only POSIX has: terminals, FIFOs, modes.

And under Wine, which plays Windows for a run on Linux, what that run has proved for both.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.unit.same_everywhere import same_everywhere

DEADLINE = 60.0  # seconds, after which a test hangs, however busy the machine is

ON_WINDOWS = sys.platform == "win32"

NEED_POSIX = [
    "cli",
    "engine/test_command.py",
    "engine/test_environment.py",
    "engine/test_schedule.py",
    "engine/test_store.py",
    "observe/test_nothing_is_lost.py",
    "observe/test_reading_back.py",
    "server/test_local.py",
    "system/launchd",
]
"""Where every test does; a single one elsewhere is marked as such."""

collect_ignore = NEED_POSIX if ON_WINDOWS else []


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the files that Linux runs to the same effect, where it does."""
    if not os.environ.get("BESIDE_LINUX") or not collection_path.match("test_*.py"):
        return None
    return True if same_everywhere(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are marked."""
    if not ON_WINDOWS:
        return
    left_out = [item for item in items if item.get_closest_marker("posix")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test to its end, in an event loop of its own."""
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
