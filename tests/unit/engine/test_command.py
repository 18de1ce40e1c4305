"""Commands of a service: run to their end, or to ours, with everything they started."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from svcctl.engine.command import Runner, describe
from svcctl.errors import CannotSpawn
from svcctl.ports import Exit, Launch, Member
from svcctl.system.clock import SystemClock
from svcctl.system.posix.spawn import PosixSpawner
from svcctl.testing.fakes import FakeClock, FakeSpawner

Turns = Callable[[], Awaitable[None]]


def a_launch(*argv: str) -> Launch:
    return Launch(
        tag="web:pre_start",
        token=os.urandom(8).hex(),
        argv=argv,
        env={"PATH": os.environ["PATH"]},
    )


class Bench:
    """A runner on fakes; *open_now* are the descriptors it has not closed yet."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.spawner = FakeSpawner(self.clock)
        self.open_now: set[int] = set()
        self.runner = Runner(spawner=self.spawner, clock=self.clock, outputs=self._outputs)

    @contextmanager
    def _outputs(self) -> Iterator[tuple[int, int]]:
        self.open_now |= {8, 9}
        try:
            yield 8, 9
        finally:
            self.open_now -= {8, 9}

    def begin(self, *commands: tuple[str, ...]) -> asyncio.Task[str]:
        launches = [a_launch(*each) for each in commands]
        return _task(self.runner.run_all(launches, name="pre_start", limit=60.0))


def _task(work: Coroutine[Any, Any, str]) -> asyncio.Task[str]:
    return asyncio.get_running_loop().create_task(work)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_commands_run_one_after_the_other(bench: Bench, turns: Turns) -> None:
    hooks = bench.begin(("migrate",), ("warm", "--up"))
    await turns()
    assert [each.argv for each in bench.spawner.launches] == [("migrate",)]

    bench.spawner.children[0].exit(0)
    await turns()
    bench.spawner.children[1].exit(0)

    assert await hooks == ""
    assert [each.argv for each in bench.spawner.launches] == [("migrate",), ("warm", "--up")]
    assert all(child.closed for child in bench.spawner.children)
    assert bench.clock.next_at is None


async def test_no_command_is_no_failure(bench: Bench) -> None:
    assert await bench.begin() == ""


async def test_output_goes_where_it_should_and_is_closed_once_it_runs(
    bench: Bench, turns: Turns
) -> None:
    hooks = bench.begin(("migrate",))
    await turns()

    (launch,) = bench.spawner.launches
    assert (launch.stdout, launch.stderr) == (8, 9)
    assert bench.open_now == set()
    bench.spawner.children[0].exit(0)
    await hooks


@pytest.mark.parametrize(
    ("end", "problem"),
    [
        (Exit(code=3), "pre_start command 1 'migrate' ended with exit code 3"),
        (Exit(signal="SEGV"), "pre_start command 1 'migrate' ended with signal SEGV"),
        (Exit(), "pre_start command 1 'migrate' ended with an unknown exit status"),
    ],
)
async def test_the_first_failure_ends_the_row(
    bench: Bench, turns: Turns, end: Exit, problem: str
) -> None:
    hooks = bench.begin(("migrate",), ("warm",))
    await turns()

    bench.spawner.children[0].exit(end.code, signal=end.signal)

    assert await hooks == problem
    assert len(bench.spawner.children) == 1


async def test_a_single_command_needs_no_number(bench: Bench) -> None:
    bench.spawner.refusals.append(CannotSpawn("there is no program 'migrate'"))

    problem = await bench.begin(("migrate",))

    assert problem == "pre_start command 'migrate': there is no program 'migrate'"
    assert bench.open_now == set()


async def test_a_command_that_takes_too_long_is_killed(bench: Bench, turns: Turns) -> None:
    hooks = bench.begin(("migrate",))
    await turns()
    (child,) = bench.spawner.children
    child.leftover.append(Member(pid=7, name="psql"))

    bench.clock.forward(60.0)
    await turns()
    bench.clock.forward()

    assert await hooks == "pre_start command 'migrate' took longer than 60s and was killed"
    assert (child.exited, child.members(), child.closed) == (Exit(signal="KILL"), (), True)


async def test_what_a_command_leaves_behind_is_killed(bench: Bench, turns: Turns) -> None:
    hooks = bench.begin(("migrate",))
    await turns()
    (child,) = bench.spawner.children
    child.leftover.append(Member(pid=7, name="psql"))

    child.exit(0)
    await turns()
    assert not hooks.done()
    bench.clock.forward()

    assert await hooks == ""
    assert child.members() == ()


async def test_a_row_that_is_cancelled_kills_what_runs(bench: Bench, turns: Turns) -> None:
    hooks = bench.begin(("migrate",), ("warm",))
    await turns()

    hooks.cancel()
    await turns()
    bench.clock.forward()
    await asyncio.wait([hooks])

    (child,) = bench.spawner.children
    assert hooks.cancelled()
    assert (child.exited, child.closed) == (Exit(signal="KILL"), True)
    assert bench.clock.next_at is None


def test_an_exit_is_described_for_people() -> None:
    assert describe(Exit(code=0)) == "exit code 0"


@contextmanager
def _inherit() -> Iterator[tuple[int | None, int | None]]:
    yield None, None


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


async def test_real_commands_end_with_all_they_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    forking = a_launch("sh", "-c", f"setsid sleep 1000 & echo $! > {pids}; exit 4")
    endless = a_launch("sh", "-c", f"sleep 1000 & echo $! >> {pids}; wait")
    with PosixSpawner(agent=f"test-{os.getpid()}", use_cgroups=False) as spawner:
        runner = Runner(spawner=spawner, clock=SystemClock(), outputs=_inherit)

        assert await runner.run(forking, limit=10.0) == Exit(code=4)
        assert await runner.run(endless, limit=0.05) is None

    started = [int(each) for each in pids.read_text().split()]
    assert len(started) == 2
    assert not any(map(is_running, started))
