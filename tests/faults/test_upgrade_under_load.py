"""An agent that replaces its own program while its services are at work."""

from __future__ import annotations

import signal
import threading
from typing import Any

from svcctl.errors import AgentUnreachable, TimedOut
from tests.faults.invariants import Invariants
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import PATIENCE, until


def test_upgrades_under_load_restart_nothing_and_cost_no_line(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two", "three")
    before, pid = trial.pids(), trial.agent.pid

    for _ in range(effort.of(50, bounded=2)):
        about = upgrade(trial)
        trial.let_it_work(0.1)
        assert (about["pid"], about["adopted"]) == (pid, 3)

    assert trial.pids() == before
    invariants.hold()


def test_an_upgraded_agent_still_learns_how_its_programs_end(trial: Trial) -> None:
    script = "trap 'exit 7' USR1; while :; do sleep 0.02; done"
    trial.apply(f'[services.web]\nexec = ["sh", "-c", "{script}"]\nrestart.delay = "10ms"\n')
    upgrade(trial)

    trial.ask("kill", "web", signal="USR1")

    until(lambda: trial.standing()["web"]["restarts"] == 1, what="web is started again")
    ended = [each["fields"] for each in trial.events("web") if each["kind"] == "InstanceExited"]
    assert [each["code"] for each in ended] == [7]


def test_an_upgrade_in_the_midst_of_verbs_loses_none(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    names = ("one", "two", "three")
    trial.apply_counting(*names)

    for _ in range(effort.of(50, bounded=2)):
        asking = [threading.Thread(target=_insist, args=(trial, name)) for name in names]
        for each in asking:
            each.start()
        trial.let_it_work(0.05)
        upgrade(trial)
        for each in asking:
            each.join()

    invariants.hold(tails=False)


def test_an_upgrading_agent_may_be_killed_at_any_instant(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two", "three")
    before = trial.pids()

    for _ in range(effort.of(50, bounded=2)):
        trial.ask("agent-upgrade")
        trial.let_it_work(0.4)
        trial.agent.send_signal(signal.SIGKILL)
        trial.agent.wait(PATIENCE)
        trial.start_agent()

    assert trial.pids() == before
    invariants.hold(killed=False)


def upgrade(trial: Trial) -> dict[str, Any]:
    """Replace the agent's program; give what the new one says of itself."""
    before = trial.ask("agent-status")
    assert isinstance(before, dict)
    trial.ask("agent-upgrade")

    def successor() -> dict[str, Any] | None:
        about = trial.about()
        return about if about and about["started_at"] != before["started_at"] else None

    found: dict[str, Any] = until(successor, what="the new agent answers")
    return found


def _insist(trial: Trial, name: str) -> None:
    """Ask for a verb until it is acknowledged, whichever agent does it."""
    verb = trial.chance.choice(("stop", "start", "restart"))
    del trial.wanted[name]

    def asked() -> bool:
        try:
            trial.ask_and_remember(verb, name)
        except (AgentUnreachable, TimedOut):
            return False
        return True

    until(asked, what=f"{verb} {name} is acknowledged")
