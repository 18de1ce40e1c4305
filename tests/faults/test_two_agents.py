"""Agents that are started at once, where only one may be."""

from __future__ import annotations

import subprocess

from tests.faults.invariants import Invariants
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import PATIENCE, until

REFUSED = 1


def test_of_agents_started_at_once_one_keeps_the_services(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two")
    before = trial.pids()

    for _ in range(effort.of(50, bounded=2)):
        trial.kill_agent()
        agents = [trial.launch() for _ in range(trial.chance.randint(2, 4))]
        _one_is_left(trial, agents)

    assert trial.pids() == before
    invariants.hold()


def test_an_agent_started_as_another_is_killed_takes_over_or_is_refused(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two")
    before = trial.pids()

    for _ in range(effort.of(50, bounded=2)):
        former = trial.agent
        agents = [trial.launch(), trial.launch()]
        trial.let_it_work(0.3)
        former.kill()
        former.wait(PATIENCE)
        trial.killed += 1
        _until_decided(trial, agents)
        if all(agent.poll() == REFUSED for agent in agents):
            agents.append(trial.launch())
        _one_is_left(trial, agents)

    assert trial.pids() == before
    invariants.hold()


def _until_decided(trial: Trial, agents: list[subprocess.Popen[bytes]]) -> None:
    """Wait until each has either been refused or answers."""

    def decided() -> bool:
        about = trial.about()
        answering = about["pid"] if about else 0
        return all(agent.poll() is not None or agent.pid == answering for agent in agents)

    until(decided, what="all are decided")


def _one_is_left(trial: Trial, agents: list[subprocess.Popen[bytes]]) -> None:
    """See that one answers and all others were refused; that one is the agent from now on."""
    _until_decided(trial, agents)
    (chosen,) = [agent for agent in agents if agent.poll() is None]
    assert {agent.poll() for agent in agents if agent is not chosen} <= {REFUSED}
    said = trial.box.said().splitlines()
    assert any("another agent already runs here" in line for line in said)
    trial.box.agents.remove(chosen)
    trial.box.agents.append(chosen)
