"""Every implementation of a port, and its fake, before the same tests."""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from svcctl.errors import CannotSpawn
from svcctl.ports import Child, Clock, Exit, Launch, Member, Spawner
from svcctl.system.clock import SystemClock
from svcctl.testing.fakes import FakeChild, FakeClock, FakeSpawner

DEADLINE = 60.0  # seconds, after which a test hangs, however busy the machine is


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test in an event loop of its own, worlds and managers entered within it."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}

    async def run() -> None:
        async with AsyncExitStack() as stack:
            for each in arguments.values():
                if isinstance(each, RealWorld):
                    stack.enter_context(each.spawner)
                elif isinstance(each, AbstractAsyncContextManager):
                    await stack.enter_async_context(each)
            async with asyncio.timeout(DEADLINE):
                await pyfuncitem.obj(**arguments)

    asyncio.run(run())
    return True


class World(Protocol):
    """A clock and a spawner, and programs to try them with."""

    @property
    def clock(self) -> Clock: ...

    @property
    def spawner(self) -> Spawner: ...

    def start(self, token: str = "") -> Child:
        """Start a program that ends by nothing but a signal."""

    def start_and_exit(self, code: int, *, leaving_a_child: bool = False) -> Child:
        """Start a program that ends by itself."""

    def refused(self) -> Launch:
        """Give a launch that this machine refuses."""

    async def until(self, condition: Callable[[], object]) -> None:
        """Let things happen until *condition* is true."""

    async def settle(self, child: Child) -> None:
        """Kill what is left of a child that a test has done with."""


def a_launch(token: str, *argv: str) -> Launch:
    return Launch(
        tag="web",
        token=token or os.urandom(8).hex(),
        argv=argv,
        env={"PATH": os.environ["PATH"]},
    )


async def _settle(world: World, child: Child) -> None:
    gone: list[tuple[Member, ...]] = []
    child.sweep(gone.append)
    await world.until(lambda: gone)
    child.close()


class FakeWorld:
    """Nothing happens but what a test makes happen."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.spawner = FakeSpawner(self.clock)

    def start(self, token: str = "") -> FakeChild:
        return self.spawner.spawn(a_launch(token, "sleep", "1000"))

    def start_and_exit(self, code: int, *, leaving_a_child: bool = False) -> FakeChild:
        child = self.start()
        if leaving_a_child:
            child.leftover.append(Member(pid=child.identity.pid + 1, name="sleep"))
        self.clock.later(0.01, lambda: child.exit(code))
        return child

    def refused(self) -> Launch:
        self.spawner.refusals.append(CannotSpawn("no such program", permanent=True))
        return a_launch("", "/no/such/program")

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self.clock.forward(0.01)
            await asyncio.sleep(0)

    async def settle(self, child: Child) -> None:
        await _settle(self, child)


class RealWorld:
    """The machine this runs on."""

    def __init__(self) -> None:
        from svcctl.system.posix.spawn import PosixSpawner  # not there on Windows

        self.clock = SystemClock()
        self.spawner = PosixSpawner(agent=f"test-{os.getpid()}", use_cgroups=False)

    def start(self, token: str = "") -> Child:
        child = self.spawner.spawn(a_launch(token, "sleep", "1000"))
        environ = Path(f"/proc/{child.identity.pid}/environ")
        deadline = time.monotonic() + 60
        while not environ.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.001)  # the kernel shows it a moment after exec
        return child

    def start_and_exit(self, code: int, *, leaving_a_child: bool = False) -> Child:
        fork = "sleep 1000 & " if leaving_a_child else ""
        return self.spawner.spawn(a_launch("", "sh", "-c", f"{fork}exit {code}"))

    def refused(self) -> Launch:
        return a_launch("", "/no/such/program")

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await asyncio.sleep(0.002)

    async def settle(self, child: Child) -> None:
        await _settle(self, child)


@pytest.fixture(params=[FakeWorld, RealWorld], ids=["fake", "posix"])
def world(request: pytest.FixtureRequest) -> World:
    made: World = request.param()
    return made


@pytest.fixture
def ends() -> list[Exit]:
    return []
