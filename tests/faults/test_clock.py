"""A clock of the wall that jumps, forwards and back: nobody waits for it, nothing is lost."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.faults.bad_machine import BadMachine, make_bad_machine
from tests.faults.invariants import Invariants
from tests.faults.probing import command, service
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import Box, until

DAY = 86_400.0  # seconds
JUMPS = (-20 * 365 * DAY, -DAY, -3600.0, 3600.0, DAY, 10 * 365 * DAY)

CRASHING = """
[services.crashing]
exec = ["sh", "-c", "exit 1"]
restart = { max = 0, delay = "50ms", factor = 1, jitter = 0 }

[services.regular]
exec = ["true"]
type = "oneshot"
schedule.every = "1s"
"""


@pytest.fixture
def machine(box: Box) -> BadMachine:
    """One whose clock can be set, for the agent and all that is started."""
    made = make_bad_machine(box.home, box.home)
    box.variables |= made.variables
    return made


def exits(trial: Trial, name: str) -> list[dict[str, Any]]:
    return [each for each in trial.events(name) if each["kind"] == "InstanceExited"]


def test_a_clock_that_jumps_delays_no_restart_kills_nobody_and_costs_no_line(
    box: Box, chance: Random, machine: BadMachine, effort: Effort
) -> None:
    trial = Trial(box, chance)
    trial.start_agent()
    trial.apply_counting("one", "two", how="20 0.02")
    trial.box.cli("apply", str(trial.box.write(CRASHING)), "--yes")
    trial.apply(service("beating", command("beat"), "heartbeat = '20s'\ngrace = '0s'"))
    before = trial.pids()

    for _ in range(effort.of(60, bounded=4)):
        machine.shift_clock(trial.chance.choice(JUMPS))
        for name in ("crashing", "regular"):
            seen = exits(trial, name)[-1:]
            until(lambda: exits(trial, name)[-1:] != seen, what=f"{name} goes on")  # noqa: B023

    after = trial.pids()
    assert [name for name in ("one", "two", "beating") if after[name] != before[name]] == []
    assert max(each["fields"]["uptime"] for each in exits(trial, "crashing")) < DAY / 2
    numbers = [each["number"] for each in trial.events()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for name in ("crashing", "regular"):
        trial.ask_and_remember("stop", name)
    Invariants(trial).hold()


def test_an_agent_that_begins_in_the_past_adopts_what_began_in_the_future(
    box: Box, chance: Random, machine: BadMachine
) -> None:
    machine.shift_clock(10 * 365 * DAY)
    trial = Trial(box, chance)
    trial.start_agent()
    trial.apply_counting("one")
    before = trial.pids()
    trial.kill_agent()

    machine.shift_clock(-DAY)
    about = trial.start_agent()

    assert (about["adopted"], trial.pids()) == (1, before)
    assert trial.box.ok("status").out
    Invariants(trial).hold()
