"""What belongs to a tree on Windows, what it may use, and how all of it stands still or ends."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from svcctl.ports import Exit
from svcctl.spec.policy import Limits
from svcctl.system.windows import job as job_module
from svcctl.system.windows.job import Job
from svcctl.system.windows.job_limits import BasicLimits, ExtendedLimits, RateControl
from tests.system.windows.trees import CHILDREN, Program, Stranger, Trees, in_loop

STAY = "import time; from say import say; say('here'); time.sleep(1000)"
SOON = "import time; from say import say; say('here'); time.sleep(0.3)"
PARENT = f"{CHILDREN}\nsay('parent', child.pid); child.wait()"
LEAVES = f"{CHILDREN}\nsay('parent', child.pid)"
TICK = "import time\nfrom say import say\nfor n in range(100000): say(n); time.sleep(0.01)"
BREAKAWAY = 0x0100_0000

EXTENDED_LIMITS, RATE_CONTROL = 9, 15


class Recorder:
    """Takes what is set of a job, in place of Windows, or before it."""

    def __init__(self, then: Any = None, *, refuse: int = 0) -> None:
        self.set: list[tuple[int, Any]] = []
        self._then, self._refuse = then, refuse

    def __call__(self, job: int, kind: int, pointer: Any, size: int) -> bool:
        value = pointer._obj
        assert size == ctypes.sizeof(value)
        self.set.append((kind, type(value).from_buffer_copy(value)))
        refused = kind == EXTENDED_LIMITS and value.BasicLimitInformation.LimitFlags & self._refuse
        if refused:
            ctypes.set_last_error(87)
            return False
        return bool(self._then(job, kind, pointer, size)) if self._then else True


async def two_of(program: Program) -> list[str]:
    """Wait until parent and child have spoken; give what was said."""
    return sorted([await program.line(), await program.line()])


@pytest.mark.slow
@in_loop
async def test_members_are_all_that_came_of_it_the_main_process_first(trees: Trees) -> None:
    program = trees.start(PARENT, STAY, 0)
    _, said = await two_of(program)

    members = program.child.members()

    assert [each.pid for each in members] == [program.pid, int(said.split()[1])]
    assert {each.name.lower() for each in members} == {"python.exe"}


@pytest.mark.slow
@in_loop
async def test_whoever_leaves_its_parent_and_group_still_belongs(trees: Trees) -> None:
    program = trees.start(LEAVES, STAY, 0x0000_0208)  # a new group, detached from the console
    await two_of(program)
    await program.end()

    (left,) = program.child.members()

    assert await program.sweep() == (left,)
    await program.silence()
    assert program.child.members() == ()


@pytest.mark.slow
@in_loop
async def test_a_sweep_tells_of_the_main_process_and_its_end_comes_first(trees: Trees) -> None:
    program = trees.start(PARENT, STAY, 0)
    await two_of(program)
    pids = [each.pid for each in program.child.members()]
    ends_when_told: list[list[Exit]] = []

    swept = await program.sweep(then=lambda: ends_when_told.append([*program.ends]))

    assert [each.pid for each in swept] == pids
    assert ends_when_told == [[Exit(signal="KILL")]]


@pytest.mark.slow
@in_loop
async def test_a_sweep_of_nothing_is_over_before_it_returns(trees: Trees) -> None:
    program = trees.run("cmd.exe", "/c", "exit 0")
    await program.end()
    told: list[object] = []

    program.child.sweep(told.append, grace=100.0)

    assert told == [()]


@pytest.mark.slow
@in_loop
async def test_who_ends_within_the_grace_is_not_killed(trees: Trees) -> None:
    program = trees.start(LEAVES, SOON, 0)
    await two_of(program)
    await program.end()

    assert await program.sweep(grace=30.0) == ()


@pytest.mark.slow
@in_loop
async def test_who_does_not_end_within_the_grace_is_killed(trees: Trees) -> None:
    program = trees.start(LEAVES, STAY, 0)
    _, said = await two_of(program)
    await program.end()

    killed = await program.sweep(grace=0.1)

    assert [each.pid for each in killed] == [int(said.split()[1])]


@pytest.mark.slow
@in_loop
async def test_a_kill_of_the_main_process_leaves_the_others(trees: Trees) -> None:
    program = trees.start(PARENT, STAY, 0)
    await two_of(program)

    program.child.signal("KILL")

    assert await program.end() == Exit(signal="KILL")
    assert len(program.child.members()) == 1


@pytest.mark.slow
@in_loop
async def test_a_kill_of_everyone_leaves_nobody(trees: Trees) -> None:
    program = trees.start(PARENT, STAY, 0)
    await two_of(program)

    program.child.signal("KILL", everyone=True)

    assert await program.end() == Exit(signal="KILL")
    await program.silence()
    assert program.child.members() == ()


@pytest.mark.slow
@in_loop
async def test_who_is_closed_while_it_runs_ends(trees: Trees) -> None:
    program = trees.start(PARENT, STAY, 0)
    await two_of(program)
    family = [Stranger(each.pid) for each in program.child.members()]

    program.child.close()

    assert [each.ends() for each in family] == [True, True]
    assert program.ends == []


@pytest.mark.slow
@in_loop
async def test_who_sweeps_again_as_all_are_gone_hears_first_whom_the_first_sweep_ended(
    trees: Trees,
) -> None:
    program = trees.start(PARENT, STAY, 0)
    await two_of(program)
    told: list[int] = []
    program.child.sweep(lambda ended: told.append(len(ended)))
    await program.end()

    def close(_: object) -> None:
        told.append(0)
        program.child.close()

    program.child.sweep(close)
    await program.until(lambda: 0 in told)

    assert told == [2, 0]


@pytest.mark.slow
@in_loop
async def test_nobody_is_told_of_a_sweep_of_what_was_closed(trees: Trees) -> None:
    program = trees.start(PARENT, STAY, 0)
    await two_of(program)
    told: list[object] = []
    program.child.sweep(told.append, grace=0.05)
    program.child.sweep(told.append)

    program.child.close()
    await program.silence()

    assert (told, program.ends) == ([], [])


@pytest.mark.slow
@in_loop
async def test_what_was_not_swept_outlives_a_main_process_that_ended(trees: Trees) -> None:
    ticks = trees.folder / "ticks"
    code = (
        f"import time, pathlib\npath = pathlib.Path({str(ticks)!r})\n"
        "for n in range(40): path.write_text(str(n)); time.sleep(0.05)"
    )
    program = trees.start(f"{CHILDREN}\nsay(child.pid)", code, 0)
    left = Stranger(int(await program.line()))
    await program.end()

    program.child.close()

    assert left.ends()
    assert ticks.read_text() == "39"


@pytest.mark.slow
@in_loop
async def test_who_may_break_away_outlives_a_sweep(trees: Trees) -> None:
    program = trees.start(PARENT, SOON, BREAKAWAY, breakaway=True)
    _, said = await two_of(program)
    away = Stranger(int(said.split()[1]))

    assert [each.pid for each in await program.sweep()] == [program.pid]
    assert away.ends()


@pytest.mark.slow
@in_loop
async def test_a_frozen_tree_prints_nothing_until_it_is_thawed(trees: Trees) -> None:
    program, clock = trees.start(PARENT, TICK, 0), trees.start(TICK)
    await program.until(lambda: len(program.lines) > 5)

    program.child.freeze()
    program.child.freeze()  # once more changes nothing: one thaw is enough
    await _ticks(clock, 20)
    said = len(program.lines)
    await _ticks(clock, 50)
    assert len(program.lines) == said
    assert len(program.child.members()) == 2

    program.child.thaw()
    await program.until(lambda: len(program.lines) > said + 5)


@pytest.mark.slow
@in_loop
async def test_a_frozen_tree_can_be_killed(trees: Trees) -> None:
    program = trees.start(PARENT, STAY, 0)
    await two_of(program)
    program.child.freeze()

    killed = await program.sweep()

    assert len(killed) == 2
    assert await program.end() == Exit(signal="KILL")


def test_structures_have_the_sizes_of_winnt_h() -> None:
    assert (ctypes.sizeof(BasicLimits), ctypes.sizeof(ExtendedLimits)) == (64, 144)


def test_limits_are_set_one_on_top_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    # Wine takes them but does not act on them: what is shown here is what Windows is told.
    recorder = Recorder()
    monkeypatch.setattr(job_module._calls(), "SetInformationJobObject", recorder)
    monkeypatch.setattr(job_module, "processors", lambda: 4)
    job = Job()

    problems = job.limit(Limits(memory=64 << 20, tasks=9, cpu=1.0))

    assert problems == ()
    kinds = [kind for kind, _ in recorder.set]
    assert kinds == [EXTENDED_LIMITS, EXTENDED_LIMITS, EXTENDED_LIMITS, RATE_CONTROL]
    extended, rate = recorder.set[2][1], recorder.set[3][1]
    assert isinstance(extended, ExtendedLimits)
    assert isinstance(rate, RateControl)
    assert extended.BasicLimitInformation.LimitFlags == 0x2000 | 0x200 | 0x8
    assert extended.JobMemoryLimit == 64 << 20
    assert extended.BasicLimitInformation.ActiveProcessLimit == 9
    assert (rate.ControlFlags, rate.CpuRate) == (0x5, 2500)
    job.close()


def test_a_limit_that_is_refused_keeps_no_other_from_being_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = Recorder(refuse=0x200)
    monkeypatch.setattr(job_module._calls(), "SetInformationJobObject", recorder)
    job = Job()

    problems = job.limit(Limits(memory=1, tasks=9))

    ((option, problem),) = problems
    assert option == "memory"
    assert "87" in problem
    assert recorder.set[-1][1].BasicLimitInformation.LimitFlags == 0x2000 | 0x8
    job.close()


@pytest.mark.slow
@in_loop
async def test_a_limited_program_runs_and_says_what_does_not_hold(trees: Trees) -> None:
    limits = Limits(memory=256 << 20, tasks=20, cpu=0.5)

    program = trees.start(STAY, limits=limits)

    assert await program.line() == "here"
    assert {option for option, _ in program.child.unenforced} <= {"cpu"}  # Wine has no cap


@pytest.mark.slow
@in_loop
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 0x20),
        ({"limits": Limits(nice=10)}, 0x4000),
        ({"priority": "idle"}, 0x40),
        ({"priority": "above-normal", "limits": Limits(nice=19)}, 0x8000),
    ],
)
async def test_a_program_has_its_priority_class(
    trees: Trees, options: dict[str, Any], expected: int
) -> None:
    get = "ctypes.windll.kernel32.GetPriorityClass(ctypes.c_void_p(-1))"

    program = trees.start(f"import ctypes; print({get})", **options)

    assert await program.line() == str(expected)


@pytest.mark.slow
@in_loop
async def test_a_program_and_its_children_are_bound_to_their_processors(trees: Trees) -> None:
    mask = (
        "import ctypes; from say import say; one, all = ctypes.c_size_t(), ctypes.c_size_t()\n"
        "ctypes.windll.kernel32.GetProcessAffinityMask("
        "ctypes.c_void_p(-1), ctypes.byref(one), ctypes.byref(all)); say(one.value)"
    )

    program = trees.start(
        f"{CHILDREN}\nchild.wait()\n{mask}", mask, 0, limits=Limits(affinity=(0,))
    )

    assert [await program.line(), await program.line()] == ["1", "1"]
    assert program.child.unenforced == ()


async def _ticks(clock: Program, count: int) -> None:
    """Wait until *clock* has printed so many more lines."""
    wanted = len(clock.lines) + count
    await clock.until(lambda: len(clock.lines) >= wanted)
