"""An agent has all the descriptors it may have, and one for need; its programs have what it had."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from svcctl.errors import CannotSpawn
from svcctl.ports import Exit
from svcctl.system.posix.process import child_pids, read_process, take_snapshot
from svcctl.system.posix.spawn import PosixSpawner

FEW = 200


@pytest.fixture
def few_files() -> Iterator[int]:
    """A soft limit of a few files; gives the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def none_left(*, but: int = 0) -> Iterator[None]:
    """Take every descriptor there is but so many."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1 + but, before[1]))
    taken: list[int] = []
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open("/", os.O_RDONLY))
        for each in taken[:but]:
            os.close(each)
        yield
    finally:
        for each in taken[but:]:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_an_agent_may_open_more_files_than_its_programs(
    few_files: int, new_spawner: Callable[[bool | None], PosixSpawner], kit: Any
) -> None:
    spawner = new_spawner(False)

    how, said = await kit.output_of(
        spawner, kit.launch("sh", "-c", "sleep 0.2; ulimit -Sn; ulimit -Hn")
    )

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (few_files, few_files)
    assert (how, said.split()) == (Exit(code=0), [str(FEW), str(few_files)])
    spawner.__exit__(None, None, None)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (FEW, few_files)


@pytest.mark.usefixtures("few_files")
async def test_a_program_is_started_by_an_agent_that_has_more_files_open_than_it_may(
    new_spawner: Callable[[bool | None], PosixSpawner], kit: Any
) -> None:
    spawner = new_spawner(False)
    crowd = [os.open("/", os.O_RDONLY) for _ in range(2 * FEW)]

    how, said = await kit.output_of(spawner, kit.launch("sh", "-c", "sleep 0.2; ulimit -Sn"))

    for each in crowd:
        os.close(each)
    assert (how, said.split()) == (Exit(code=0), [str(FEW)])


@pytest.mark.usefixtures("spawner")
async def test_who_cannot_be_looked_at_for_want_of_descriptors_is_not_taken_for_gone() -> None:
    with none_left():
        found = read_process(os.getpid())
        everybody = take_snapshot()
        children = child_pids()

    assert found is not None
    assert os.getpid() in everybody.by_pid
    assert children is not None


async def test_nothing_is_started_where_too_few_descriptors_are_left(
    spawner: PosixSpawner, kit: Any
) -> None:
    refused: list[bool] = []
    others = child_pids() or set()
    child = None
    while child is None:
        with none_left(but=len(refused)):
            try:
                child = spawner.spawn(kit.launch("sleep", "60"))
            except CannotSpawn as error:
                refused.append(error.permanent)

    child.signal("KILL")
    assert 0 < len(refused) < 20
    assert not any(refused)
    assert await kit.ended(child) == Exit(signal="KILL")
    assert (child_pids() or set()) <= others


async def test_a_tree_is_swept_to_its_end_without_a_descriptor(
    spawner: PosixSpawner, kit: Any
) -> None:
    child = spawner.spawn(kit.launch("sh", "-c", "sleep 60 & sleep 60 & wait"))
    await kit.until(lambda: len(child.members()) == 3)
    told: list[int] = []

    with none_left():
        child.sweep(lambda killed: told.append(len(killed)))
        async with asyncio.timeout(60):
            while not told:
                await asyncio.sleep(0.01)

    assert told == [3]
    assert child.members() == ()
