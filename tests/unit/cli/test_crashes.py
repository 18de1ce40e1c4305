"""``crashes``: what is asked, and what people read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from svcctl.cli.main import main

Captured = pytest.CaptureFixture[str]

ROW: dict[str, Any] = {
    "id": "20261121T165117.832955Z-7681203f127051e6-31277.1",
    "service": "mailer",
    "instance": "mailer.2",
    "problem": "",
    "at": 1_790_000_000.0,
    "where": "job sync",
    "kind": "ValueError",
    "message": "no\nreally",
    "fingerprint": "7681203f127051e6",
    "repeats": 3,
    "version": "1",
}
REPORT: dict[str, Any] = {
    "error": {"kind": "ValueError", "message": "no"},
    "stack": [{"file": "mailer.py", "line": 7, "function": "sync", "code": "int(text)"}],
    "others": [
        {
            "relation": "caused by",
            "kind": "OSError",
            "message": "gone",
            "stack": [{"file": "smtp.py", "line": 1, "function": "send", "code": "send()"}],
        }
    ],
    "log": ["connected", "sending"],
}


def test_reports_are_a_table_with_a_way_on(agent: Any, capsys: Captured) -> None:
    torn = ROW | {"problem": "the report cannot be read", "at": None}
    agent.says("crashes", [ROW, torn])

    assert main(["crashes", "mailer", "-n", "2"]) == 0

    said = capsys.readouterr()
    heading, first, second = said.out.splitlines()
    assert heading.split() == ["WHEN", "INSTANCE", "ERROR", "IN", "ID"]
    assert "mailer.2  ValueError: no  (and 3 before)" in first
    assert "the report cannot be read" in second
    assert said.err == "all that is known of one: svcctl crashes --id ID\n"
    assert agent.asked[0]["args"] == {"lines": 2}


def test_one_is_shown_with_its_causes_and_the_end_of_its_log(agent: Any, capsys: Captured) -> None:
    agent.says("crashes", [ROW | {"report": REPORT}])

    assert main(["crashes", "--id", ROW["id"]]) == 0

    _, *lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "ValueError: no",
        "  mailer.py:7 in sync: int(text)",
        "caused by:",
        "OSError: gone",
        "  smtp.py:1 in send: send()",
        "the last lines of its log:",
        "  connected",
        "  sending",
    ]


def test_one_that_cannot_be_read_says_so(agent: Any, capsys: Captured) -> None:
    agent.says("crashes", [ROW | {"problem": "the report cannot be read: torn", "report": {}}])

    assert main(["crashes", "--id", ROW["id"]]) == 0

    assert capsys.readouterr().out == "the report cannot be read: torn\n"


def test_none_is_said_too(agent: Any, capsys: Captured) -> None:
    agent.says("crashes", [])

    assert main(["crashes"]) == 0

    assert capsys.readouterr().out == "no crash was reported\n"


def test_json_is_all_there_is(agent: Any, capsys: Captured) -> None:
    agent.says("crashes", [ROW])

    assert main(["crashes", "-o", "json"]) == 0

    assert json.loads(capsys.readouterr().out) == [ROW]
