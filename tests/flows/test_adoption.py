"""An agent may die at any instant: its services do not notice, and the next one carries on."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.slow

COUNTER = r"""
import os, sys, time
number = 0
while number < 400_000:
    os.write(1, b"".join(b"%09d\n" % each for each in range(number, number + 40)))
    number += 40
    if number % 4000 == 0:
        time.sleep(0.004)
os.write(1, b"done\n")
time.sleep(1000)
"""


def test_a_killed_agent_restarts_nothing_and_loses_no_line(
    agent: Any, until: Any, alive: Any
) -> None:
    script = agent.home / "counter.py"
    script.write_text(COUNTER)
    agent.apply(
        f"""
        [services.count]
        exec = [{json.dumps(sys.executable)}, {json.dumps(str(script))}]
        log = {{ max_size = "500K", keep = 1000 }}
        """
    )
    before = agent.one("count")

    for _ in range(4):
        agent.kill_agent()
        assert alive(before["pid"])
        agent.start_agent()
    until(lambda: "done" in agent.cli("logs", "count", "-n", "1").out, within=200)

    after = agent.one("count")
    assert (after["pid"], after["restarts"]) == (before["pid"], 0)
    assert after["phase"] == "running"
    everything = ("-n", "1000000", "-o", "jsonl")
    written = agent.ok("logs", "count", *everything, within=200).out.splitlines()
    numbers = [json.loads(line)["text"] for line in written if '"text"' in line]
    assert numbers == [f"{each:09d}" for each in range(400_000)] + ["done"]


def test_a_program_that_ended_while_no_agent_ran_is_started_again(agent: Any, until: Any) -> None:
    agent.apply('[services.web]\nexec = ["sleep", "1000"]\nrestart.delay = "10ms"\n')
    pid = agent.one("web")["pid"]
    agent.kill_agent()

    os.kill(pid, signal.SIGKILL)
    agent.start_agent()

    found = until(lambda: (w := agent.one("web"))["restarts"] == 1 and w["ready"] and w)
    assert found["pid"] != pid


def test_an_adopted_program_that_crashes_is_healed_and_its_exit_code_known(
    agent: Any, until: Any
) -> None:
    agent.apply(
        """
        [services.web]
        exec = ["sh", "-c", "trap 'exit 7' USR1; while :; do sleep 0.05; done"]
        restart.delay = "10ms"
        """
    )
    agent.kill_agent()
    agent.start_agent()

    os.kill(agent.one("web")["pid"], signal.SIGUSR1)

    until(lambda: agent.one("web")["restarts"] == 1)
    ended = [each for each in agent.events("web") if each["kind"] == "InstanceExited"]
    assert ended[-1]["fields"]["code"] in {7, None}  # None: this kernel does not tell


def test_backoff_and_crash_budget_carry_on_with_the_next_agent(agent: Any) -> None:
    agent.write(
        """
        [services.loop]
        exec = ["false"]
        restart = { delay = "300ms", factor = 1.0, max = 4, jitter = 0.0 }
        """
    )
    agent.cli("apply", "svcctl.toml", "--yes")

    agent.kill_agent()
    agent.start_agent()

    failed = agent.until_phase("loop", "failed")
    assert failed["restarts"] == 4


def test_a_stop_under_way_is_carried_through_by_the_next_agent(agent: Any, alive: Any) -> None:
    agent.apply(
        """
        [services.stubborn]
        exec = ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"]
        stop.timeout = "2s"
        """
    )
    pid = agent.one("stubborn")["pid"]
    agent.ok("stop", "stubborn", "--no-wait")

    agent.kill_agent()
    agent.start_agent()

    agent.until_phase("stubborn", "stopped")
    assert not alive(pid)


def test_agent_stop_ends_services_and_the_next_agent_starts_them_again(
    agent: Any, alive: Any
) -> None:
    agent.apply('[services.web]\nexec = ["sleep", "1000"]\n')
    pid = agent.one("web")["pid"]

    agent.ok("agent", "stop")
    assert not alive(pid)
    agent.start_agent()

    agent.until_phase("web", "running")


def test_services_left_behind_on_purpose_are_adopted(agent: Any, alive: Any) -> None:
    agent.apply('[services.web]\nexec = ["sleep", "1000"]\n')
    pid = agent.one("web")["pid"]

    agent.ok("agent", "stop", "--leave-services")
    assert alive(pid)
    agent.start_agent()

    assert agent.one("web")["pid"] == pid


def test_upgrade_replaces_the_agent_and_no_service_notices(agent: Any) -> None:
    agent.apply('[services.web]\nexec = ["sleep", "1000"]\n')
    before = agent.one("web")

    agent.ok("agent", "upgrade")

    after = agent.one("web")
    assert (after["pid"], after["restarts"]) == (before["pid"], 0)
    assert agent.agents[-1].poll() is None


def test_a_service_stopped_by_a_person_stays_stopped(agent: Any) -> None:
    agent.apply('[services.web]\nexec = ["sleep", "1000"]\n')
    agent.ok("stop", "web")

    agent.kill_agent()
    agent.start_agent()

    assert agent.one("web")["phase"] == "stopped"


def test_a_second_agent_in_the_same_home_is_refused(agent: Any) -> None:
    ran = agent.cli("agent", "run")

    assert ran.status == 1
    assert str(agent.agents[0].pid) in ran.err
