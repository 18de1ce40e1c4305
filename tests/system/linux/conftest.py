"""Real processes, and an event loop that fixtures and tests share."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.ports import Child, Exit, Launch, Member
from svcctl.system.posix.spawn import PosixSpawner

DEADLINE = 60.0  # seconds, after which a test hangs, however busy the machine is
_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what only root can do."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("needs_root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run coroutine tests in the loop of the fixture ``runner``."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    runner = pyfuncitem.funcargs["runner"]
    assert isinstance(runner, asyncio.Runner)
    runner.run(asyncio.wait_for(pyfuncitem.obj(**arguments), DEADLINE))
    return True


@pytest.fixture(autouse=True)
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def new_spawner(runner: asyncio.Runner) -> Iterator[Callable[[bool | None], PosixSpawner]]:
    """Give spawners of one agent; children still running at the end are killed."""
    entered: list[PosixSpawner] = []

    def enter(use_cgroups: bool | None) -> PosixSpawner:
        spawner = PosixSpawner(agent=f"test-{os.getpid()}", use_cgroups=use_cgroups)
        entered.append(spawner.__enter__())
        return spawner

    yield enter

    async def leave(spawner: PosixSpawner) -> None:
        for child in tuple(spawner._children.values()):
            await swept(child)
        spawner.__exit__(None, None, None)

    for spawner in reversed(entered):
        runner.run(leave(spawner))


@pytest.fixture
def spawner(
    runner: asyncio.Runner, new_spawner: Callable[[bool | None], PosixSpawner]
) -> PosixSpawner:
    async def enter() -> PosixSpawner:
        return new_spawner(False)

    return runner.run(enter())


def a_launch(*argv: str, **changes: object) -> Launch:
    """Give a launch with a token of its own."""
    launch = Launch(
        tag="web",
        token=f"token-{os.getpid()}-{next(_numbers)}",
        argv=argv,
        env={"PATH": os.environ["PATH"]},
    )
    return replace(launch, **changes)  # type: ignore[arg-type]  # a test's free choice


def a_python(source: str, *arguments: str, **changes: object) -> Launch:
    """Give a launch of a piece of Python."""
    return a_launch(sys.executable, "-I", "-S", "-c", source, *arguments, **changes)


async def ended(child: Child) -> Exit:
    """Wait for the end of the main process."""
    future = asyncio.get_running_loop().create_future()
    child.on_exit(future.set_result)
    return await asyncio.wait_for(future, DEADLINE)


async def swept(child: Child, *, grace: float = 0.0) -> tuple[Member, ...]:
    """Wait for the end of a sweep."""
    future = asyncio.get_running_loop().create_future()
    child.sweep(future.set_result, grace=grace)
    return await asyncio.wait_for(future, DEADLINE)


async def output_of(spawner: PosixSpawner, launch: Launch) -> tuple[Exit, str]:
    """Run a program to its end and give what it wrote."""
    reader, writer = os.pipe()
    try:
        child = spawner.spawn(replace(launch, stdout=writer, stderr=writer))
    finally:
        os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as source:
        how = await ended(child)
        child.close()
        return how, source.read()


async def until(condition: Callable[[], object]) -> None:
    """Wait, with a deadline, for what no event tells of."""
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.005)


async def a_file(path: Path) -> str:
    """Wait until a file has a whole line, and give it."""
    await until(lambda: path.exists() and path.read_text().endswith("\n"))
    return path.read_text().strip()


class Kit:
    """The words above, for tests: importlib mode knows no import of a conftest."""

    launch = staticmethod(a_launch)
    python = staticmethod(a_python)
    ended = staticmethod(ended)
    swept = staticmethod(swept)
    output_of = staticmethod(output_of)
    until = staticmethod(until)
    file = staticmethod(a_file)


@pytest.fixture
def kit() -> Kit:
    return Kit()
