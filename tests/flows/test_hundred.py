"""A hundred services: up, one killed, the agent killed and back, all still there."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

HUNDRED = "version = 1\n" + "".join(
    f'[services.s{number:02}]\nexec = ["sleep", "1000"]\nrestart.delay = "10ms"\n'
    for number in range(100)
)


def test_a_hundred_services_outlive_a_crash_of_one_and_of_the_agent(agent: Any, until: Any) -> None:
    agent.apply(HUNDRED)
    before = {each["service"]: each["pid"] for each in agent.status()}
    assert len(set(before.values())) == 100

    os.kill(before["s42"], signal.SIGKILL)
    until(lambda: agent.one("s42")["restarts"] == 1 and agent.one("s42")["ready"])
    agent.kill_agent()
    agent.start_agent()

    after = {each["service"]: each for each in agent.status()}
    assert all(each["ready"] for each in after.values())
    assert [n for n in before if after[n]["pid"] != before[n]] == ["s42"]
    agent.ok("stop", "--all", "--yes")
    assert all(each["phase"] == "stopped" for each in agent.status())


def test_an_idle_agent_with_a_hundred_services_never_wakes(agent: Any, until: Any) -> None:
    agent.apply(HUNDRED)
    pid = agent.agents[-1].pid

    quiet = until(lambda: _did_not_wake(pid, 3.0), what="three seconds without a wake-up")

    assert quiet


def _did_not_wake(pid: int, seconds: float) -> bool:
    """Say whether *pid* was not scheduled once while a child of ours slept for *seconds*."""
    before = _switches(pid)
    os.waitpid(os.spawnlp(os.P_NOWAIT, "sleep", "sleep", str(seconds)), 0)
    return _switches(pid) == before


def _switches(pid: int) -> list[str]:
    return re.findall(r"ctxt_switches:\t(\d+)", Path(f"/proc/{pid}/status").read_text())
