"""Control groups: where an agent may use them, what they catch, and that none stays behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.ports import Exit
from svcctl.spec.policy import Limits
from svcctl.system.posix import cgroup
from svcctl.system.posix.cgroup import Cgroups, find_mount, find_own
from svcctl.system.posix.spawn import PosixSpawner

MOUNTINFO = """\
23 1 0:21 / /proc rw - proc proc rw
30 23 0:26 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
31 23 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
"""
FILES = ("cgroup.procs", "cgroup.subtree_control", "memory.max", "memory.oom.group", "cpu.max")


@pytest.fixture
def grouped(
    runner: asyncio.Runner, new_spawner: Callable[[bool | None], PosixSpawner]
) -> PosixSpawner:
    async def enter() -> PosixSpawner:
        return new_spawner(True)

    return runner.run(enter())


def test_the_mount_of_a_mixed_hierarchy_is_found() -> None:
    assert find_mount(MOUNTINFO) == "/sys/fs/cgroup/unified"
    assert find_mount("") == ""


def test_our_own_group_is_found() -> None:
    assert find_own("4:memory:/old\n0::/user.slice/a b\n") == "/user.slice/a b"
    assert find_own("4:memory:/old\n") == ""


@pytest.mark.needs_root
async def test_a_daemon_that_hides_from_everything_else_is_found_by_its_group(
    grouped: PosixSpawner, kit: Any
) -> None:
    script = "sleep 0.1; (env -i /usr/bin/setsid /bin/sleep 60 &)"
    child = grouped.spawn(kit.launch("sh", "-c", script))
    await kit.ended(child)
    await kit.until(lambda: [each.name for each in child.members()] == ["sleep"])

    killed = await kit.swept(child)

    assert [each.name for each in killed] == ["sleep"]


@pytest.mark.needs_root
async def test_a_group_is_taken_away_with_its_child(grouped: PosixSpawner, kit: Any) -> None:
    child = grouped.spawn(kit.launch("true"))
    group = child.tree.group
    assert group is not None
    was_there = os.path.isdir(group.path)
    assert await kit.ended(child) == Exit(code=0)

    child.close()

    assert was_there
    assert not os.path.exists(group.path)


@pytest.mark.needs_root
async def test_no_group_is_left_when_the_agent_ends(kit: Any) -> None:
    with PosixSpawner(agent=f"alone-{os.getpid()}", use_cgroups=True) as spawner:
        child = spawner.spawn(kit.launch("sleep", "60"))
        group = child.tree.group
        assert group is not None
        await kit.swept(child)

    top = Path(group.path).parent.parent
    assert top.name == f"svcctl-alone-{os.getpid()}"
    assert not top.exists()


@pytest.mark.needs_root
async def test_hooks_and_probes_get_no_group(grouped: PosixSpawner, kit: Any) -> None:
    child = grouped.spawn(kit.launch("sleep", "60", tag="web:pre_start"))

    assert child.tree.group is None


@pytest.mark.needs_root
async def test_a_program_with_limits_joins_its_group_before_it_runs(
    grouped: PosixSpawner, kit: Any
) -> None:
    launch = kit.launch("cat", "/proc/self/cgroup", limits=Limits(tasks=50))

    _, said = await kit.output_of(grouped, launch)

    assert find_own(said).endswith(f"/svc/web~{launch.token[:12]}")


def test_limits_become_settings_of_the_group(tmp_path: Path) -> None:
    groups = Cgroups(str(tmp_path), "a1")
    group = groups.group("web", "token")
    os.makedirs(group.path)
    for name in FILES:
        (Path(group.path) / name).touch()

    problems = group.limit(Limits(memory=1 << 20, cpu=1.5, tasks=9))

    read = {name: (Path(group.path) / name).read_text() for name in FILES}
    assert read["memory.max"] == "1048576"
    assert read["memory.oom.group"] == "1"
    assert read["cpu.max"] == "150000 100000"
    assert problems == (("tasks", "the agent was not given the controller 'pids'"),)


def test_the_agent_moves_aside_before_it_hands_controllers_on(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory")
    (tmp_path / "cgroup.subtree_control").touch()
    aside = tmp_path / "svcctl-a1" / "agent"
    aside.mkdir(parents=True)
    (aside / "cgroup.procs").touch()

    Cgroups(str(tmp_path), "a1").make("web", "token", Limits(memory=1 << 20))

    assert (aside / "cgroup.procs").read_text() == "0"
    assert "+memory" in (tmp_path / "cgroup.subtree_control").read_text()


@pytest.mark.needs_root
def test_what_systemd_arranges_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cgroup, "_LEAVE_TO_SYSTEMD", str(tmp_path))

    assert cgroup.open_cgroups("a1") is None


async def test_without_groups_their_limits_are_reported(spawner: PosixSpawner, kit: Any) -> None:
    child = spawner.spawn(kit.launch("sleep", "60", limits=Limits(memory=1 << 30, tasks=5)))

    assert [name for name, _ in child.unenforced] == ["memory", "tasks"]
