"""What a program sets for itself before it becomes itself: account, limits, capabilities."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import CannotSpawn
from svcctl.ports import Exit
from svcctl.spec.policy import Limits
from svcctl.system.posix.spawn import PosixSpawner

NOBODY = pwd.getpwnam("nobody")


@pytest.mark.needs_root
async def test_a_program_runs_as_its_user_with_the_environment_of_that_user(
    spawner: PosixSpawner, kit: Any
) -> None:
    script = "id -u; id -g; id -G; echo $HOME $USER $LOGNAME $SHELL"
    home = os.environ.get("HOME", "/root")
    launch = kit.launch("sh", "-c", script, user="nobody")
    launch.env["HOME"] = home  # as an agent of root hands on its own

    how, said = await kit.output_of(spawner, launch)

    name, gid = NOBODY.pw_name, NOBODY.pw_gid
    assert how == Exit(code=0)
    assert said.splitlines() == [
        str(NOBODY.pw_uid),
        str(gid),
        " ".join(map(str, os.getgrouplist(name, gid))),
        f"{NOBODY.pw_dir} {name} {name} {NOBODY.pw_shell}",
    ]


@pytest.mark.needs_root
async def test_a_home_that_was_set_on_purpose_stays(spawner: PosixSpawner, kit: Any) -> None:
    launch = kit.launch("sh", "-c", "echo $HOME", user="nobody")
    launch.env["HOME"] = "/srv/app"

    _, said = await kit.output_of(spawner, launch)

    assert said == "/srv/app\n"


@pytest.mark.needs_root
async def test_groups_are_set(spawner: PosixSpawner, kit: Any) -> None:
    launch = kit.launch("id", "-Gn", user="nobody", group="daemon", supplementary_groups=("mail",))

    _, said = await kit.output_of(spawner, launch)

    assert said.split() == ["daemon", "mail"]


async def test_limits_are_set(spawner: PosixSpawner, kit: Any) -> None:
    limits = Limits(nofile=123, rlimit={"core": 0, "fsize": 4096}, nice=7, affinity=(0,))
    script = "ulimit -n; ulimit -c; nice; grep Cpus_allowed_list /proc/self/status | cut -f2"

    _, said = await kit.output_of(spawner, kit.launch("sh", "-c", script, limits=limits))

    assert said.split() == ["123", "0", "7", "0"]


@pytest.mark.needs_root
async def test_capabilities_are_bounded_and_new_privileges_refused(
    spawner: PosixSpawner, kit: Any
) -> None:
    launch = kit.launch(
        *("cat", "/proc/self/status"), cap_bound=("net_bind_service",), no_new_privs=True
    )

    _, said = await kit.output_of(spawner, launch)

    fields = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    assert int(fields["CapBnd"], 16) == 1 << 10
    assert int(fields["CapPrm"], 16) == 1 << 10
    assert fields["NoNewPrivs"] == "1"


async def test_no_secret_and_no_shim_is_seen_among_the_arguments(
    spawner: PosixSpawner, kit: Any
) -> None:
    launch = kit.launch(
        "sh", "-c", "tr '\\0' ' ' < /proc/$$/cmdline; ls /proc/$$/fd", limits=Limits(nice=1)
    )

    _, said = await kit.output_of(spawner, launch)

    line, *descriptors = said.replace("fd ", "fd\n").split("\n")
    assert line.startswith("sh -c tr")
    assert set(descriptors) <= {"0", "1", "2", ""}


@pytest.mark.needs_root
async def test_a_folder_the_user_may_not_enter_ends_it_with_200(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)

    how, said = await kit.output_of(spawner, kit.launch("true", user="nobody", cwd=str(locked)))

    assert how == Exit(code=200)
    assert said.startswith(f"svcctl: cannot enter '{locked}': ")
    assert said.count("\n") == 1


async def test_a_program_that_cannot_be_run_ends_it_with_203(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    text = tmp_path / "text"
    text.write_text("just words")
    text.chmod(0o755)

    how, said = await kit.output_of(spawner, kit.launch(str(text), limits=Limits(nice=1)))

    assert how == Exit(code=203)
    assert said.startswith(f"svcctl: cannot run '{text}': ")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"user": "no-such-user"}, "there is no user 'no-such-user'"),
        ({"group": "no-such-group"}, "there is no group 'no-such-group'"),
        ({"supplementary_groups": ("no-such-group",)}, "there is no group 'no-such-group'"),
        ({"cap_bound": ("fly",)}, "there is no capability 'fly'"),
        ({"limits": Limits(rlimit={"patience": 1})}, "there is no resource limit 'patience'"),
    ],
)
@pytest.mark.needs_root
async def test_unknown_names_are_refused_before_anything_starts(
    spawner: PosixSpawner, kit: Any, changes: dict[str, Any], problem: str
) -> None:
    launch = kit.launch("true", **changes)

    with pytest.raises(CannotSpawn, match=problem) as caught:
        spawner.spawn(launch)

    assert caught.value.permanent
    assert caught.value.hint
    assert spawner.find(launch.token) is None


async def test_only_root_runs_programs_as_others(
    spawner: PosixSpawner, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY.pw_uid)

    with pytest.raises(CannotSpawn, match="only an agent of root") as caught:
        spawner.spawn(kit.launch("true", user="daemon"))

    assert caught.value.permanent


async def test_limits_out_of_reach_are_reported(spawner: PosixSpawner, kit: Any) -> None:
    limits = Limits(affinity=(0, 4095), memory=1 << 30)

    child = spawner.spawn(kit.launch("sleep", "60", limits=limits))

    assert dict(child.unenforced).keys() == {"affinity", "memory"}
    assert all(problem for _, problem in child.unenforced)
