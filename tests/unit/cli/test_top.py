"""What services use, and where that leads, as people and programs see it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from svcctl.cli.main import main
from svcctl.cli.output import Screen
from svcctl.cli.trends import mark
from svcctl.errors import AgentUnreachable
from tests.unit.cli.conftest import FakeAgent, Make

LEAK: dict[str, Any] = {
    "service": "web",
    "instance": "web",
    "resource": "memory",
    "per_hour": 5 * 1024**2,
    "confidence": 0.98,
    "confirmed": False,
    "since": 0.0,
    "exhausted_in": 12_000.0,
}


def screen(encoding: str) -> Screen:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Screen(stream=stream, colour=False, columns=0)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (LEAK, "↗ memory 5 MiB/h, used up in 3h 20m"),
        ({**LEAK, "exhausted_in": None}, "↗ memory 5 MiB/h"),
        (
            {**LEAK, "resource": "open files", "per_hour": 2.0},
            "↗ open files 2.0/h, used up in 3h 20m",
        ),
        ({**LEAK, "per_hour": None, "exhausted_in": 90.0}, "↗ memory, used up in 1m 30s"),
        ({**LEAK, "per_hour": None, "exhausted_in": None}, "↗ memory nearly used up"),
    ],
)
def test_a_trend_is_said_in_few_words(row: dict[str, Any], text: str) -> None:
    assert mark(screen("utf-8"), [row]) == text
    assert mark(screen("ascii"), [row]) == text.replace("↗", "^")


def test_a_column_tells_where_it_leads_only_while_something_does(
    agent: FakeAgent, standing: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("status", [standing("web"), standing("db")])
    agent.says("trends", [])
    main(["top", "--once"])
    assert "TREND" not in capsys.readouterr().out

    agent.says("trends", [LEAK])
    main(["top", "--once"])

    heading, db, web = capsys.readouterr().out.splitlines()
    assert "TREND" in heading
    assert "used up in 3h 20m" in web
    assert "used up" not in db


def test_as_json_each_instance_has_its_trends(
    agent: FakeAgent, standing: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("status", [standing("web"), standing("db")])
    agent.says("trends", [LEAK])

    main(["top", "-o", "json"])

    found = {each["instance"]: each["trends"] for each in json.loads(capsys.readouterr().out)}
    assert found == {"web": [LEAK], "db": []}


def test_without_an_agent_nobody_knows_of_trends(
    agent: FakeAgent, standing: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("status", [standing("web")])
    agent.refuses("trends", AgentUnreachable.code, "no agent answers")

    assert main(["top", "--once"]) == 0
    assert "web" in capsys.readouterr().out
