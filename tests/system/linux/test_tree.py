"""Whole trees: whoever came of a program is found, stopped and swept."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.ports import Exit
from svcctl.system.posix.process import Process, parse_stat, read_process
from svcctl.system.posix.spawn import PosixSpawner

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with open(sys.argv[1], "w") as out:
            print(os.getpid(), file=out)
        time.sleep(60)
    os._exit(0)
os.wait()
"""
FORKER = """
import os, time
while True:
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
        os._exit(0)
    os.wait()
    time.sleep(0.002)
"""


def is_alive(pid: int) -> bool:
    found = read_process(pid)
    return found is not None and not found.ended


async def test_nothing_left_is_told_before_sweep_returns(spawner: PosixSpawner, kit: Any) -> None:
    child = spawner.spawn(kit.launch("true"))
    await kit.ended(child)
    told: list[object] = []

    child.sweep(told.append)

    assert told == [()]


async def test_a_double_forked_daemon_is_found_and_killed(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    child = spawner.spawn(kit.python(DAEMON, str(tmp_path / "pid")))
    assert await kit.ended(child) == Exit(code=0)
    pid = int(await kit.file(tmp_path / "pid"))

    members = child.members()
    killed = await kit.swept(child)

    assert [each.pid for each in members] == [pid]
    assert killed == members
    assert not is_alive(pid)


async def test_a_grandchild_in_a_session_of_its_own_is_swept_with_the_main_process(
    spawner: PosixSpawner, kit: Any
) -> None:
    child = spawner.spawn(kit.launch("sh", "-c", "setsid sleep 60 & sleep 60 & wait"))
    await kit.until(lambda: [each.name for each in child.members()].count("sleep") == 2)

    killed = await kit.swept(child)

    assert sorted(each.name for each in killed) == ["sh", "sleep", "sleep"]
    assert child.members() == ()
    assert await kit.ended(child) == Exit(signal="KILL")


async def test_a_daemon_without_our_environment_is_found_once_it_was_seen(
    spawner: PosixSpawner, kit: Any
) -> None:
    child = spawner.spawn(
        kit.launch("sh", "-c", "env -i /bin/sh -c 'exec setsid /bin/sleep 60' & wait")
    )
    await kit.until(lambda: [each.name for each in child.members()] == ["sh", "sleep"])
    child.signal("KILL")
    await kit.ended(child)

    killed = await kit.swept(child)

    assert [each.name for each in killed] == ["sleep"]


@pytest.mark.slow
async def test_a_program_that_forks_all_the_time_does_not_get_away(
    spawner: PosixSpawner, kit: Any
) -> None:
    child = spawner.spawn(kit.python(FORKER))
    await kit.until(lambda: len(child.members()) > 20)

    await kit.swept(child)

    assert child.members() == ()
    assert spawner.find(child.tree.token) is None


async def test_the_trees_of_others_are_left_alone(spawner: PosixSpawner, kit: Any) -> None:
    mine = spawner.spawn(kit.launch("sh", "-c", "(setsid sleep 60 &)"))
    other = spawner.spawn(kit.launch("sh", "-c", "(setsid sleep 60 &)"))
    await kit.ended(mine)
    await kit.ended(other)
    await kit.until(lambda: mine.members() and other.members())

    await kit.swept(mine)

    assert len(await kit.swept(other)) == 1


async def test_our_own_session_is_never_part_of_a_tree(spawner: PosixSpawner, kit: Any) -> None:
    launch = kit.launch("true")
    child = spawner.spawn(launch)
    await kit.ended(child)
    env = {**launch.env, "SVCCTL_TOKEN": launch.token}
    innocent = await asyncio.create_subprocess_exec("sleep", "60", env=env)

    killed = await kit.swept(child)
    innocent.terminate()

    assert killed == ()
    assert await innocent.wait() == -signal.SIGTERM


async def test_what_is_left_may_end_by_itself_within_the_grace(
    spawner: PosixSpawner, kit: Any
) -> None:
    child = spawner.spawn(kit.launch("sh", "-c", "(sleep 60 &)"))
    await kit.ended(child)
    # the shell in between may not have become sleep yet
    await kit.until(lambda: [each.name for each in child.members()] == ["sleep"])
    child.signal("TERM", everyone=True)

    killed = await kit.swept(child, grace=60)

    assert killed == ()


async def test_what_outlives_the_grace_is_killed(spawner: PosixSpawner, kit: Any) -> None:
    child = spawner.spawn(kit.launch("sh", "-c", "(sleep 60 &)"))
    await kit.ended(child)

    killed = await kit.swept(child, grace=0.02)

    assert [each.name for each in killed] == ["sleep"]


async def test_a_signal_reaches_everyone(spawner: PosixSpawner, kit: Any) -> None:
    child = spawner.spawn(kit.launch("sh", "-c", "setsid sleep 60 & sleep 60 & wait"))
    await kit.until(lambda: [each.name for each in child.members()].count("sleep") == 2)

    child.signal("TERM", everyone=True)

    await kit.until(lambda: child.members() == ())
    assert await kit.ended(child) == Exit(signal="TERM")


@pytest.mark.parametrize("use_cgroups", [False, pytest.param(True, marks=pytest.mark.needs_root)])
async def test_a_frozen_tree_stands_still_and_goes_on(
    frozen_tree: tuple[PosixSpawner, Any], kit: Any
) -> None:
    _, child = frozen_tree
    pids = [each.pid for each in child.members()]

    child.freeze()
    await kit.until(lambda: all(is_frozen(pid) for pid in pids))
    child.thaw()
    await kit.until(lambda: not any(is_frozen(pid) for pid in pids))

    assert len(pids) == 3
    child.signal("TERM", everyone=True)
    assert await kit.ended(child) == Exit(signal="TERM")


@pytest.mark.slow
@pytest.mark.needs_root
def test_a_daemon_that_only_its_group_knows_is_measured_too(
    new_spawner: Callable[[bool | None], PosixSpawner], runner: Any, kit: Any
) -> None:
    async def measure() -> None:
        spawner = new_spawner(True)
        script = "sleep 0.3; (env -i setsid sh -c 'sleep 60 & exec true' &); exec sleep 61"
        child = spawner.spawn(kit.launch("sh", "-c", script))
        await kit.until(lambda: [each.name for each in child.members()] == ["sleep"] * 2)

        await kit.until(lambda: spawner.usage([child])[0].processes == 2)

        child.signal("KILL", everyone=True)
        await kit.swept(child)

    runner.run(measure())


@pytest.fixture
def frozen_tree(
    new_spawner: Callable[[bool | None], PosixSpawner],
    runner: Any,
    kit: Any,
    use_cgroups: bool,
) -> tuple[PosixSpawner, Any]:
    async def begin() -> tuple[PosixSpawner, Any]:
        spawner = new_spawner(use_cgroups)
        child = spawner.spawn(kit.launch("sh", "-c", "setsid sleep 60 & sleep 60 & wait"))
        await kit.until(lambda: [each.name for each in child.members()].count("sleep") == 2)
        return spawner, child

    found: tuple[PosixSpawner, Any] = runner.run(begin())
    return found


def is_frozen(pid: int) -> bool:
    found = read_process(pid)
    if found is not None and found.state == "T":
        return True
    group = Path(f"/proc/{pid}/cgroup").read_text().rpartition("0::")[2].strip()
    events = Path(f"/sys/fs/cgroup/unified{group}/cgroup.events")
    return events.exists() and "frozen 1" in events.read_text()


@given(
    name=st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), max_size=15),
    numbers=st.lists(st.integers(0, 2**31), min_size=21, max_size=49),
)
def test_any_name_in_stat_is_read(name: str, numbers: list[int]) -> None:
    text = f"77 ({name}) S {' '.join(map(str, numbers))}\n"

    found = parse_stat(text.encode())

    assert found == Process(
        pid=77,
        name=name,
        state="S",
        ppid=numbers[0],
        group=numbers[1],
        session=numbers[2],
        threads=numbers[16],
        start_ticks=numbers[18],
        cpu_ticks=sum(numbers[10:14]),
        pages=numbers[20],
        system_ticks=numbers[11] + numbers[13],
    )


def test_our_own_stat_is_read() -> None:
    found = read_process(os.getpid())

    assert found is not None
    assert (found.ppid, found.session) == (os.getppid(), os.getsid(0))
