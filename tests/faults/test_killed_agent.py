"""An agent that is killed, again and again, at whatever it does."""

from __future__ import annotations

import threading

from svcctl.errors import AgentUnreachable, Conflict
from tests.faults.invariants import Invariants
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import until


def test_kill_9_at_random_instants_under_load_breaks_no_promise(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two", "three")
    before = trial.pids()

    for _ in range(effort.of(100, bounded=4)):
        trial.kill_agent()
        trial.start_agent()
        trial.let_it_work(0.2)

    assert trial.pids() == before
    invariants.hold()


def test_kill_9_while_an_agent_is_starting_breaks_no_promise(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two", "three")
    before = trial.pids()

    for _ in range(effort.of(100, bounded=6)):
        trial.kill_agent()
        trial.launch()
        trial.let_it_work(0.4)
    trial.kill_agent()
    began = sum(each["kind"] == "AgentStarted" for each in trial.recorded())
    trial.start_agent()

    assert trial.pids() == before
    assert began >= 1
    invariants.hold(killed=False)


def test_an_acknowledged_verb_holds_whenever_the_agent_is_killed(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    names = ("one", "two", "three")
    trial.apply_counting(*names)

    for _ in range(effort.of(100, bounded=4)):
        name = trial.chance.choice(names)
        verb = trial.chance.choice(("stop", "start", "restart"))
        asking = threading.Thread(target=_ask, args=(trial, verb, name))
        asking.start()
        trial.let_it_work(0.06)
        trial.kill_agent()
        asking.join()
        trial.start_agent()
        _know_again(trial, name)

    invariants.hold(tails=False)


def test_a_program_and_its_agent_may_be_killed_at_the_same_instant(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    names = ("one", "two", "three")
    trial.apply_counting(*names, options="restart.max = 1000000\nrestart.factor = 1.0")

    for _ in range(effort.of(100, bounded=4)):
        invariants.every_acknowledged_verb_holds()
        pid = trial.chance.choice(sorted(trial.pids().values()))
        first_the_agent = trial.chance.random() < 0.5
        if not first_the_agent:
            trial.kill(pid)
            trial.let_it_work(0.03)
        trial.kill_agent()
        if first_the_agent:
            trial.kill(pid)
            trial.let_it_work(0.03)
        trial.start_agent()

    invariants.hold(tails=False)


def _ask(trial: Trial, verb: str, name: str) -> None:
    """Ask for it; what was not acknowledged is not promised."""
    before = trial.wanted.pop(name)
    try:
        trial.ask_and_remember(verb, name)
    except AgentUnreachable:
        return
    except Conflict:
        trial.wanted[name] = before


def _know_again(trial: Trial, name: str) -> None:
    """Take what came of a verb nobody acknowledged as what is wanted from now on."""

    def settled() -> str | None:
        phase = trial.standing()[name]["phase"]
        return phase if phase in {"running", "stopped"} else None

    trial.wanted.setdefault(name, until(settled, what=f"{name} has come to rest"))
