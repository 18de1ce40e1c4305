"""A machine that has no processes, descriptors or memory left, for a while."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from svcctl.errors import AgentUnreachable
from tests.faults.invariants import Invariants
from tests.faults.lines import until_said
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import alive, until

HOSTILE = Path(__file__).parent / "programs" / "hostile.py"
PIDS = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))

UNDAUNTED = "restart.max = 0\nrestart.max_delay = '200ms'"
CRASHING = """
[services.crashing]
exec = ["sh", "-c", "exit 1"]
restart = { max = 0, delay = "50ms", factor = 1, jitter = 0 }
"""


@pytest.fixture
def few_processes() -> Iterator[Path]:
    """A control group that limits processes; empty, and not limited yet."""
    if os.geteuid() != 0:
        pytest.skip("only root may make a control group")
    for place in PIDS:
        group = place / f"svcctl-faults-{os.getpid()}"
        with suppress(OSError):
            group.mkdir()
        if (group / "pids.max").exists():
            break
        with suppress(OSError):
            group.rmdir()
    else:
        pytest.skip("needs the pids controller of control groups")
    yield group
    (group / "pids.max").write_text("max")
    for pid in (group / "cgroup.procs").read_text().split():
        (place / "cgroup.procs").write_text(pid)
    group.rmdir()


def reasons(trial: Trial, name: str) -> set[str]:
    """Why the service ended or was not started, as the events tell."""
    found = (each["fields"].get("reason") for each in trial.events(name))
    return {str(each) for each in found if each}


def restarts(trial: Trial, name: str) -> int:
    found: int = trial.standing()[name]["restarts"]
    return found


@pytest.mark.needs_root
def test_services_are_started_once_the_machine_has_processes_again(
    trial: Trial, invariants: Invariants, few_processes: Path
) -> None:
    trial.apply_counting("one", "two", options=UNDAUNTED)
    (few_processes / "cgroup.procs").write_text(str(trial.agent.pid))
    (few_processes / "pids.max").write_text("1")

    trial.kill(trial.pids()["one"])
    until(lambda: "one" not in trial.pids(), what="it is gone")
    until(lambda: "Resource temporarily unavailable" in str(reasons(trial, "one")), what="it says")
    assert set(trial.pids()) == {"two"}

    (few_processes / "pids.max").write_text("max")
    invariants.hold()


def test_an_agent_without_descriptors_doubles_and_loses_nobody(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two", options=UNDAUNTED)
    trial.box.cli("apply", str(trial.box.write(CRASHING)), "--yes")
    before = resource.prlimit(trial.agent.pid, resource.RLIMIT_NOFILE)

    for _ in range(effort.of(30, bounded=1)):
        for left in range(8):
            used = max(map(int, os.listdir(f"/proc/{trial.agent.pid}/fd")))
            few = (used + 1 + left, before[1])
            victim = trial.chance.choice([*until(trial.pids).values()])
            resource.prlimit(trial.agent.pid, resource.RLIMIT_NOFILE, few)
            with suppress(ProcessLookupError):
                trial.kill(victim)
            until(lambda: not alive(victim), what="it is gone")  # noqa: B023
            subprocess.run(["sleep", "0.2"], check=True)  # it cannot be asked whether it tried
            resource.prlimit(trial.agent.pid, resource.RLIMIT_NOFILE, before)
            rounds = restarts(trial, "crashing")
            until(lambda: restarts(trial, "crashing") > rounds, what="it carries on")  # noqa: B023

    trial.ask_and_remember("stop", "crashing")
    assert "Too many open files" in str(reasons(trial, "crashing"))
    invariants.hold()


def test_a_tree_is_ended_though_no_descriptor_is_left(trial: Trial) -> None:
    argv = json.dumps([sys.executable, str(HOSTILE), "deaf"])
    trial.apply(f'[services.it]\nexec = {argv}\nrestart.policy = "never"\n')
    pids = [int(line.split()[1]) for line in until_said(trial, "it", b"deaf", times=2)]
    before = resource.prlimit(trial.agent.pid, resource.RLIMIT_NOFILE)

    main = trial.pids()["it"]
    used = max(map(int, os.listdir(f"/proc/{trial.agent.pid}/fd")))
    resource.prlimit(trial.agent.pid, resource.RLIMIT_NOFILE, (used, before[1]))
    trial.kill(main)

    until(lambda: not any(map(alive, pids)), what="its child is gone as well")
    resource.prlimit(trial.agent.pid, resource.RLIMIT_NOFILE, before)
    until(lambda: trial.standing()["it"]["phase"] == "failed", what="and it is told of")
    assert list(trial.processes()) == []


def test_an_agent_short_of_memory_goes_on_once_there_is_some(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two", options=UNDAUNTED)
    size = int(Path(f"/proc/{trial.agent.pid}/statm").read_text().split()[0])
    little = size * os.sysconf("SC_PAGE_SIZE") + 4 * 2**20  # no room for a thread, its stack has 8
    before = resource.prlimit(trial.agent.pid, resource.RLIMIT_AS)
    resource.prlimit(trial.agent.pid, resource.RLIMIT_AS, (little, before[1]))

    for _ in range(effort.of(100, bounded=5)):
        pids = until(lambda: two(trial), within=60, what="both run, whoever is told of it")
        trial.kill(trial.chance.choice(pids))
        with suppress(AgentUnreachable):  # the answer may not fit any more
            trial.events()

    resource.prlimit(trial.agent.pid, resource.RLIMIT_AS, before)
    assert trial.agent.poll() is None
    invariants.hold()


def two(trial: Trial) -> list[int]:
    """The programs as the machine knows them if there are two, else none."""
    found = list(trial.processes())
    return found if len(found) == 2 else []
