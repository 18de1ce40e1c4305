"""Rules of a real agent see what a real program writes, and act."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PYTHON = json.dumps(sys.executable)
PROGRAM = r"""
import os, sys, time
print("begun", flush=True)
while not os.path.exists("note"):
    time.sleep(0.02)
print("status=500 path=/a", file=sys.stderr, flush=True)
time.sleep(1000)
"""


def test_a_line_leads_to_a_command_a_verb_and_events(agent: Any, until: Any) -> None:
    (agent.home / "program.py").write_text(PROGRAM)
    note = agent.home / "note"
    agent.apply(
        f"""
        [services.web]
        exec = [{PYTHON}, "program.py"]
        stop.timeout = "2s"
        hook.run.note = ["sh", "-c", "echo $MAINPID >> {note}"]
        [[services.web.rules]]
        match = "begun"
        action = "run:note"
        cooldown = "0s"
        [[services.web.rules]]
        field = "status>=500"
        action = "restart"
        severity = "P0"
        [[services.web.rules]]
        match = "never"
        absent_for = "200ms"
        """
    )
    agent.ok("start", "web")

    until(lambda: note.exists() and len(note.read_text().split()) == 2, what="two runs")

    found = agent.ok("events", "web", "-o", "json").json()
    made = [each["fields"] for each in found if each["kind"] == "FindingMade"]
    (status,) = [each for each in made if each["subject"] == "status>=500"]
    assert (status["priority"], status["samples"]) == ("P0", ["status=500 path=/a"])
    assert "begun" in [each["subject"] for each in made]
    spawned = [each for each in found if each["kind"] == "InstanceSpawned"]
    assert [str(each["fields"]["pid"]) for each in spawned] == note.read_text().split()

    def is_missed() -> bool:
        events = agent.ok("events", "web", "-o", "json").json()
        return any(each["fields"].get("subject") == "no never for 200ms" for each in events)

    until(is_missed, what="the line that never comes")
