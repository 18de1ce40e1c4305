"""Starting programs: what they get, how they end, and why one cannot be started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import CannotSpawn, UsageError
from svcctl.ports import Exit
from svcctl.system.posix.process import child_pids, read_process
from svcctl.system.posix.spawn import PosixSpawner


async def test_an_exit_code_is_told(spawner: PosixSpawner, kit: Any) -> None:
    child = spawner.spawn(kit.launch("sh", "-c", "exit 7"))

    assert await kit.ended(child) == Exit(code=7)


async def test_the_signal_that_ended_a_program_is_told_by_name(
    spawner: PosixSpawner, kit: Any
) -> None:
    child = spawner.spawn(kit.launch("sleep", "60"))

    child.signal("TERM")

    assert await kit.ended(child) == Exit(signal="TERM")


async def test_who_asks_after_the_end_is_told_too(spawner: PosixSpawner, kit: Any) -> None:
    child = spawner.spawn(kit.launch("true"))
    await kit.ended(child)

    assert await kit.ended(child) == Exit(code=0)


async def test_a_signal_to_a_program_that_ended_is_no_error(
    spawner: PosixSpawner, kit: Any
) -> None:
    child = spawner.spawn(kit.launch("true"))
    await kit.ended(child)

    child.signal("TERM")
    child.signal("TERM", everyone=True)


async def test_an_unknown_signal_is_refused(spawner: PosixSpawner, kit: Any) -> None:
    child = spawner.spawn(kit.launch("sleep", "60"))

    with pytest.raises(UsageError, match="there is no signal 'FOO'"):
        child.signal("FOO")


async def test_the_exits_of_two_hundred_children_are_all_seen(
    spawner: PosixSpawner, kit: Any
) -> None:
    children = [spawner.spawn(kit.launch("sh", "-c", f"exit {n % 100}")) for n in range(200)]

    exits = await asyncio.gather(*map(kit.ended, children))

    assert exits == [Exit(code=n % 100) for n in range(200)]


async def test_a_program_leads_a_session_of_its_own(spawner: PosixSpawner, kit: Any) -> None:
    source = "import os; print(os.getpid() == os.getsid(0) == os.getpgrp())"

    _, said = await kit.output_of(spawner, kit.python(source))

    assert said == "True\n"


async def test_a_program_ignores_and_blocks_no_signal(spawner: PosixSpawner, kit: Any) -> None:
    _, status = await kit.output_of(spawner, kit.launch("cat", "/proc/self/status"))

    fields = dict(line.split(":", 1) for line in status.splitlines())
    ordinary = (1 << 31) - 1  # glibc keeps two of the others for itself
    assert int(fields["SigIgn"], 16) & ordinary == 0
    assert int(fields["SigBlk"], 16) == 0


async def test_the_environment_names_tag_and_token(spawner: PosixSpawner, kit: Any) -> None:
    launch = kit.launch("env")

    _, said = await kit.output_of(spawner, launch)

    assert set(said.split()) == {
        f"PATH={os.environ['PATH']}",
        f"SVCCTL_TOKEN={launch.token}",
        "SVCCTL_TAG=web",
    }


async def test_folder_and_umask_are_those_asked_for_and_ours_stay(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    before = Path.cwd(), os.umask(0o022)

    _, said = await kit.output_of(
        spawner, kit.launch("sh", "-c", "pwd; umask", cwd=str(tmp_path), umask=0o027)
    )

    assert said.split() == [str(tmp_path), "0027"]
    assert Path.cwd() == before[0]
    assert os.umask(before[1]) == 0o022


async def test_a_program_is_found_relative_to_its_folder(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    script = tmp_path / "run"
    script.write_text("#!/bin/sh\necho here\n")
    script.chmod(0o755)

    _, said = await kit.output_of(spawner, kit.launch("./run", cwd=str(tmp_path)))

    assert said == "here\n"


async def test_input_that_is_open_never_ends_and_null_ends_at_once(
    spawner: PosixSpawner, kit: Any
) -> None:
    waiting = spawner.spawn(kit.launch("cat", stdin="open"))
    done = spawner.spawn(kit.launch("cat"))

    assert await kit.ended(done) == Exit(code=0)
    assert len(waiting.members()) == 1


async def test_input_can_be_a_file(spawner: PosixSpawner, kit: Any, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("from a file")

    _, said = await kit.output_of(spawner, kit.launch("cat", stdin="file:in", cwd=str(tmp_path)))

    assert said == "from a file"


async def test_outputs_may_be_swapped(spawner: PosixSpawner, kit: Any, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    saved = os.dup(1), os.dup(2)
    try:
        for number, path in ((1, one), (2, two)):
            file = os.open(path, os.O_CREAT | os.O_WRONLY)
            os.dup2(file, number)
            os.close(file)
        child = spawner.spawn(kit.launch("sh", "-c", "echo 1; echo 2 >&2", stdout=2, stderr=1))
    finally:
        for number, descriptor in enumerate(saved, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)
    await kit.ended(child)

    assert (one.read_text(), two.read_text()) == ("2\n", "1\n")


async def test_no_descriptor_of_ours_leaks_into_a_program(spawner: PosixSpawner, kit: Any) -> None:
    _, said = await kit.output_of(spawner, kit.launch("ls", "/proc/self/fd"))

    assert said.split() == ["0", "1", "2", "3"]  # 3 is what ls reads the folder by


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (("no-such-program",), "'no-such-program' was not found in PATH"),
        (("./absent",), "absent' was not found"),
        (("./plain",), "plain' is not executable"),
        (("./folder",), "folder' is a folder"),
        (("./orphan",), "needs the interpreter '/no/such/shell'"),
        (("./text",), "is not a program this machine can run"),
        ((), "the command is empty"),
        (("true", "a\0b"), "no program can be given"),
    ],
)
async def test_what_cannot_be_started_is_explained(
    spawner: PosixSpawner, kit: Any, tmp_path: Path, argv: tuple[str, ...], problem: str
) -> None:
    (tmp_path / "plain").write_text("")
    (tmp_path / "folder").mkdir()
    for name, text in (("orphan", "#!/no/such/shell\n"), ("text", "just words\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    with pytest.raises(CannotSpawn, match=problem) as caught:
        spawner.spawn(kit.launch(*argv, cwd=str(tmp_path)))

    assert caught.value.permanent
    assert Path.cwd() != tmp_path


async def test_a_missing_folder_is_explained(spawner: PosixSpawner, kit: Any) -> None:
    with pytest.raises(CannotSpawn, match="working directory '/no/such' does not exist"):
        spawner.spawn(kit.launch("true", cwd="/no/such"))


async def test_children_of_other_code_in_this_process_are_left_to_it(
    spawner: PosixSpawner, kit: Any
) -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as other:
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        child = spawner.spawn(kit.launch("sh", "-c", "(setsid sh -c 'exit 0' &)"))
        await kit.ended(child)
        os.kill(os.getpid(), signal.SIGCHLD)
        await kit.swept(child)

        assert other.wait() == 3


async def test_orphans_that_ended_leave_no_zombies(spawner: PosixSpawner, kit: Any) -> None:
    others = zombies()
    child = spawner.spawn(kit.launch("sh", "-c", "for n in 1 2 3; do (true &) ; done"))
    await kit.ended(child)
    await kit.swept(child)

    await kit.until(lambda: zombies() <= others)


def zombies() -> set[int]:
    processes = map(read_process, child_pids() or ())
    return {each.pid for each in processes if each is not None and each.ended}


async def test_usage_counts_the_whole_tree(spawner: PosixSpawner, kit: Any) -> None:
    busy = spawner.spawn(kit.launch("sh", "-c", "sleep 60 & sleep 60 & wait"))
    await kit.until(lambda: len(busy.members()) == 3)
    idle = spawner.spawn(kit.launch("sleep", "60"))

    # The kernel counts memory in batches, so a program has none in its first moments.
    await kit.until(lambda: spawner.usage([idle])[0].memory_bytes > 0)
    first, second = spawner.usage([busy, idle])

    assert (first.processes, second.processes) == (3, 1)
    assert (first.threads, second.threads) == (3, 1)
    assert first.memory_bytes > second.memory_bytes


async def test_memory_of_its_own_is_less_than_what_is_resident(
    spawner: PosixSpawner, kit: Any
) -> None:
    child = spawner.spawn(kit.launch("sleep", "60"))
    await kit.until(lambda: spawner.usage([child])[0].memory_bytes > 0)

    private = spawner.private_bytes(child)

    assert private is not None
    assert 0 < private < spawner.usage([child])[0].memory_bytes
