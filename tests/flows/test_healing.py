"""A real agent heals real programs, and says what it does: or does not, and why."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PYTHON = json.dumps(sys.executable)
PROGRAM = r"""
import pathlib, signal, sys, time
name = sys.argv[1]
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    for word in ("stuck", "ready"):
        file = pathlib.Path(f"{name}.{word}")
        if file.exists():
            file.unlink()
            print(word, flush=True)
    if pathlib.Path(f"{name}.always").exists():
        print("stuck", flush=True)
    time.sleep(0.05)
"""


def service(name: str, *options: str, rule: str = "", heal: str = "", deaf: bool = False) -> str:
    arguments = json.dumps(["program.py", name, *(["deaf"] if deaf else [])])[1:-1]
    lines = [f"[services.{name}]", f"exec = [{PYTHON}, {arguments}]", *options]
    lines += [f"[[services.{name}.rules]]", 'name = "stuck"', 'match = "stuck"', rule]
    if heal:
        lines += [f"[[services.{name}.heal]]", 'on = ["stuck"]', heal]
    return "\n".join(lines) + "\n"


@pytest.fixture(name="agent")
def agent_fixture(agent: Any) -> Any:
    (agent.home / "program.py").write_text(PROGRAM)
    return agent


def of_kind(agent: Any, kind: str, service: str = "web") -> list[dict[str, Any]]:
    return [each for each in agent.events(service) if each["kind"] == kind]


def healings(agent: Any) -> list[tuple[str, str]]:
    """Name the verbs that the healer asked for, and what became of them."""
    rows = agent.ok("audit", "--actor", "healer", "-o", "json").json()
    return [(each["verb"], each["outcome"]) for each in rows if each["outcome"] != "asked"]


def test_what_is_found_is_healed_until_the_budget_is_spent(agent: Any, until: Any) -> None:
    agent.apply(service("web", rule='cooldown = "1s"', heal='budget = "2 in 1h"\ncooldown = "0s"'))
    (agent.home / "web.always").touch()

    until(
        lambda: [e for e in of_kind(agent, "HealingHeld") if e["fields"]["reason"] == "budget"],
        what="the budget is spent",
    )

    outcomes = [each["fields"]["outcome"] for each in of_kind(agent, "HealingDone")]
    assert outcomes == ["done", "done"]
    assert len(of_kind(agent, "InstanceSpawned")) == 3
    assert healings(agent) == [("restart", "done"), ("restart", "done")]
    found = [each["fields"] for each in of_kind(agent, "FindingMade")]
    assert [each["kind"] for each in found if each["kind"] != "rule"] == ["unhealed"]
    shown = agent.ok("healing", "web", "-o", "json").json()
    assert [each["reason"] for each in shown["wanted"]] == ["budget"]
    assert "being healed by restart" in agent.ok("events", "web", "--causes", "-n", "1000").out


def test_what_is_rehearsed_is_said_and_not_done(agent: Any, until: Any) -> None:
    agent.apply(service("web", rule='cooldown = "1h"', heal="dry_run = true"))
    pid = agent.one("web")["pid"]
    (agent.home / "web.stuck").touch()

    (held,) = until(lambda: of_kind(agent, "HealingHeld"), what="it is said")

    assert (held["fields"]["reason"], held["fields"]["deed"]) == ("dry_run", "restart")
    assert "it is only rehearsed" in agent.ok("healing").out
    assert "restart" in agent.ok("healing", "--since", "1h").out
    assert "it is only rehearsed" in agent.ok("heal", "--dry-run").out
    assert agent.one("web")["pid"] == pid
    assert healings(agent) == []


def test_all_healing_can_be_switched_off_and_on(agent: Any, until: Any) -> None:
    web = service("web", rule='cooldown = "1h"', heal='cooldown = "0s"')
    agent.apply(web + "[healing]\nenabled = false\n")
    (agent.home / "web.stuck").touch()
    until(lambda: of_kind(agent, "HealingHeld"), what="it is said")
    assert healings(agent) == []

    agent.apply(web + "[healing]\nenabled = true\n")

    until(lambda: healings(agent) == [("restart", "done")], what="it is healed")


def test_what_needs_another_is_left_alone_while_that_is_healed(agent: Any, until: Any) -> None:
    agent.apply(
        service("db", 'ready = "log:ready"', heal='cooldown = "1h"', rule='cooldown = "1s"')
        + service("web", 'needs = ["db"]', rule='cooldown = "1s"\naction = "restart"'),
        "--no-wait",
    )
    (agent.home / "db.ready").touch()
    pid = agent.until_phase("web", "running")["pid"]

    (agent.home / "db.stuck").touch()
    until(lambda: len(of_kind(agent, "InstanceSpawned", "db")) == 2, what="db anew")
    (agent.home / "web.stuck").touch()
    (held,) = until(lambda: of_kind(agent, "HealingHeld"), what="web waits")
    (agent.home / "db.ready").touch()
    until(lambda: of_kind(agent, "HealingDone", "db"), what="db is healed")
    until(lambda: of_kind(agent, "FindingEnded"), what="web is well")

    assert (held["fields"]["reason"], held["fields"]["by"]) == ("cause", "rule 'stuck'")
    assert held["fields"]["problem"].startswith("it needs 'db', which is ")
    assert agent.one("web")["pid"] == pid
    assert healings(agent) == [("restart", "done")]


def test_an_agent_killed_while_it_heals_says_so_and_nothing_is_done_twice(
    agent: Any, until: Any
) -> None:
    agent.apply(
        service(
            "web",
            'stop.timeout = "1h"',
            rule='cooldown = "1h"',
            heal='budget = "1 in 1h"\ncooldown = "0s"',
            deaf=True,
        )
    )
    (agent.home / "web.stuck").touch()
    until(lambda: of_kind(agent, "HealingBegun"), what="it is being healed")
    agent.until_phase("web", "stopping")
    agent.kill_agent()

    agent.start_agent()

    (done,) = until(lambda: of_kind(agent, "HealingDone"), what="it is told")
    assert done["fields"]["outcome"] == "unknown"
    agent.ok("kill", "web")  # it would not end by itself
    until(lambda: len(of_kind(agent, "InstanceSpawned")) == 2, what="it is restarted")
    (agent.home / "web.stuck").touch()
    until(lambda: of_kind(agent, "HealingHeld"), what="the budget is spent")
    assert len(of_kind(agent, "HealingBegun")) == 1
    shown = agent.ok("healing", "-o", "json").json()
    assert [each["state"] for each in shown["done"]] == ["unknown"]
    agent.ok("stop", "web", "--no-wait")
    agent.ok("kill", "web")


def test_a_command_of_a_service_can_be_run_by_hand(agent: Any) -> None:
    note = agent.home / "note"
    command = json.dumps(["sh", "-c", f"echo $MAINPID > {note}"])
    agent.apply(service("web", f"hook.run.note = {command}"))

    said = agent.ok("run", "web", "note").out
    wrong = agent.cli("run", "web", "nose")

    assert note.read_text().strip() == str(agent.one("web")["pid"])
    assert said == "the command is done in web\n"
    assert (wrong.status, "did you mean 'note'?" in wrong.err) == (2, True)
