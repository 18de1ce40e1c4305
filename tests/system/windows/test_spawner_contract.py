"""What every spawner and child must do, by Windows' own; see tests/contract/test_spawner.py.

Not here: that a signal is the reason of an end (Windows has none: test_stop.py), and that what was
let go can be adopted (Windows ends it: test_job.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import pytest

from svcctl.ports import Child, Exit, Launch
from svcctl.system.windows.spawn import WindowsSpawner
from tests.contract import test_spawner as contract
from tests.system.windows.trees import CHILDREN, Program, Trees, in_loop

STAY = "import time; time.sleep(1000)"


class WindowsWorld:
    """A spawner, and programs to try it with."""

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._programs: list[Program] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._trees)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def spawner(self) -> WindowsSpawner:
        return self._trees.spawner

    def start(self, token: str = "") -> Child:
        return self._start(STAY, token=token)

    def start_and_exit(self, code: int, *, leaving_a_child: bool = False) -> Child:
        leave = f"{CHILDREN}\n" if leaving_a_child else ""
        return self._start(f"{leave}import sys; sys.exit({code})")

    def refused(self) -> Launch:
        return self._trees.launch(r"C:\no\such\program.exe")

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await asyncio.sleep(0.002)

    async def settle(self, child: Child) -> None:
        (program,) = (each for each in self._programs if each.child is child)
        await program.sweep()
        child.close()

    def _start(self, code: str, *, token: str = "") -> Child:
        options = {"token": token} if token else {}
        program = self._trees.start(code, STAY, 0, **options)
        self._programs.append(program)
        return program.child


@pytest.fixture
def world(trees: Trees) -> WindowsWorld:
    return WindowsWorld(trees)


@pytest.fixture
def ends() -> list[Exit]:
    return []


pytestmark = pytest.mark.slow

test_an_exit = in_loop(contract.test_an_exit_is_told_once_and_never_from_within_a_call)
test_who_asks_late = in_loop(contract.test_who_asks_late_is_told_as_well)
test_a_sweep_of_nothing = in_loop(contract.test_a_sweep_of_nothing_is_over_at_once)
test_a_sweep = in_loop(contract.test_a_sweep_tells_whom_it_killed)
test_a_sweep_of_all = in_loop(contract.test_a_sweep_of_a_running_tree_ends_its_main_process_too)
test_refusal = in_loop(contract.test_a_launch_that_cannot_be_is_refused)
test_impostors = in_loop(contract.test_nothing_is_adopted_that_is_not_the_very_process)
test_finding = in_loop(contract.test_a_program_is_found_by_pid_and_by_token_while_it_runs)
test_strays = in_loop(contract.test_strays_are_killed_and_told_of)
test_usage = in_loop(contract.test_usage_is_given_in_the_order_of_the_children)
test_a_close_look = in_loop(contract.test_a_close_look_tells_threads_and_open_files_too)
test_private_bytes = in_loop(
    contract.test_the_memory_a_tree_shares_with_nobody_is_told_for_single_ones
)
