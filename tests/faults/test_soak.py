"""Much for long: a thousand services that crash, and hours of everything, at the end all flat."""

from __future__ import annotations

import os
import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from svcctl.errors import SvcctlError
from tests.faults.invariants import Invariants
from tests.faults.loop import Loop
from tests.faults.probing import command, service
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import until

SERVICES = ("a", "b", "c", "d", "e", "f")
SLACK = 2 * 2**20  # bytes a heap may breathe
FEW = 4  # files that SQLite keeps open for later, threads that wait for work


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What a process holds of the machine."""

    memory_bytes: int
    files: int
    threads: int

    def is_within(self, other: Footprint) -> bool:
        """Say whether it is no more than *other*, but for what comes and goes."""
        return (
            self.files <= other.files + FEW
            and self.threads <= other.threads + FEW
            and self.memory_bytes <= other.memory_bytes + SLACK
        )


def footprint(pid: int) -> Footprint:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    assert found is not None
    return Footprint(
        memory_bytes=int(found[1]) * 1024,
        files=len(os.listdir(f"/proc/{pid}/fd")),
        threads=len(os.listdir(f"/proc/{pid}/task")),
    )


def test_of_a_thousand_services_a_tenth_crashes_at_random(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    count = effort.of(1_000, bounded=40)
    names = [f"s{number:04}" for number in range(count)]
    fragile = names[::10]
    trial.apply("".join(service(name, "['sleep', '10000']") for name in names))
    until(lambda: len(trial.pids()) == count, within=60, what="all run")
    before = trial.pids()
    over = time.monotonic() + effort.of(300, bounded=3)

    with Loop(trial) as loop:
        while time.monotonic() < over:
            victim = trial.pids().get(trial.chance.choice(fragile))
            if victim:
                with suppress(ProcessLookupError):
                    trial.kill(victim)

    until(lambda: len(trial.pids()) == count, within=60, what="all run again")
    after = trial.pids()
    assert {name for name in names if after[name] != before[name]} <= set(fragile)
    assert sum(each["restarts"] for each in trial.standing().values()) > len(fragile)
    assert max(loop.answers) < 2.0
    trial.wanted |= dict.fromkeys(names, "running")
    invariants.hold()


def test_hours_of_everything_leave_no_trace_in_memory_files_and_threads(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting(*SERVICES, options="restart.max = 0\nrestart.max_delay = '50ms'")
    rounds = effort.of(8_000, bounded=3)
    torment(trial, rounds // 3)
    warm = _at_rest(trial)

    torment(trial, rounds - rounds // 3)

    over = time.monotonic() + 20
    while not (found := _at_rest(trial)).is_within(warm) and time.monotonic() < over:
        time.sleep(0.1)  # what was under way ends
    assert found.is_within(warm), f"{found}, {warm} once it was warm"
    invariants.hold()


def _at_rest(trial: Trial) -> Footprint:
    trial.ask("start", *SERVICES)
    trial.wanted |= dict.fromkeys(SERVICES, "running")
    return footprint(trial.agent.pid)


def torment(trial: Trial, rounds: int) -> None:
    """Do all that people, programs and machines do to an agent, each time in another order."""
    deeds = (_crash, _verb, _ask_around, _hang_up, _redefine)
    for _ in range(rounds):
        for deed in trial.chance.sample(deeds, k=len(deeds)):
            deed(trial)


def _crash(trial: Trial) -> None:
    running = [*trial.pids().values()]
    for pid in trial.chance.sample(running, k=min(2, len(running))):
        with suppress(ProcessLookupError):
            trial.kill(pid)


def _verb(trial: Trial) -> None:
    verb = trial.chance.choice(("start", "stop", "restart", "reset"))
    with suppress(SvcctlError):
        trial.ask(verb, trial.chance.choice(SERVICES))


def _ask_around(trial: Trial) -> None:
    trial.ask("events", lines=100)
    trial.ask("logs", trial.chance.choice(SERVICES), lines=100)


def _hang_up(trial: Trial) -> None:
    """Connect, say half a word, and go."""
    words = b'{"id": 1, "verb": "status", "select": {}, "args": {}}'
    for _ in range(10):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(trial.paths.socket)
            client.sendall(words[: trial.chance.randrange(len(words))])


def _redefine(trial: Trial) -> None:
    trial.apply(service("extra", command("beat"), "heartbeat = '5s'"))
    trial.ask("stop", "extra")
    trial.ask("remove", "extra")
