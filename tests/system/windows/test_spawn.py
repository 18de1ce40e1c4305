"""How programs are started on Windows, and how they end."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import CannotSpawn
from svcctl.ports import Exit, Usage
from svcctl.spec.policy import Limits
from svcctl.system.windows.command_line import command_line
from svcctl.system.windows.snapshot import Process, take_snapshot
from tests.system.windows.trees import CHILDREN, Stranger, Trees, in_loop

SAY_ALL = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]))"
TIMES = 10
STAY = "import time; from say import say; say('here'); time.sleep(1000)"
HOST = """
import asyncio, os, sys
from say import say
from svcctl.ports import Launch
from svcctl.system.windows.spawn import WindowsSpawner

async def main():
    with WindowsSpawner() as spawner:
        child = spawner.spawn(Launch(
            tag="web", token="t", argv=(sys.executable, "-c", sys.argv[1], sys.argv[2], "0"),
            env=dict(os.environ), cwd=os.getcwd(), stdout=-1, stderr=-1,
        ))
        say("host", child.identity.pid)
        await asyncio.sleep(1000)

asyncio.run(main())
"""


@pytest.mark.slow
@in_loop
async def test_a_program_gets_its_arguments_variables_and_folder(trees: Trees) -> None:
    folder = trees.folder / "größe 大"
    folder.mkdir()
    argv = ["", "two words", 'say "hi" \\', "C:\\end\\", "größe 大 🐍", "%PATH%", "a\nb", "&|<>^"]
    env = {"PATH": os.environ["PATH"], "Straße": "大 🐍", "zoo": "1"}

    program = trees.start(
        SAY_ALL.replace("print", "sys.stdout.reconfigure(encoding='utf-8'); print"),
        *argv,
        cwd=str(folder),
        env=env,
    )
    said_argv, said_env, said_folder = json.loads(await program.line())

    assert said_argv == argv
    found = {name.upper(): value for name, value in said_env.items()}
    assert {name: found[name.upper()] for name in env} == env
    assert Path(said_folder) == folder


@pytest.mark.slow
@in_loop
async def test_a_program_gets_what_windows_cannot_do_without_and_what_tells_its_tree(
    trees: Trees,
) -> None:
    program = trees.start(SAY_ALL, env={})

    _, env, _ = json.loads(await program.line())

    found = {name.upper(): value for name, value in env.items()}
    assert found["SYSTEMROOT"] == os.environ["SYSTEMROOT"]
    assert found["SVCCTL_TAG"] == "web"
    assert found["SVCCTL_TOKEN"] == program.child.token


@pytest.mark.slow
@in_loop
@pytest.mark.parametrize("code", [0, 3, 0xC0000005, 0xFFFFFFFF])
async def test_an_exit_code_has_32_bits_without_a_sign(trees: Trees, code: int) -> None:
    program = trees.start(f"import ctypes; ctypes.windll.kernel32.ExitProcess({code})")

    assert await program.end() == Exit(code=code)


@pytest.mark.slow
@in_loop
async def test_a_program_nobody_listens_to_writes_into_nothing(trees: Trees) -> None:
    child = trees.spawner.spawn(
        trees.launch(sys.executable, "-c", "import sys; print('x' * 100000); sys.exit(7)")
    )
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    child.on_exit(ended.set_result)

    assert await ended == Exit(code=7)
    child.close()


@pytest.mark.slow
@in_loop
@pytest.mark.parametrize("stdin", ["null", "open", "file:in.txt"])
async def test_a_program_reads_what_it_is_to_read(trees: Trees, stdin: str) -> None:
    (trees.folder / "in.txt").write_text("from a file", encoding="ascii")
    code = """
import sys, threading
from say import say
reading = threading.Thread(target=lambda: say(repr(sys.stdin.read())), daemon=True)
reading.start(); reading.join(0.5); say(reading.is_alive())
"""

    program = trees.start(code, stdin=stdin)
    first = await program.line()

    expected = {"null": "''", "open": "True", "file:in.txt": "'from a file'"}
    assert first == expected[stdin]


@pytest.mark.slow
@in_loop
async def test_a_sibling_holds_nobody_elses_pipe_open(trees: Trees) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    sibling = trees.start(STAY)
    await sibling.line()

    os.close(writer)

    assert os.read(reader, 1) == b""
    os.close(reader)
    assert sibling.ends == []


@pytest.mark.slow
@in_loop
async def test_thirty_programs_started_at_once_all_run_and_end(trees: Trees) -> None:
    programs = [trees.run("cmd.exe", "/c", f"echo {n}& exit {n}") for n in range(30)]

    ends = [await each.end() for each in programs]
    for each in programs:
        await each.silence()

    assert [end.code for end in ends] == list(range(30))
    assert [each.lines for each in programs] == [[str(n)] for n in range(30)]
    assert len({each.pid for each in programs}) == 30


@pytest.mark.slow
@in_loop
async def test_a_batch_file_gets_what_a_shell_would_act_upon_as_text(trees: Trees) -> None:
    folder = trees.folder / "my scripts"
    folder.mkdir()
    (folder / "say.cmd").write_text("@echo [%1]\n@exit /b 5\n", encoding="ascii")

    program = trees.run(str(folder / "say.cmd"), "a & echo b")

    assert await program.line() == '["a & echo b"]'
    assert await program.end() == Exit(code=5)


@pytest.mark.slow
@in_loop
async def test_a_relative_program_starts_at_its_folder_and_needs_no_extension(
    trees: Trees,
) -> None:
    (trees.folder / "say.cmd").write_text("@echo here\n", encoding="ascii")

    program = trees.run(r".\say")

    assert await program.line() == "here"


@in_loop
@pytest.mark.parametrize(
    ("launch", "problem"),
    [
        ({"argv": ()}, "the command is empty"),
        ({"argv": ("no-such-program",)}, r"'no-such-program' was not found in PATH \("),
        ({"argv": (r"C:\no\such.exe",)}, r"'C:\\no\\such.exe' was not found"),
        ({"argv": ("notes.txt",)}, "was not found in PATH"),
        ({"argv": (r".\notes.txt",)}, "is no program but a document or a script"),
        ({"argv": (r".\folder",)}, "is a folder, not a program"),
        ({"argv": ("cmd.exe", "a\0b")}, "NUL"),
        ({"argv": ("cmd.exe", "x" * 40_000)}, "is the most on Windows"),
        ({"argv": (r".\run.cmd", "%PATH%")}, "cannot be handed to a batch file safely"),
        ({"argv": ("cmd.exe",), "cwd": r"C:\no\such"}, r"working directory 'C:\\no\\such'"),
        ({"argv": ("cmd.exe",), "env": {"a=b": "c"}}, "'a=b' is none"),
        ({"argv": ("cmd.exe",), "stdin": "file:none"}, "'none' cannot be read"),
        ({"argv": ("cmd.exe",), "stdin": "odd"}, "stdin 'odd' is not known"),
        ({"argv": ("cmd.exe",), "user": "somebody"}, "cannot be started as 'somebody'"),
    ],
)
async def test_what_cannot_be_started_is_refused_for_good(
    trees: Trees, launch: dict[str, Any], problem: str
) -> None:
    (trees.folder / "notes.txt").write_text("notes", encoding="ascii")
    (trees.folder / "run.cmd").write_text("", encoding="ascii")
    (trees.folder / "folder").mkdir()
    path: dict[str, Any] = {"env": {"PATH": os.environ["PATH"]}}
    wanted = replace(trees.launch(), **(path | launch))

    with pytest.raises(CannotSpawn, match=problem) as raised:
        trees.spawner.spawn(wanted)

    assert raised.value.permanent


@in_loop
async def test_a_refused_program_leaves_no_handle_behind(trees: Trees) -> None:
    (trees.folder / "notes.txt").write_text("notes", encoding="ascii")
    launch = trees.launch(r".\notes.txt", stdin="open")

    def refused() -> int:
        with pytest.raises(CannotSpawn):
            trees.spawner.spawn(launch)
        return _handles()

    before = refused()

    assert [refused() for _ in range(TIMES)][-1] - before < TIMES


@pytest.mark.slow
@in_loop
async def test_a_program_that_was_closed_leaves_no_handle_behind(trees: Trees) -> None:
    async def once() -> int:
        child = trees.spawner.spawn(trees.launch("cmd.exe", "/c", "exit 0", stdin="open"))
        ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        child.on_exit(ended.set_result)
        await ended
        child.sweep(lambda _: None)
        child.close()
        return _handles()

    before = await once()

    assert [await once() for _ in range(TIMES)][-1] - before < TIMES


@pytest.mark.slow
@in_loop
async def test_what_windows_does_not_know_is_told_and_the_program_runs(trees: Trees) -> None:
    limits = Limits(nofile=10, rlimit={"core": 0}, affinity=(4000,))

    program = trees.start(STAY, limits=limits, umask=0o22, no_new_privs=True)

    assert await program.line() == "here"
    assert dict(program.child.unenforced) == {
        "affinity": "this machine has no processor 4000 in its first group",
        "umask": "Windows has no umask",
        "no_new_privs": "Windows has no no_new_privs",
        "nofile": "Windows has no such limit",
        "rlimit.core": "Windows has no such limit",
    }


@pytest.mark.slow
@in_loop
async def test_a_main_process_is_known_by_pid_and_token_while_it_runs(trees: Trees) -> None:
    program = trees.start(STAY)
    await program.line()
    identity, token = program.child.identity, program.child.token

    assert trees.spawner.identify(program.pid) == identity
    assert trees.spawner.find(token) == identity
    assert trees.spawner.find("another") is None

    await program.sweep()
    assert trees.spawner.find(token) is None
    assert trees.spawner.identify(program.pid) is None


@pytest.mark.slow
@in_loop
async def test_another_of_the_tree_can_become_its_main_process(trees: Trees) -> None:
    program = trees.start(f"{CHILDREN}\nsay(child.pid); child.wait()", STAY, 0)
    await program.line()
    pid = next(each.pid for each in program.child.members() if each.pid != program.pid)
    identity = trees.spawner.identify(pid)
    assert identity is not None

    adopted = trees.spawner.adopt(identity, tag="web", token=program.child.token)

    assert adopted is not None
    program.child.close()
    assert {each.pid for each in adopted.members()} == {pid, program.pid}
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    adopted.on_exit(ended.set_result)
    adopted.signal("KILL")
    assert await ended == Exit(signal="KILL")
    adopted.close()


@pytest.mark.slow
@in_loop
async def test_nobody_of_another_tree_is_adopted(trees: Trees) -> None:
    program, other = trees.start(STAY), trees.start(STAY)
    later = replace(program.child.identity, start_ticks=program.child.identity.start_ticks + 1)

    adopt = trees.spawner.adopt

    assert adopt(other.child.identity, tag="web", token=program.child.token) is None
    assert adopt(later, tag="web", token=program.child.token) is None
    assert adopt(program.child.identity, tag="web", token="another") is None


@pytest.mark.slow
@in_loop
async def test_usage_is_that_of_the_whole_tree(trees: Trees) -> None:
    # Wine counts no processor time of a job: that it is seconds is not shown here.
    alone = trees.start(STAY)
    pair = trees.start(f"{CHILDREN}\nsay(child.pid); child.wait()", STAY, 0)
    await alone.line()
    await pair.line()
    await pair.line()

    one, two = trees.spawner.usage([alone.child, pair.child])

    assert (one.processes, two.processes) == (1, 2)
    assert two.memory_bytes > one.memory_bytes > 1_000_000
    assert one.cpu_seconds >= 0.0
    assert two.threads > one.threads >= 1
    alone.child.close()
    assert trees.spawner.usage([alone.child]) == [Usage()]


@pytest.mark.slow
@in_loop
async def test_however_many_are_measured_it_takes_one_look(
    trees: Trees, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = [trees.start(STAY) for _ in range(3)]
    looks: list[dict[int, Process]] = []

    def counted() -> dict[int, Process]:
        looks.append(take_snapshot())
        return looks[-1]

    monkeypatch.setattr("svcctl.system.windows.spawn.take_snapshot", counted)

    found = trees.spawner.usage([each.child for each in programs], closely=True)

    assert len(looks) == 1
    assert [each.processes for each in found] == [1, 1, 1]


@pytest.mark.slow
@in_loop
async def test_a_close_look_counts_handles_and_memory_of_its_own(trees: Trees) -> None:
    # Wine counts neither the bytes of a job nor private pages: those are not shown here.
    program = trees.start(STAY)
    await program.line()

    (found,) = trees.spawner.usage([program.child], closely=True)

    assert found.open_files is not None
    assert found.open_files > 3
    assert trees.spawner.private_bytes(program.child) is not None


@pytest.mark.slow
@in_loop
async def test_the_death_of_a_host_is_that_of_all_it_started(trees: Trees) -> None:
    host = trees.start(HOST, f"{CHILDREN}\nsay('child', child.pid); child.wait()", STAY)
    said = dict([(await host.line()).split()[:2] for _ in range(2)])
    family = [Stranger(int(pid)) for pid in said.values()]

    ctypes.windll.kernel32.TerminateProcess(host.child._process, 1)

    await host.end()
    assert [each.ends() for each in family] == [True, True]


def test_windows_takes_a_command_line_apart_as_we_expect() -> None:
    argv = [r"C:\a b\c.exe", "", "a b", '"', '\\"', "a\\", "a b\\\\", "\t", "a\\\\b", 'x"y z']
    split = ctypes.windll.shell32.CommandLineToArgvW
    split.restype = ctypes.POINTER(ctypes.c_wchar_p)
    count = ctypes.c_int()

    found = split(command_line(argv), ctypes.byref(count))

    assert found[: count.value] == argv


def _handles() -> int:
    """Give how many handles this process has; Wine does not count them: there, the lowest free."""
    kernel32 = ctypes.windll.kernel32
    count = ctypes.c_ulong()
    kernel32.GetProcessHandleCount(ctypes.c_void_p(-1), ctypes.byref(count))
    free: int = kernel32.CreateEventW(None, True, False, None)
    kernel32.CloseHandle(free)
    return count.value or free
