"""Probes that hang, answer garbage or flap: each is judged, none holds up the agent."""

from __future__ import annotations

from typing import Any

import pytest

from bench.ports import free_port
from tests.faults.lines import until_said
from tests.faults.loop import Loop
from tests.faults.probing import command, service
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import until

OFTEN = "interval = '50ms'\ntimeout = '300ms'\ngrace = '0s'\nfail_ratio = 0"


def of_kind(trial: Trial, kind: str, name: str = "it") -> list[dict[str, Any]]:
    return [each for each in trial.events(name) if each["kind"] == kind]


@pytest.mark.parametrize("way", ["hang", "drip", "garbage"])
def test_who_answers_nothing_of_use_is_restarted_and_the_agent_goes_on(
    trial: Trial, way: str, effort: Effort
) -> None:
    port = free_port()
    probe = f"http = 'http://127.0.0.1:{port}/'\n{OFTEN}\nfails = 3"
    trial.apply(service("it", command(way, port), probe))
    rounds = effort.of(30, bounded=2)

    with Loop(trial) as loop:
        until(lambda: trial.standing()["it"]["restarts"] >= rounds, within=300, what="restarts")

    assert max(loop.answers) < 1.0
    problems = {each["fields"]["problem"] for each in of_kind(trial, "ProbeFailed")}
    assert problems
    assert all(problem and len(problem) < 500 and problem.isprintable() for problem in problems)
    trial.ask("stop", "it")
    assert list(trial.processes()) == []


def test_a_check_that_hangs_deaf_is_killed_with_its_child_each_time(
    trial: Trial, effort: Effort
) -> None:
    often = OFTEN.replace("300ms", "2s")  # there is time for a check to begin, and its child
    probe = f"exec = {command('check-hang')}\n{often}\nfails = 2\non_fail = 'none'"
    trial.apply(service("it", "['sleep', '1000']", probe))

    def most() -> int:
        return len(list(trial.processes()))

    until(lambda: most() == 3, what="the check and its child run")
    until(lambda: of_kind(trial, "ProbeFailed"), what="it is given up")
    seen = [most() for _ in range(effort.of(500, bounded=20))]

    assert max(seen) <= 3
    assert trial.standing()["it"]["restarts"] == 0
    trial.ask("stop", "it")
    assert list(trial.processes()) == []


def test_a_check_that_chatters_is_read_and_passes(trial: Trial) -> None:
    probe = f"exec = {command('check-chatter')}\n{OFTEN.replace('300ms', '5s')}\nfails = 1"
    trial.apply(service("it", "['sleep', '1000']", probe))

    until(lambda: trial.standing()["it"]["live"] is True, what="it passes")

    assert trial.standing()["it"]["restarts"] == 0


def test_who_flaps_is_restarted_for_its_ratio_alone(trial: Trial) -> None:
    """Never two failures in a row, and half of all checks fail."""
    port = free_port()
    probe = (
        f"http = 'http://127.0.0.1:{port}/'\ninterval = '20ms'\ntimeout = '1s'\n"
        "grace = '0s'\nfails = 2\nratio_window = 10\n"
    )
    ready = f"ready = 'port:{port}'"
    trial.apply(service("it", command("flap", port), f"{probe}fail_ratio = 0", options=ready))
    until_said(trial, "it", b"asked", times=20)
    assert trial.standing()["it"]["restarts"] == 0

    trial.apply(service("it", command("flap", port), f"{probe}fail_ratio = 0.4", options=ready))

    until(lambda: trial.standing()["it"]["restarts"] >= 1, what="the ratio counts")
