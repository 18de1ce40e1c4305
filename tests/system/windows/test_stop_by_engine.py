"""The engine keeps, stops and restarts real programs of Windows."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from svcctl.engine.manager import AgentManager
from svcctl.ports import Applied, InstanceStatus
from svcctl.spec.canonical import dump
from svcctl.spec.policy import LogPolicy, LogTo, RestartPolicy, StopPolicy
from svcctl.spec.service import ServiceSpec
from svcctl.spec.windows_stop import as_on_windows
from svcctl.system.clock import SystemClock
from svcctl.testing.world import FakeWorld
from tests.system.windows.trees import CHILDREN, PROGRAMS, Stranger, Trees, in_loop
from tests.system.windows.waiting import PATIENCE

pytestmark = pytest.mark.slow

TELL = """
import os, pathlib, sys, time
def tell(word):
    draft = pathlib.Path(sys.argv[-1] + ".draft"); draft.write_text(word)
    draft.replace(sys.argv[-1])
"""
HEEDS = f"""{TELL}
try:
    tell(str(os.getpid()))
    time.sleep(1000)
except KeyboardInterrupt:
    tell("interrupted"); sys.exit(7)
"""
DEAF = f"""{TELL}
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
{CHILDREN}
tell(str(child.pid))
time.sleep(1000)
"""
STAY = "import time; time.sleep(1000)"


class Kept:
    """One service, kept by an engine over the real spawner, and the word its program told.

    It has *patience* seconds to stop: whoever sends Ctrl-C is a program that starts first.
    """

    def __init__(
        self, trees: Trees, code: str, *, patience: float = PATIENCE, **options: Any
    ) -> None:
        self._word = trees.folder / "word"
        spec = ServiceSpec(
            name="web",
            exec=(sys.executable, "-c", code, STAY, "0", str(self._word)),
            cwd=str(trees.folder),
            log=LogPolicy(to=LogTo.NULL),
            stop=StopPolicy(timeout=patience),
            **options,
        )
        environ = {**os.environ, "PYTHONPATH": str(PROGRAMS)}
        world = FakeWorld(environ=environ).ports
        self.manager = AgentManager(
            replace(world, clock=SystemClock(), spawner=trees.spawner, as_here=as_on_windows)
        )
        self._applied = Applied(name="web", spec=dump(spec), revision="1")

    async def start(self) -> str:
        """Install and start it; give its program's first word."""
        await self.manager.install(self._applied)
        self.manager.start("web")
        await self.until(self._word.exists)
        return self.word()

    async def stop(self) -> InstanceStatus:
        """Stop it; give what can be said of it then."""
        self.manager.stop("web")
        await self.until(lambda: self.status().phase == "stopped")
        return self.status()

    def word(self) -> str:
        return self._word.read_text()

    def status(self) -> InstanceStatus:
        (found,) = self.manager.status(["web"])
        return found

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await asyncio.sleep(0.01)


@in_loop
async def test_a_stop_is_ctrl_c_first_and_its_answer_is_known(trees: Trees) -> None:
    kept = Kept(trees, HEEDS)
    pid = Stranger(int(await kept.start()))

    status = await kept.stop()

    assert kept.word() == "interrupted"
    assert (status.exit_code, status.pid) == (7, None)
    assert pid.ends()
    kept.manager.close()


@in_loop
async def test_who_heeds_nothing_is_ended_with_all_it_started_when_the_time_is_over(
    trees: Trees,
) -> None:
    kept = Kept(trees, DEAF, patience=0.4)
    grandchild = Stranger(int(await kept.start()))

    status = await kept.stop()

    assert (status.exit_code, status.exit_signal) == (None, "KILL")
    assert grandchild.ends()
    kept.manager.close()


@in_loop
async def test_what_a_file_says_for_any_system_stops_it_too(trees: Trees) -> None:
    kept = Kept(trees, HEEDS)
    await kept.start()

    status = await kept.stop()

    assert status.exit_code == 7
    kept.manager.close()


@in_loop
async def test_a_crash_is_restarted_until_the_budget_is_spent(trees: Trees) -> None:
    code = f"{TELL}\ntell(str(os.getpid()))\nsys.exit(3)"
    kept = Kept(trees, code, restart=RestartPolicy(delay=0.0, max=2))
    await kept.start()

    await kept.until(lambda: kept.status().phase == "failed")

    assert (kept.status().exit_code, kept.status().restarts) == (3, 2)
    kept.manager.close()


@in_loop
async def test_a_paused_program_can_be_stopped(trees: Trees) -> None:
    kept = Kept(trees, HEEDS)
    await kept.start()
    kept.manager.pause("web")
    await kept.until(lambda: kept.status().phase == "paused")

    status = await kept.stop()

    assert status.exit_code == 7
    kept.manager.close()
