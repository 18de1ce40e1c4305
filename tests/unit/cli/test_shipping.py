"""``shipping``: what is asked, and what people read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.main import main

Captured = pytest.CaptureFixture[str]

IDLE: dict[str, Any] = {
    "receiver": "lake",
    "kind": "loki",
    "services": ["*"],
    "state": "idle",
    "lag_bytes": 0,
    "lag_lines": 0,
    "lag_seconds": 0.0,
    "last_sent": 1_790_000_000.0,
    "failing_since": None,
    "problem": "",
    "tries": 0,
    "sent": 81204,
    "set_aside": 0,
    "set_aside_file": "/state/shipping/lake/set-aside.jsonl",
    "repeated": 0,
    "lost": 0,
}
FAILING = IDLE | {
    "receiver": "old",
    "state": "failing",
    "lag_lines": 7,
    "lag_bytes": 4096,
    "lag_seconds": 65.0,
    "failing_since": 1_790_000_000.0,
    "last_sent": None,
    "problem": "nobody is there",
    "set_aside": 2,
}


def test_it_says_how_it_goes_with_each_receiver(agent: Any, capsys: Captured) -> None:
    agent.says("shipping", [IDLE, FAILING])

    assert main(["shipping"]) == 0

    said = capsys.readouterr()
    heading, lake, old = said.out.splitlines()
    assert heading.split() == [
        *("RECEIVER", "KIND", "STATE", "BEHIND", "WAITING", "SENT", "ASIDE", "LOST", "LAST"),
    ]
    assert "idle" in lake
    assert "81204" in lake
    assert "1m 5s" in old
    assert "7 lines" in old
    assert "old fails for " in said.err
    assert "nobody is there" in said.err
    assert "old refused 2 for good: see /state/shipping/lake/set-aside.jsonl" in said.err


def test_programs_are_told_all_of_it(agent: Any, capsys: Captured) -> None:
    agent.says("shipping", [IDLE])

    assert main(["shipping", "-o", "json"]) == 0

    assert json.loads(capsys.readouterr().out) == [IDLE]


def test_where_nothing_is_sent_it_says_how_to(agent: Any, capsys: Captured) -> None:
    agent.says("shipping", [])

    assert main(["shipping"]) == 0

    said = capsys.readouterr()
    assert said.out == "nothing is sent anywhere\n"
    assert "[shipping.NAME]" in said.err


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_receiver_that_took_a_record_is_well(agent: Any, capsys: Captured, output: str) -> None:
    took = {"receiver": "lake", "ok": True, "problem": "", "hint": "", "seconds": 0.1}
    agent.says("shipping-test", took)

    assert main(["shipping", "test", "lake", "-o", output]) == 0

    said = capsys.readouterr().out
    assert said == "lake took it within 0.1s\n" or json.loads(said) == took
    assert agent.asked[-1]["args"]["receiver"] == "lake"


def test_one_that_did_not_is_a_failure_with_the_reason(agent: Any, capsys: Captured) -> None:
    refused = {"receiver": "lake", "ok": False, "problem": "no", "hint": "do it", "seconds": 0.1}
    agent.says("shipping-test", refused)

    assert main(["shipping", "test", "lake"]) == 1

    assert capsys.readouterr().err == "failed: lake: no\nhint: do it\n"


@pytest.mark.parametrize("output", ["text", "json"])
def test_what_is_configured_is_shown(agent: Any, capsys: Captured, output: str) -> None:
    agent.says(
        "shipping-show",
        {
            "name": "[shipping]",
            "spec": {"shipping": {"lake": {"kind": "loki"}}},
            "origins": {},
            "sources": {},
            "revision": "abc",
        },
    )

    assert main(["shipping", "show", "-o", output]) == 0

    assert "loki" in capsys.readouterr().out


def test_check_says_that_it_was_read(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text("[shipping.old]\nkind = 'syslog'\nhost = 'h'\n[alerting]\n")

    assert main(["check", str(file)]) == 0

    said = capsys.readouterr().out
    assert said == "0 services and who is told of what and where logs are sent, no mistakes\n"
