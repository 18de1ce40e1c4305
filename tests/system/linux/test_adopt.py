"""A new agent takes over what an earlier one started, and never takes what is not it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from svcctl.ports import Exit, Identity
from svcctl.system.posix.pidfd import exit_of_stranger
from svcctl.system.posix.process import read_process, status_of_zombie
from svcctl.system.posix.spawn import PosixSpawner

EARLIER_AGENT = """
import asyncio, dataclasses, json, sys
from svcctl.ports import Launch
from svcctl.system.posix.spawn import PosixSpawner

async def main():
    with PosixSpawner(agent=sys.argv[1], use_cgroups=sys.argv[2] == "True") as spawner:
        launch = Launch(tag="web", token=sys.argv[3], argv=tuple(sys.argv[5:]),
                        env={"PATH": "/usr/bin:/bin"})
        identity = spawner.spawn(launch).identity
        with open(sys.argv[4], "w") as out:
            print(json.dumps(dataclasses.asdict(identity)), file=out)
        await asyncio.sleep(60)

asyncio.run(main())
"""
TOKEN = f"adopt-{os.getpid()}"


async def start_and_kill_an_agent(
    kit: Any, tmp_path: Path, *argv: str, token: str = TOKEN, use_cgroups: bool = False
) -> Identity:
    """Have another process start a program, and kill that process; the program lives on."""
    out = tmp_path / "identity"
    agent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", EARLIER_AGENT, f"test-{os.getpid()}", str(use_cgroups)),
        *(token, str(out), *argv),
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    document = json.loads(await kit.file(out))
    agent.kill()
    await agent.wait()
    return Identity(**document)


@pytest.fixture
def no_tree_left(runner: asyncio.Runner, spawner: PosixSpawner) -> Any:
    yield

    async def sweep() -> None:
        done = asyncio.get_running_loop().create_future()
        spawner.strays("web", TOKEN, done.set_result)
        await done

    runner.run(sweep())


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_tree_left")]


async def test_an_adopted_program_is_controlled_and_its_exit_known(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    script = "trap 'exit 9' TERM; while :; do sleep 0.01; done"
    identity = await start_and_kill_an_agent(kit, tmp_path, "sh", "-c", script)

    child = spawner.adopt(identity, tag="web", token=TOKEN)
    assert child is not None
    child.signal("TERM")

    assert child.identity == identity
    assert await kit.ended(child) == Exit(code=9)
    await kit.swept(child)


async def test_the_exit_of_a_program_that_init_took_leave_of_is_known(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    """Another process plays init here, so that the program is not our child."""
    out = tmp_path / "pid"
    parent = await asyncio.create_subprocess_exec(
        *("sh", "-c", f"setsid sh -c 'sleep 60; exit 5' & echo $! > {out}; wait $!; exec sleep 60"),
        env={**os.environ, "SVCCTL_TOKEN": TOKEN},
    )
    identity = spawner.identify(int(await kit.file(out)))
    assert identity is not None
    child = spawner.adopt(identity, tag="web", token=TOKEN)
    assert child is not None
    await kit.until(lambda: len(child.members()) > 1)

    for each in child.members():
        if each.name == "sleep" and os.getsid(each.pid) == identity.pid:
            os.kill(each.pid, signal.SIGKILL)
    how = await kit.ended(child)

    with suppress(ProcessLookupError):
        parent.kill()
    await parent.wait()
    known = how if _kernel_tells() else Exit(code=5)
    assert known == Exit(code=5)


def _kernel_tells() -> bool:
    """Say whether the kernel tells how a stranger's child ended (Linux 6.15)."""
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    return release >= (6, 15)


async def test_the_exit_of_a_program_that_nobody_takes_leave_of_is_known(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    """As where init is a program that never does, in many a container."""
    out = tmp_path / "pid"
    parent = await asyncio.create_subprocess_exec(
        *("sh", "-c", f"setsid sleep 60 & echo $! > {out}; exec sleep 60"),
        env={**os.environ, "SVCCTL_TOKEN": TOKEN},
    )
    identity = spawner.identify(int(await kit.file(out)))
    assert identity is not None
    child = spawner.adopt(identity, tag="web", token=TOKEN)
    assert child is not None

    child.signal("TERM")
    how = await kit.ended(child)
    zombie = read_process(identity.pid)

    parent.kill()
    await parent.wait()
    assert how == Exit(signal="TERM")
    assert zombie is not None
    assert zombie.ended


def test_a_stranger_does_not_see_how_a_process_ended() -> None:
    assert status_of_zombie(os.getpid(), 1) is None


async def test_the_tree_of_an_adopted_program_is_swept(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    identity = await start_and_kill_an_agent(
        kit, tmp_path, "sh", "-c", "(setsid sleep 60 &); sleep 60 & wait"
    )
    child = spawner.adopt(identity, tag="web", token=TOKEN)
    assert child is not None
    await kit.until(lambda: [each.name for each in child.members()].count("sleep") == 2)

    killed = await kit.swept(child)

    assert sorted(each.name for each in killed) == ["sh", "sleep", "sleep"]


@pytest.mark.needs_root
async def test_the_control_group_of_an_adopted_program_is_found_again(
    new_spawner: Callable[[bool | None], PosixSpawner], kit: Any, tmp_path: Path
) -> None:
    identity = await start_and_kill_an_agent(kit, tmp_path, "sleep", "60", use_cgroups=True)
    spawner = new_spawner(True)

    child = spawner.adopt(identity, tag="web", token=TOKEN)

    assert child is not None
    assert child.tree.group is not None
    assert child.tree.group.pids() == (identity.pid,)
    await kit.swept(child)
    child.close()
    assert not Path(child.tree.group.path).exists()


async def test_another_process_with_the_same_pid_is_never_adopted(
    spawner: PosixSpawner, kit: Any
) -> None:
    identity = spawner.spawn(kit.launch("sleep", "60")).identity
    fakes = (
        replace(identity, start_ticks=identity.start_ticks - 1),
        replace(identity, boot_id="another boot"),
        *((replace(identity, inode=identity.inode + 1),) if identity.inode else ()),
    )

    adopted = [spawner.adopt(each, tag="web", token="x") for each in fakes]

    assert adopted == [None] * len(fakes)


async def test_a_process_that_is_no_more_is_not_adopted(spawner: PosixSpawner, kit: Any) -> None:
    child = spawner.spawn(kit.launch("true"))
    await kit.ended(child)

    assert spawner.adopt(child.identity, tag="web", token="x") is None
    assert spawner.identify(child.identity.pid) is None


async def test_an_identity_without_inode_is_adopted_by_the_rest(
    spawner: PosixSpawner, kit: Any
) -> None:
    launch = kit.launch("sleep", "60")
    first = spawner.spawn(launch)

    child = spawner.adopt(replace(first.identity, inode=0), tag="web", token=launch.token)

    assert child is not None
    child.signal("TERM")
    assert await kit.ended(child) == Exit(signal="TERM")


async def test_an_interrupted_spawn_is_found_by_its_token(spawner: PosixSpawner, kit: Any) -> None:
    launch = kit.launch("sh", "-c", "setsid sleep 60 & wait")
    child = spawner.spawn(launch)
    await kit.until(lambda: len(child.members()) == 2)

    assert spawner.find(launch.token) == child.identity
    assert spawner.find("nobody") is None


async def test_strays_are_killed_by_their_token(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    await start_and_kill_an_agent(kit, tmp_path, "sh", "-c", "(setsid sleep 60 &)")
    await kit.until(lambda: name_of(spawner.find(TOKEN)) == "sleep")
    killed = asyncio.get_running_loop().create_future()

    spawner.strays("web", TOKEN, killed.set_result)

    assert [each.name for each in await killed] == ["sleep"]
    assert spawner.find(TOKEN) is None


def name_of(identity: Identity | None) -> str:
    found = None if identity is None else read_process(identity.pid)
    return "" if found is None else found.name


async def test_the_kernel_tells_nothing_of_a_process_that_runs(
    spawner: PosixSpawner, kit: Any
) -> None:
    child = spawner.spawn(kit.launch("sleep", "60"))
    pidfd = os.pidfd_open(child.identity.pid)
    try:
        assert exit_of_stranger(pidfd) is None
    finally:
        os.close(pidfd)
