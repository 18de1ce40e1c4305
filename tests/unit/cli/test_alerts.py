"""``alerts``, ``ack``, ``silence`` and ``alert``: what is asked, and what people read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.ack import ack
from svcctl.cli.main import main

Captured = pytest.CaptureFixture[str]

DOWN: dict[str, Any] = {
    "id": "4fa22f5d08227185",
    "alert": "service_down",
    "priority": "P0",
    "service": "web",
    "instance": "web",
    "labels": {"service": "web"},
    "summary": "web: failed: exit code 3",
    "details": "",
    "samples": [],
    "began": 1_790_000_000.0,
    "ended": None,
    "state": "firing",
    "why_muted": "",
}
OVER = DOWN | {"id": "9ee92cbb4a0e2bb0", "ended": 1_790_000_065.0, "state": "ended"}
MUTED = DOWN | {"id": "1" * 16, "state": "muted", "why_muted": "silence 1 of ann"}
SILENCE: dict[str, Any] = {
    "number": 3,
    "match": ['service="web"'],
    "begins": 1_790_000_000.0,
    "ends": 1_790_007_200.0,
    "every": None,
    "who": "ann",
    "why": "new disks",
    "holds": True,
}


def test_what_is_wrong_is_a_table_with_a_way_on(agent: Any, capsys: Captured) -> None:
    agent.says("alerts", {"alerts": [DOWN, MUTED, OVER], "under_way": {"chat": 2}})

    assert main(["alerts", "--all"]) == 0

    said = capsys.readouterr()
    heading, down, muted, over = said.out.splitlines()
    assert heading.split() == ["ID", "PRIORITY", "ALERT", "STATE", "SINCE", "LASTS", "WHAT"]
    assert down.split()[:4] == ["4fa22f5d", "P0", "service_down", "firing"]
    assert "muted: silence 1 of ann" in muted
    assert "1m 5s" in over
    assert said.err == "2 under way to chat\nto take care of one: svcctl ack ID\n"
    assert agent.asked[0]["args"] == {"all": True}


def test_nothing_wrong_is_said_too(agent: Any, capsys: Captured) -> None:
    agent.says("alerts", {"alerts": [], "under_way": {}})

    assert main(["alerts"]) == 0

    assert capsys.readouterr().out == "nothing is wrong\n"


def test_alerts_are_json_for_programs(agent: Any, capsys: Captured) -> None:
    agent.says("alerts", {"alerts": [DOWN], "under_way": {}})

    assert main(["alerts", "-o", "json"]) == 0

    assert json.loads(capsys.readouterr().out)["alerts"] == [DOWN]


def test_an_alert_is_taken_care_of(agent: Any, capsys: Captured) -> None:
    agent.says("ack", DOWN | {"state": "acknowledged"})

    assert main(["ack", "4fa2"]) == 0

    assert capsys.readouterr().out == "acknowledged: web: failed: exit code 3\n"
    assert agent.asked[0]["args"] == {"id": "4fa2", "false_positive": False}


def test_a_false_positive_can_be_taken_back(agent: Any, capsys: Captured) -> None:
    agent.says("ack", DOWN | {"silence": 7})

    assert main(["ack", "4fa2", "--false-positive", "--reason", "a test"]) == 0

    assert capsys.readouterr().err.endswith("svcctl silence end 7\n")
    assert agent.asked[0]["args"]["reason"] == "a test"
    assert ack.name == "ack"


def test_a_silence_is_asked_for_and_said(agent: Any, capsys: Captured) -> None:
    agent.says("silence-add", SILENCE)

    assert main(["silence", "add", "service=web", "--for", "2h", "--reason", "new disks"]) == 0

    assert agent.asked[0]["args"] == {
        "match": ["service=web"],
        "for": 7200.0,
        "reason": "new disks",
    }
    said = capsys.readouterr()
    assert said.out.startswith('silence 3: service="web" until 2026-')
    assert said.err == "to end it: svcctl silence end 3\n"


def test_silences_are_a_table(agent: Any, capsys: Captured) -> None:
    window = SILENCE | {"number": 0, "every": 604_800.0, "why": "", "holds": False}
    agent.says("silence-list", [SILENCE, window])

    assert main(["silence", "list"]) == 0

    _, first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:3] == ["3", 'service="web"', "silent"]
    assert ", every 7d" in second


def test_no_silence_is_said_too(agent: Any, capsys: Captured) -> None:
    agent.says("silence-list", [])

    assert main(["silence", "list"]) == 0

    assert capsys.readouterr().out == "there is no silence\n"


def test_a_silence_is_ended(agent: Any, capsys: Captured) -> None:
    agent.says("silence-end", {"number": 3})

    assert main(["silence", "end", "3"]) == 0

    assert capsys.readouterr().out == "silence 3 has ended\n"


@pytest.mark.parametrize("arguments", [["silence", "list"], ["silence", "add", "a=b"]])
def test_silences_are_json_for_programs(agent: Any, capsys: Captured, arguments: list[str]) -> None:
    agent.says("silence-list", [SILENCE])
    agent.says("silence-add", SILENCE)

    assert main([*arguments, "-o", "json"]) == 0

    assert "new disks" in str(json.loads(capsys.readouterr().out))


def tried(**changed: Any) -> dict[str, Any]:
    return {
        "channel": "ops",
        "ok": True,
        "title": "[P2] svcctl: test",
        "problem": "",
        "hint": "",
        "seconds": 0.3,
    } | changed


def test_a_channel_that_takes_it_is_a_success(agent: Any, capsys: Captured) -> None:
    agent.says("alert-test", tried())

    assert main(["alert", "test", "ops"]) == 0

    assert capsys.readouterr().out == "ops took it within 0.3s\n"


def test_a_channel_that_does_not_is_a_failure_with_a_hint(agent: Any, capsys: Captured) -> None:
    agent.says("alert-test", tried(ok=False, problem="no such robot", hint="check it"))

    assert main(["alert", "test", "ops"]) == 1

    assert capsys.readouterr().err == "failed: ops: no such robot\nhint: check it\n"


def test_what_is_said_of_alerting_is_shown_with_its_places(agent: Any, capsys: Captured) -> None:
    origins = {"alerting.language": {"layer": "file", "file": "/a.toml", "line": 2, "column": 1}}
    agent.says(
        "alert-show",
        {
            "name": "[alerting]",
            "revision": "1",
            "spec": {"alerting": {"language": "zh"}},
            "origins": origins,
        },
    )

    assert main(["alert", "show"]) == 0

    assert capsys.readouterr().out.split()[-3:] == ["alerting.language", '"zh"', "/a.toml:2:1"]


def test_apply_hands_over_who_is_told_of_what(agent: Any, tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "alerting.toml"
    file.write_text(
        '[alerting.channels.ops]\nkind = "wecom"\nurl = "file:key"\n'
        '[alerting.priorities.P0]\nchannels = ["ops"]\n'
    )
    row = {"service": "[alerting]", "change": "created", "action": "take", "changes": []}
    agent.says("apply", {"plan": [row], "outcomes": []})

    assert main(["apply", str(file)]) == 0

    handed = agent.asked[-1]["args"]["alerting"]
    channel = handed["spec"]["channels"]["ops"]
    assert channel == {"kind": "wecom", "url": f"file:{tmp_path / 'key'}"}
    assert handed["origins"]["alerting.channels.ops.kind"]["line"] == 2
    assert list(handed["sources"]) == [str(file)]
    assert capsys.readouterr().out == "+ [alerting]: take over\n"


def test_check_says_that_it_was_read(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text("[alerting]\n")

    assert main(["check", str(file)]) == 0

    assert capsys.readouterr().out == "0 services and who is told of what, no mistakes\n"
