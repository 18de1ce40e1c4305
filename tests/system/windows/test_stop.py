"""The ways in which a program on Windows is asked, then made, to end."""

from __future__ import annotations

import ctypes
import winreg
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import UsageError
from svcctl.ports import Exit
from svcctl.spec.policy import StopPolicy
from svcctl.spec.windows_stop import native_stop
from svcctl.system.windows import child as child_module
from svcctl.system.windows import console_event
from tests.system.windows.trees import CHILDREN, Program, Trees, in_loop

BY_CTRL_C = 0xC000013A
NEW_GROUP = 0x0000_0200
NEW_CONSOLE = 0x0000_0010

HEEDS = """
import time
from say import say
try:
    say("here")
    while True: time.sleep(0.05)
except KeyboardInterrupt:
    say("interrupted")
    raise SystemExit(7)
"""
DEAF = """
import signal, time
from say import say
signal.signal(signal.SIGINT, lambda *_: say("heard"))
signal.signal(signal.SIGBREAK, lambda *_: say("heard"))
say("here")
while True: time.sleep(0.05)
"""
STAY = "import time; from say import say; say('here'); time.sleep(1000)"
DEAF_TO_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
PARENT_HEEDS = f"{CHILDREN}\n{HEEDS}"
PROGRAMS = Path(__file__).parent / "programs"
WINDOW = (PROGRAMS / "window.py").read_text(encoding="utf-8")
LOOP = (PROGRAMS / "message_loop.py").read_text(encoding="utf-8")


@pytest.fixture(autouse=True, scope="module")
def desktop() -> None:
    """Have a desktop for windows, even where there is no screen and Wine would refuse them.

    Wine's is a program, started by whoever first needs it: that must be nobody in a tree.
    """
    if hasattr(ctypes.windll.ntdll, "wine_get_version"):
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, r"Software\Wine\Drivers") as key:
            winreg.SetValueEx(key, "Graphics", 0, winreg.REG_SZ, "null")
    ctypes.windll.user32.GetDesktopWindow()


async def here(*programs: Program) -> None:
    """Wait until they are up."""
    for each in programs:
        assert await each.line() == "here"


@pytest.mark.slow
@in_loop
@pytest.mark.parametrize("name", ["CTRL_C", "INT", "SIGINT", "ctrl_c"])
async def test_ctrl_c_interrupts_a_program(trees: Trees, name: str) -> None:
    program = trees.start(HEEDS)
    await here(program)

    program.child.signal(name)

    assert await program.line() == "interrupted"
    assert await program.end() == Exit(code=7)


@pytest.mark.slow
@in_loop
async def test_who_takes_no_note_of_ctrl_c_is_ended_by_it(trees: Trees) -> None:
    program = trees.start(STAY)
    await here(program)

    program.child.signal("CTRL_C")

    assert await program.end() == Exit(code=BY_CTRL_C)


@pytest.mark.slow
@in_loop
async def test_ctrl_c_reaches_children_but_nobody_elses_program_and_not_us(trees: Trees) -> None:
    program, sibling = trees.start(PARENT_HEEDS, HEEDS, 0), trees.start(HEEDS)
    await here(program, program, sibling)

    program.child.signal("CTRL_C")

    assert [await program.line(), await program.line()] == ["interrupted"] * 2
    await program.silence()
    assert program.child.members() == ()
    assert (sibling.ends, sibling.lines) == ([], [])


@pytest.mark.slow
@in_loop
async def test_a_child_in_a_group_of_its_own_does_not_hear_ctrl_c_and_is_swept(
    trees: Trees,
) -> None:
    program = trees.start(PARENT_HEEDS, HEEDS, NEW_GROUP)
    await here(program, program)

    program.child.signal("CTRL_C")
    assert await program.line() == "interrupted"
    await program.end()
    (left,) = program.child.members()

    assert await program.sweep() == (left,)
    assert program.lines == []


@pytest.mark.slow
@in_loop
async def test_everyone_are_those_on_other_consoles_too(trees: Trees) -> None:
    program = trees.start(PARENT_HEEDS, HEEDS, NEW_CONSOLE)
    await here(program, program)

    program.child.signal("CTRL_C", everyone=True)

    assert [await program.line(), await program.line()] == ["interrupted"] * 2
    await program.silence()
    assert program.child.members() == ()


@pytest.mark.slow
@in_loop
async def test_who_is_on_another_console_does_not_hear_what_the_main_process_does(
    trees: Trees,
) -> None:
    program = trees.start(PARENT_HEEDS, HEEDS, NEW_CONSOLE)
    await here(program, program)

    program.child.signal("CTRL_C")
    await program.end()
    (left,) = program.child.members()

    assert await program.sweep() == (left,)
    assert program.lines == ["interrupted"]


@pytest.mark.slow
@in_loop
async def test_a_deaf_program_is_left_running_and_can_be_killed(trees: Trees) -> None:
    program = trees.start(DEAF)
    await here(program)

    program.child.signal("CTRL_C")
    assert await program.line() == "heard"
    program.child.signal("KILL")

    assert await program.end() == Exit(signal="KILL")


@pytest.mark.slow
@in_loop
async def test_ctrl_c_is_heard_by_what_a_host_starts_that_ignores_it_itself(trees: Trees) -> None:
    # Whoever leads a new process group ignores Ctrl-C, and so does what it starts.
    host = (PROGRAMS / "stopping_host.py").read_text(encoding="utf-8")
    program = trees.start(f"{CHILDREN}\nchild.wait()", host + f"\nmain({HEEDS!r})", NEW_GROUP)

    assert await program.line() == "here"
    assert await program.line() == "interrupted"
    assert await program.line() == "Exit(code=7, signal=None)"


@pytest.mark.slow
@in_loop
async def test_a_signal_to_who_has_ended_is_no_error(trees: Trees) -> None:
    program = trees.run("cmd.exe", "/c", "exit 0")
    await program.end()

    for name in ("CTRL_C", "CTRL_BREAK", "WM_CLOSE", "WM_QUIT", "KILL", "TERM"):
        program.child.signal(name)
        program.child.signal(name, everyone=True)

    assert program.ends == [Exit(code=0)]


@pytest.mark.slow
@in_loop
async def test_a_signal_comes_back_before_anything_ends(trees: Trees) -> None:
    program = trees.start(HEEDS)
    await here(program)

    for name in ("WM_CLOSE", "WM_QUIT", "CTRL_C", "KILL"):
        program.child.signal(name)
        assert program.ends == []


@pytest.mark.slow
@in_loop
@pytest.mark.parametrize("name", ["HUP", "USR1", "nonsense", "STOP"])
async def test_what_windows_has_no_way_for_is_refused(trees: Trees, name: str) -> None:
    program = trees.start(STAY)

    with pytest.raises(UsageError, match=f"there is no signal '{name}' on Windows") as raised:
        program.child.signal(name)

    assert "CTRL_C" in raised.value.hint


@pytest.mark.slow
@in_loop
async def test_ctrl_break_is_sent_to_the_console_of_the_program(
    trees: Trees, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Wine does not deliver Ctrl-Break at all: what is shown is who is asked to send it to whom.
    sent: list[tuple[int, list[int]]] = []
    monkeypatch.setattr(
        child_module, "send_console_event", lambda event, pids: sent.append((event, list(pids)))
    )
    program = trees.start(STAY)

    program.child.signal("CTRL_BREAK")
    program.child.signal("CTRL_C")

    assert sent == [(1, [program.pid]), (0, [program.pid])]


@pytest.mark.slow
@in_loop
async def test_a_window_is_asked_to_close_and_a_console_program_is_not_hurt(trees: Trees) -> None:
    window, console = trees.start(WINDOW), trees.start(HEEDS)
    await here(window, console)

    for each in (window, console):
        each.child.signal("WM_CLOSE")

    assert await window.line() == "WM_CLOSE"
    assert await window.end() == Exit(code=55)
    assert console.ends == []


@pytest.mark.slow
@in_loop
async def test_the_window_of_a_child_is_asked_to_close(trees: Trees) -> None:
    program = trees.start(f"{CHILDREN}\nraise SystemExit(child.wait())", WINDOW, 0)
    await here(program)

    program.child.signal("WM_CLOSE")

    assert await program.end() == Exit(code=55)


@pytest.mark.slow
@in_loop
async def test_a_message_loop_without_a_window_is_asked_to_quit(trees: Trees) -> None:
    loop, console = trees.start(LOOP), trees.start(HEEDS)
    await here(loop, console)

    for each in (loop, console):
        each.child.signal("WM_QUIT")

    assert await loop.end() == Exit(code=57)
    assert console.ends == []


@pytest.mark.slow
@in_loop
@pytest.mark.parametrize(("code", "expected"), [(HEEDS, 7), (DEAF_TO_CTRL_C + WINDOW, 55)])
async def test_term_asks_in_the_ways_that_fit_a_program(
    trees: Trees, code: str, expected: int
) -> None:
    program = trees.start(code)
    await here(program)

    program.child.signal("TERM")

    assert await program.end() == Exit(code=expected)


@pytest.mark.slow
@in_loop
@pytest.mark.parametrize(
    ("code", "heeded"),
    [
        (HEEDS, "CTRL_C"),
        (DEAF_TO_CTRL_C + WINDOW, "WM_CLOSE"),
        (DEAF_TO_CTRL_C + LOOP, "WM_QUIT"),
    ],
)
async def test_a_stop_that_asks_for_nothing_special_ends_each_kind_of_program(
    trees: Trees, code: str, heeded: str
) -> None:
    program = trees.start(code)
    await here(program)
    taken = []

    for step in native_stop(StopPolicy()).steps():
        assert step.signal is not None
        taken.append(step.signal)
        program.child.signal(step.signal)
        if step.signal == heeded:
            break

    await program.end()
    assert taken[-1] == heeded


def test_the_program_that_sends_events_sends_one_to_each_console(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Consoles:
        """Two consoles: one of 10 and 11, one of 20; 30 has none."""

        def __init__(self) -> None:
            self.sent: list[tuple[int, tuple[int, ...]]] = []
            self.attached: tuple[int, ...] = ()
            self.ignoring = False

        def SetConsoleCtrlHandler(self, _: None, ignore: bool) -> None:  # noqa: N802
            self.ignoring = ignore

        def FreeConsole(self) -> None:  # noqa: N802
            self.attached = ()

        def AttachConsole(self, pid: Any) -> bool:  # noqa: N802
            found = [each for each in ((10, 11), (20,)) if pid.value in each]
            self.attached = found[0] if found else ()
            return bool(found)

        def GetConsoleProcessList(self, buffer: Any, _: int) -> int:  # noqa: N802
            buffer[: len(self.attached)] = self.attached
            return len(self.attached)

        def GenerateConsoleCtrlEvent(self, event: int, group: int) -> None:  # noqa: N802
            assert self.ignoring
            assert group == 0
            self.sent.append((event, self.attached))

    consoles = Consoles()
    monkeypatch.setattr(ctypes, "WinDLL", lambda *_, **__: consoles)

    assert console_event.main(1, [10, 11, 30, 20]) == 0
    assert consoles.sent == [(1, (10, 11)), (1, (20,))]
    assert console_event.main(0, [30]) == 1
