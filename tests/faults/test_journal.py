"""The journal: an agent that ends between any two writes to it, and a journal that is damaged."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import AgentUnreachable
from tests.faults.invariants import Invariants
from tests.faults.trial import AGENT, Effort, Trial
from tests.flows.conftest import PATIENCE, until

DOOMED = Path(__file__).parent / "programs" / "doomed_agent.py"
NEVER = 1_000_000  # a write that no agent comes to
HOOKED = 'hook = { pre_start = [["true"]], post_start = [["true"]], post_stop = [["true"]] }'
AT_REST = {"running", "stopped"}


@dataclass
class Life:
    """Verbs that bring an instance into all its phases, asked of an agent that may be doomed.

    *gone* are the instances whose removal was acknowledged.
    """

    trial: Trial
    gone: set[str] = field(default_factory=set)

    def lead(self) -> None:
        """Ask for one thing after the other, until nobody answers."""
        steps: list[tuple[str, Callable[[], object], dict[str, str]]] = [
            ("a", lambda: self._apply("a", HOOKED), {"a": "running"}),
            ("b", lambda: self._apply("b", "instances = 2"), {"b": "running", "b.2": "running"}),
            ("a", lambda: self._ask("restart", "a"), {"a": "running"}),
            ("a", lambda: self._ask("stop", "a"), {"a": "stopped"}),
            ("a", lambda: self._ask("start", "a"), {"a": "running"}),
            ("b", lambda: self._ask("scale", "b", instances=1), {"b": "running"}),
            ("a", lambda: self._apply("a", 'env.CHANGED = "1"'), {"a": "running"}),
            ("b", lambda: self._ask("remove", "b"), {}),
        ]
        try:
            for service, ask, then in steps:
                before = {each for each in self.trial.wanted if each.split(".")[0] == service}
                for each in before:
                    del self.trial.wanted[each]
                ask()
                self.trial.wanted |= then
                self.gone |= before - then.keys()
                self.gone -= then.keys()
        except AgentUnreachable:
            self.trial.agent.wait(30)

    def _apply(self, name: str, options: str) -> None:
        self.trial.apply(self.trial.counting(name, options=options))

    def _ask(self, verb: str, name: str, **args: Any) -> object:
        return self.trial.ask(verb, name, **args)

    def agree(self) -> None:
        """What was acknowledged must hold; of the rest, take what it comes to."""

        def settled() -> bool:
            found = {name: each["phase"] for name, each in self.trial.standing().items()}
            if not set(found.values()) <= AT_REST:
                return False
            assert not self.gone & found.keys(), "what was removed came back"
            self.trial.wanted = found | self.trial.wanted
            return True

        until(settled, what="all have come to rest")

    def end(self) -> None:
        """Leave a home as it was at first, or an empty one."""
        for name in {name.split(".")[0] for name in self.trial.standing()}:
            self.trial.ask("remove", name)
        self.trial.kill_agent()
        for folder in (self.trial.notes, self.trial.paths.logs):
            shutil.rmtree(folder, ignore_errors=True)
        self.trial.wanted.clear()
        self.gone.clear()
        if self.trial.chance.random() < 0.5:
            shutil.rmtree(self.trial.paths.state)


def doomed(number: int, moment: str) -> tuple[str, ...]:
    return sys.executable, str(DOOMED), str(number), moment


@pytest.fixture
def life(trial: Trial) -> Life:
    """A life led in a home whose agent was killed."""
    trial.kill_agent()
    return Life(trial)


def test_an_agent_may_end_between_any_two_writes_to_its_journal(
    life: Life, invariants: Invariants, effort: Effort
) -> None:
    trial = life.trial
    writes = _writes_of_a_life(life)
    everywhere = [(number, how) for number in range(1, writes + 1) for how in ("before", "after")]
    count = min(len(everywhere), effort.of(len(everywhere), bounded=2))

    for number, moment in trial.chance.sample(everywhere, count):
        _start(trial, number, moment)
        life.lead()
        _end(trial)
        if trial.chance.random() < 0.3:  # and another one, while it takes up what is left
            _start(trial, trial.chance.randint(1, 12), "after")
            _end(trial)
        trial.start_agent()
        life.agree()
        invariants.hold(tails=False, killed=False)
        life.end()


def _writes_of_a_life(life: Life) -> int:
    _start(life.trial, NEVER, "before")
    life.lead()
    life.trial.ask("agent-stop")
    assert life.trial.agent.wait(30) == 0
    life.trial.start_agent()
    life.end()
    return int((life.trial.home / "writes").read_text())


def _start(trial: Trial, number: int, moment: str) -> None:
    """Start an agent; it may end before it answers."""
    agent = trial.launch(*doomed(number, moment))
    until(lambda: agent.poll() is not None or trial.about(), what="the agent answers or ends")


def _end(trial: Trial) -> None:
    if trial.agent.poll() is None:
        trial.kill_agent()


DAMAGES: dict[str, Callable[[bytearray, random.Random], None]] = {
    "cut short": lambda content, chance: content.__delitem__(
        slice(chance.randrange(len(content)), None)
    ),
    "empty": lambda content, _: content.clear(),
    "all garbage": lambda content, chance: content.__setitem__(
        slice(None), chance.randbytes(len(content))
    ),
    "a page of garbage": lambda content, chance: _spoil(content, chance, 4096),
    "a few bytes of garbage": lambda content, chance: _spoil(content, chance, 16),
}


def _spoil(content: bytearray, chance: random.Random, size: int) -> None:
    at = chance.randrange(max(1, len(content) - size))
    content[at : at + size] = chance.randbytes(min(size, len(content)))


@pytest.mark.parametrize("file", ["state.db", "state.db-wal"])
def test_a_damaged_journal_stops_no_agent_and_doubles_no_program(
    trial: Trial, invariants: Invariants, effort: Effort, file: str
) -> None:
    trial.apply_counting("one", "two")
    definitions = (trial.home / "svcctl.toml").read_text()
    before = trial.pids()

    for damage in trial.chance.choices(list(DAMAGES.values()), k=effort.of(30, bounded=1)):
        if file == "state.db":  # in order, so that all lies in this one file
            trial.ask("agent-stop", leave_services=True)
            trial.agent.wait(60)
        else:
            trial.kill_agent()
        path = Path(trial.paths.state) / file
        content = bytearray(path.read_bytes())
        damage(content, trial.chance)
        path.write_bytes(content)

        about = trial.start_agent()
        trial.apply(definitions)

        assert trial.pids() == before
        said = {each["kind"] for each in trial.events()}
        assert ("StateReplaced" in said) >= bool(about["recovered"])
        assert about["adopted"] == 2 or "ProgramFound" in said
    invariants.hold(killed=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a mount")
def test_a_read_only_journal_refuses_an_agent_and_hurts_no_program(
    trial: Trial, invariants: Invariants
) -> None:
    trial.apply_counting("one")
    before = trial.pids()
    trial.kill_agent()
    state = trial.paths.state

    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    refused = trial.launch("unshare", "--mount", "sh", "-c", script, state, *AGENT)

    assert refused.wait(PATIENCE) == 1
    assert f"state '{state}/state.db' cannot be opened" in trial.box.said()
    trial.start_agent()
    assert trial.pids() == before
    invariants.hold()
