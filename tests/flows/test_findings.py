"""A real agent understands what a real program writes, and knows it again after a crash."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE

pytestmark = pytest.mark.slow

PYTHON = json.dumps(sys.executable)
PROGRAM = r"""
import itertools, os, time
for number in itertools.count():
    print(f"INFO served page {number} duration={number % 7}ms", flush=True)
    if os.path.exists("bad"):
        print(f"ERROR cannot reach the database, try {number}", flush=True)
    if os.path.exists("worse"):
        print(f"CRITICAL the disk {number} is on fire", flush=True)
    time.sleep(0.02)
"""


def _definition(detect: str) -> str:
    return f"""
        [services.web]
        exec = [{PYTHON}, "program.py"]
        stop.timeout = "2s"
        detect = {detect}
        """


def _found(agent: Any, *args: str) -> dict[str, Any]:
    answer: dict[str, Any] = agent.ok("findings", "-o", "json", *args).json()
    return answer


def _subjects(agent: Any, *args: str) -> list[str]:
    return [each["subject"] for each in _found(agent, *args)["findings"]]


def _tells(agent: Any) -> bool:
    return any(each["tells_of_lines"] for each in _found(agent)["learnt"])


def _is_said(agent: Any, words: str) -> bool:
    return words in agent.ok("logs", "web", "-n", "20").out


def test_new_lines_are_found_kept_over_a_kill_and_can_be_called_false(
    agent: Any, until: Any
) -> None:
    (agent.home / "program.py").write_text(PROGRAM)
    agent.apply(_definition('{ learning = "500ms" }'))
    until(lambda: _tells(agent), what="it has learnt")
    assert _subjects(agent) == []

    (agent.home / "bad").write_text("")
    until(lambda: _subjects(agent), what="a finding")
    (finding,) = _found(agent)["findings"]
    assert finding["kind"] == "new template"
    assert finding["samples"][0].startswith("ERROR cannot reach the database")

    agent.kill_agent()
    agent.start_agent()
    assert [each["id"] for each in _found(agent)["findings"]] == [finding["id"]]
    assert "cannot reach the database" in agent.ok("findings").out

    agent.ok("finding", "quiet", finding["id"][:4])
    (quiet,) = _found(agent)["findings"]
    assert quiet["state"] == "quiet"
    assert finding["pattern"] in agent.ok("findings", "--rejected").out
    agent.ok("finding", "wake", finding["id"])
    assert _found(agent)["quiet"] == []


def test_what_was_learnt_is_known_to_the_next_agent_and_off_is_off(agent: Any, until: Any) -> None:
    (agent.home / "program.py").write_text(PROGRAM)
    agent.apply(_definition('{ learning = "500ms" }'))
    until(lambda: _tells(agent), what="it has learnt")
    (before,) = _found(agent)["learnt"]

    agent.ok("agent", "stop")
    agent.agents[-1].wait(PATIENCE)
    agent.start_agent()
    until(lambda: _found(agent)["learnt"], what="a line")
    (after,) = _found(agent)["learnt"]
    assert (after["since"], after["tells_of_lines"]) == (before["since"], True)
    assert after["lines"] > before["lines"]

    agent.apply(_definition("false"))
    (agent.home / "worse").write_text("")
    until(lambda: _is_said(agent, "on fire"), what="the line")
    assert _found(agent)["learnt"] == []
    agent.apply(_definition('{ learning = "500ms" }'))
    until(
        lambda: any("on fire" in each for each in _subjects(agent)),
        what="the fire",
    )


def test_a_log_is_replayed_without_an_agent(box: Any) -> None:
    lines = [
        f"2026-11-21T{hour:02d}:{minute:02d}:{second:02d}Z INFO beat {second}\n"
        for hour in range(3)
        for minute in range(60)
        for second in range(0, 60, 5)
    ]
    lines.insert(-10, "2026-11-21T02:59:00Z CRITICAL the disk is on fire\n")
    (box.home / "app.log").write_text("".join(lines))

    found = box.ok("findings", "--replay", "app.log", "--learning", "1h", "-o", "json")

    (row,) = found.json()
    assert (row["what"], row["samples"][0][21:]) == (
        "new template",
        "CRITICAL the disk is on fire",
    )
    shown = box.ok("findings", "web", "--replay", "app.log", "--learning", "1h")
    assert "new template" in shown.out
    assert "1 findings; 2161 records" in shown.err
