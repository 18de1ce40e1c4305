"""``uninstall``: asked first, and told what is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from svcctl.cli.main import main

Make = Callable[..., dict[str, Any]]
Captured = pytest.CaptureFixture[str]

ACTS = [
    {"kind": "run", "target": "systemctl disable web.service", "text": "", "before": None},
    {"kind": "delete", "target": "/etc/systemd/system/web.service", "text": "", "before": "x"},
]
ROW = {"service": "web", "change": "removed", "action": "stop", "changes": [], "acts": ACTS}


def test_it_says_what_it_removed(agent: Any, outcome: Make, capsys: Captured) -> None:
    agent.says("remove", {"plan": [ROW], "outcomes": [outcome("web", phase="stopped")]})

    assert main(["uninstall", "web", "--yes"]) == 0

    assert [each["args"]["dry_run"] for each in agent.asked] == [True, False]
    told = capsys.readouterr()
    assert told.out == (
        "web: removed\n"
        "  ran systemctl disable web.service\n"
        "  removed /etc/systemd/system/web.service\n"
    )
    assert told.err == "what they wrote is still there; --logs would have deleted it\n"


def test_a_dry_run_says_what_it_would_remove(agent: Any, capsys: Captured) -> None:
    agent.says("remove", {"plan": [ROW], "outcomes": []})

    assert main(["uninstall", "web", "--dry-run", "--logs"]) == 0

    (asked,) = agent.asked
    assert asked["args"] == {"dry_run": True, "logs": True}
    assert capsys.readouterr().out == (
        "web: would be stopped and removed\n"
        "  run systemctl disable web.service\n"
        "  delete /etc/systemd/system/web.service\n"
    )


def test_json_has_the_acts_as_they_are(agent: Any, outcome: Make, capsys: Captured) -> None:
    document = {"plan": [ROW], "outcomes": [outcome("web", phase="stopped")]}
    agent.says("remove", document)

    assert main(["uninstall", "web", "--yes", "--logs", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == document


def test_what_could_not_be_removed_is_told_with_its_cause(
    agent: Any, outcome: Make, capsys: Captured
) -> None:
    other = ROW | {"service": "db", "acts": []}
    refused = outcome("db", ok=False, problem="marked for deletion", hint="close services.msc")
    agent.says("remove", {"plan": [ROW, other], "outcomes": [outcome("web"), refused]})

    assert main(["uninstall", "web", "db", "--yes"]) == 8

    told = capsys.readouterr()
    assert told.out.startswith("web: removed\n")
    assert "db" not in told.out
    assert told.err == "failed: db: marked for deletion\nhint: close services.msc\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "'uninstall' needs to know which services"),
        (["web"], "Stop and remove web? Nobody can be asked here"),
    ],
)
def test_nothing_is_removed_unasked(
    agent: Any, argv: list[str], said: str, capsys: Captured
) -> None:
    agent.says("remove", {"plan": [ROW], "outcomes": []})

    assert main(["uninstall", *argv]) == 2

    assert all(each["args"]["dry_run"] for each in agent.asked)
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_a_person_may_type_the_name(agent: Any, outcome: Make, terminal: Any) -> None:
    agent.says("remove", {"plan": [ROW], "outcomes": [outcome("web", phase="stopped")]})

    terminal.run(["uninstall", "web"], answer="web\n", when="Stop and remove web?")

    assert terminal.status == 0
    assert "web: removed" in terminal.screen
