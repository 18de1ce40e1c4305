"""``healing``, ``heal`` and ``run``: what is asked, and what people read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from svcctl.cli.main import main

Captured = pytest.CaptureFixture[str]

NOW: dict[str, Any] = {
    "service": "web",
    "instance": "",
    "on": "leak",
    "subject": "memory",
    "why": "leak of 'memory'",
    "since": 1_790_000_000.0,
    "score": 1.0,
    "deed": "restart",
    "by": "heal[0]",
    "now": True,
    "reason": "",
    "problem": "",
    "until": None,
}
LATER = NOW | {
    "instance": "web.2",
    "now": False,
    "reason": "hour",
    "problem": "it is to be done at 02:00-05:00",
    "until": 1_790_040_000.0,
}
DONE: dict[str, Any] = {
    "at": 1_790_000_000.0,
    "service": "web",
    "deed": "restart",
    "by": "heal[0]",
    "why": "leak of 'memory'",
    "state": "failed",
    "problem": "web: exited with status 1",
    "took": 65.0,
}
SHOWN: dict[str, Any] = {"healing": {"enabled": True}, "wanted": [], "done": []}


def test_what_is_to_be_healed_is_a_table_with_the_reasons(agent: Any, capsys: Captured) -> None:
    agent.says("healing", SHOWN | {"wanted": [NOW, LATER], "done": [DONE | {"took": None}, DONE]})

    assert main(["healing", "web"]) == 0

    heading, now, later, _, done_heading, under_way, done = capsys.readouterr().out.splitlines()
    assert heading.split() == ["SERVICE", "SINCE", "DEED", "BY", "NOW", "WHY"]
    assert now.split()[3:6] == ["restart", "heal[0]", "yes"]
    assert later.startswith("web.2")
    assert "no: it is to be done at 02:00-05:00, until 2026-09-2" in later
    assert done_heading.split() == ["DONE", "SERVICE", "BY", "STATE", "TOOK", "WHY"]
    assert "failed: web: exited with status 1" in under_way
    assert "1m 5s" in done


def test_what_would_have_been_done_has_its_time(agent: Any, capsys: Captured) -> None:
    rehearsed = [{"at": 1_790_000_000.0, **LATER}]
    agent.says("healing", SHOWN | {"rehearsed": rehearsed})
    assert main(["healing", "--since", "1d"]) == 0
    agent.says("healing", SHOWN | {"rehearsed": []})
    assert main(["healing", "--since", "1d"]) == 0

    first, _, heading, row, *second = capsys.readouterr().out.splitlines()
    assert (first, heading.split()[0]) == ("nothing is to be healed", "AT")
    assert "no: it is to be done at 02:00-05:00" in row
    assert second[-1] == "nothing would have been done"
    assert agent.asked[0]["args"] == {"since": "1d"}


@pytest.mark.parametrize(
    ("healing", "expected"),
    [
        ({"enabled": False}, "healing is switched off: [healing] enabled = false\n"),
        (
            {"enabled": True, "dry_run": True},
            "nothing is done, it is only rehearsed: [healing] dry_run = true\n",
        ),
        ({}, ""),
    ],
)
def test_what_holds_for_all_is_said(
    agent: Any, capsys: Captured, healing: dict[str, bool], expected: str
) -> None:
    agent.says("healing", SHOWN | {"healing": healing})

    assert main(["healing"]) == 0

    said = capsys.readouterr()
    assert (said.out, said.err) == ("nothing is to be healed\n", expected)


def test_all_of_it_can_be_had_as_json(agent: Any, capsys: Captured) -> None:
    agent.says("healing", SHOWN)
    agent.says("heal", [NOW])

    assert main(["healing", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == SHOWN
    assert main(["heal", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [NOW]


@pytest.mark.parametrize(("state", "status"), [("done", 0), ("failed", 1)])
def test_what_was_healed_now_is_said_with_its_end(
    agent: Any, capsys: Captured, state: str, status: int
) -> None:
    agent.says("heal", [NOW | {"state": state}])

    assert main(["heal", "web"]) == status

    _, row = capsys.readouterr().out.splitlines()
    assert row.split()[5] == state


def test_a_dry_run_of_nothing_says_so(agent: Any, capsys: Captured) -> None:
    agent.says("heal", [])

    assert main(["heal", "--dry-run"]) == 0

    assert capsys.readouterr().out == "nothing is to be healed\n"
    assert agent.asked[0]["args"] == {"dry_run": True}


def test_a_command_that_was_run_is_said(agent: Any, capsys: Captured) -> None:
    agent.says("run", [{"service": "web", "instance": "web", "ok": True, "phase": "running"}])

    assert main(["run", "web", "threads"]) == 0

    assert capsys.readouterr().out == "the command is done in web\n"
    assert agent.asked[0]["args"] == {"command": "threads"}
