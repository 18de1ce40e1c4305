"""Coroutines as tests; and what is left out where its library cannot be loaded."""

from __future__ import annotations

import asyncio
import inspect
import os

import pytest

DEADLINE = 60.0  # seconds, after which a test hangs, however busy the machine is

# Wine cannot load the library of cryptography: signatures are proven elsewhere.
collect_ignore = ["test_host_keys.py"] if os.name == "nt" else []


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
