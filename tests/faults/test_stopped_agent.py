"""An agent that stands still for a while: SIGSTOP, a suspended machine, a debugger."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.ports import free_port
from svcctl.errors import AgentUnreachable, TimedOut
from tests.faults.invariants import Invariants
from tests.faults.probing import command, service
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import until


@contextmanager
def standing_still(trial: Trial, seconds: float) -> Iterator[None]:
    """Stop the agent; it stands still for that long after the block, too."""
    trial.agent.send_signal(signal.SIGSTOP)
    try:
        yield
        subprocess.run(["sleep", str(seconds)], check=True)
    finally:
        trial.agent.send_signal(signal.SIGCONT)


def test_services_outlast_an_agent_that_stands_still_and_no_line_is_lost(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two", "three")
    before = trial.pids()

    with standing_still(trial, effort.of(60, bounded=2)):
        trial.kill(before["two"])

    until(lambda: trial.pids().get("two") not in {None, before["two"]}, what="it is restarted")
    after = trial.pids()
    assert [name for name in before if after[name] != before[name]] == ["two"]
    invariants.hold()


def test_who_lived_all_the_time_is_not_restarted_because_the_agent_stood_still(
    trial: Trial, effort: Effort
) -> None:
    """Beats and answers wait in sockets meanwhile: they are read before anybody is judged."""
    port = free_port()
    often = "interval = '50ms'\ntimeout = '4s'\nfails = 1\ngrace = '0s'"
    trial.apply(
        service("beating", command("beat"), "heartbeat = '4s'\ngrace = '0s'")
        + service(
            "heard",
            command("listen", port),
            f"tcp = '127.0.0.1:{port}'\n{often}",
            options=f"ready = 'port:{port}'",
        )
        + service("looked-at", "['sleep', '1000']", f"exec = ['sleep', '0.1']\n{often}")
    )
    until(lambda: all(each["live"] for each in trial.standing().values()), what="all live")

    for _ in range(effort.of(12, bounded=1)):
        with standing_still(trial, 5):
            pass
        trial.ask("status")

    assert [each["fields"] for each in trial.events() if each["kind"] == "ProbeFailed"] == []
    assert [name for name, each in trial.standing().items() if each["restarts"]] == []


def test_who_became_ready_meanwhile_is_not_said_to_be_late(trial: Trial) -> None:
    options = "ready = 'notify'\nready_timeout = '8s'"
    path = trial.box.write(service("late", command("late"), options=options))
    trial.box.ok("apply", str(path), "--yes", "--no-wait")
    until(lambda: "late" in trial.pids(), what="it is started")

    with standing_still(trial, 9.0):
        pass

    until(lambda: trial.standing()["late"]["phase"] == "running", what="it is ready")
    assert trial.standing()["late"]["restarts"] == 0


def test_a_verb_asked_meanwhile_is_carried_out_afterwards(trial: Trial) -> None:
    trial.apply_counting("one")

    with standing_still(trial, 0.5), pytest.raises((TimedOut, AgentUnreachable)):
        trial.ask("stop", "one", within=0.5)

    until(lambda: trial.standing()["one"]["phase"] == "stopped", what="it is stopped all the same")
