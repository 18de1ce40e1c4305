"""A disk that is full, broken or slow: the program waits, the agent does not, nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from random import Random
from typing import Any

import pytest

from svcctl.errors import StateFault
from tests.faults.bad_machine import make_bad_machine
from tests.faults.disks import BrokenDisk, Disk, full_disk
from tests.faults.invariants import Invariants
from tests.faults.loop import Loop
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import Box, until

CRASHING = """
[services.crashing]
exec = ["sh", "-c", "exit 1"]
restart = { max = 0, delay = "100ms", factor = 1, jitter = 0 }
"""
SLEEPING = """
[services.sleeping]
exec = ["sleep", "1000"]
"""
SLOW = 1.0  # seconds a sync of the slow disk takes

OnDisk = Callable[[str], Disk]


@pytest.fixture(
    params=[
        pytest.param("full", marks=pytest.mark.needs_root),
        pytest.param("broken"),
    ]
)
def on_disk(request: pytest.FixtureRequest, box: Box) -> Iterator[OnDisk]:
    """Puts a folder of the home on a disk of its own, before there is an agent."""
    if request.param == "full" and os.geteuid() != 0:
        pytest.skip("only root may mount")
    with ExitStack() as stack:

        def put(folder: str) -> Disk:
            if request.param == "full":
                return stack.enter_context(full_disk(box.home / folder))
            machine = make_bad_machine(box.home, box.home / folder)
            box.variables |= machine.variables
            return BrokenDisk(machine)

        yield put


def of_kind(trial: Trial, kind: str, name: str) -> list[dict[str, Any]]:
    return [each for each in trial.events(name) if each["kind"] == kind]


def restarts(trial: Trial, name: str) -> int:
    found: int = trial.standing()[name]["restarts"]
    return found


def test_programs_wait_for_a_log_disk_that_refuses_and_lose_no_line(
    box: Box, chance: Random, on_disk: OnDisk, effort: Effort
) -> None:
    disk = on_disk("logs")
    trial = Trial(box, chance)
    trial.start_agent()
    trial.apply_counting("one", "two", how="20 0.01")

    for turn in range(1, effort.of(20, bounded=1) + 1):
        disk.refuse()
        until(lambda: len(of_kind(trial, "CapturePaused", "one")) == turn, what="it waits")  # noqa: B023
        disk.accept()
        until(lambda: len(of_kind(trial, "CaptureResumed", "one")) == turn, what="it goes on")  # noqa: B023

    Invariants(trial).hold()


@pytest.mark.needs_root
def test_an_agent_that_begins_with_a_read_only_log_disk_adopts_all_and_starts_what_is_new(
    box: Box, chance: Random
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    with full_disk(box.home / "logs") as disk:
        trial = Trial(box, chance)
        trial.start_agent()
        trial.apply_counting("one", "two", how="20 0.05")
        before = trial.pids()
        trial.kill_agent()
        disk.forbid()

        about = trial.start_agent()
        assert (about["adopted"], trial.pids()) == (2, before)
        trial.apply_counting("new", how="1 0.05")
        until(lambda: "new" in trial.pids(), what="it was started")
        assert of_kind(trial, "CapturePaused", "new")
        disk.allow()
        until(lambda: of_kind(trial, "CaptureResumed", "new"), what="its output is taken")

        Invariants(trial).hold()


def test_an_agent_whose_state_disk_refuses_goes_on_and_remembers_all_of_it_afterwards(
    box: Box, chance: Random, on_disk: OnDisk, effort: Effort
) -> None:
    disk = on_disk("state")
    trial = Trial(box, chance)
    trial.start_agent()
    trial.apply_counting("one", "two")
    trial.box.cli("apply", str(trial.box.write(CRASHING)), "--yes")
    disk.refuse()
    rounds = restarts(trial, "crashing") + effort.of(1_000, bounded=5)

    until(lambda: restarts(trial, "crashing") >= rounds, within=300, what="it is still restarted")
    seen = of_kind(trial, "InstanceExited", "crashing")
    for name in ("crashing", "two"):
        with pytest.raises(StateFault, match="cannot be written"):
            trial.ask("stop", name)
    assert {trial.standing()[name]["phase"] for name in ("crashing", "two")} == {"stopped"}

    disk.accept()
    trial.ask_and_remember("stop", "two")
    trial.ask_and_remember("stop", "crashing")
    Invariants(trial).hold()
    told = {each["number"]: each for each in of_kind(trial, "InstanceExited", "crashing")}
    kept = [each for each in seen if each["number"] >= min(told)]  # the latest alone are told of
    assert kept
    assert kept == [told.get(each["number"]) for each in kept]
    numbers = [each["number"] for each in trial.events()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_what_is_applied_while_the_state_disk_refuses_runs_and_is_told_to_be_unsafe(
    box: Box, chance: Random, on_disk: OnDisk
) -> None:
    disk = on_disk("state")
    trial = Trial(box, chance)
    trial.start_agent()
    disk.refuse()

    applied = trial.box.cli("apply", str(trial.box.write(SLEEPING)), "--yes")

    assert applied.status == 1
    assert "cannot be written" in applied.err
    until(lambda: trial.standing()["sleeping"]["phase"] == "running", what="it was started")
    disk.accept()
    assert trial.box.ok("apply", str(trial.box.write(SLEEPING)), "--yes").out
    trial.wanted["sleeping"] = "running"
    Invariants(trial).hold()


def test_nobody_waits_for_a_disk_that_syncs_slowly(
    box: Box, chance: Random, effort: Effort
) -> None:
    machine = make_bad_machine(box.home, box.home)
    box.variables |= machine.variables
    trial = Trial(box, chance)
    trial.start_agent()
    crashing = [CRASHING.replace("crashing", f"crashing{number}") for number in range(8)]
    trial.box.cli("apply", str(trial.box.write("".join(crashing))), "--yes")
    machine.sync_within(SLOW)
    wanted = machine.syncs + effort.of(100, bounded=6)

    with Loop(trial) as loop:
        until(lambda: machine.syncs >= wanted, within=600, what="the state is synced meanwhile")

    machine.sync_within(0)
    assert max(loop.answers) < SLOW, "somebody waited for a sync"
    assert restarts(trial, "crashing0") > 0
