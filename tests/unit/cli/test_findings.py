"""What is unusual is shown for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.main import main

BURST: dict[str, Any] = {
    "id": "3f9ac0de",
    "at": 1_790_000_010.0,
    "service": "web",
    "kind": "burst",
    "subject": "served page <*>",
    "pattern": "web/burst/0123456789ab",
    "observed": "200 in 10 s",
    "expected": "about 5.0 as in the last hour",
    "since": 1_790_000_000.0,
    "score": 0.91,
    "samples": ["served page 7"],
    "state": "found",
    "ended": None,
}
OVER = BURST | {"id": "9ee92cbb", "state": "ended", "ended": 1_790_000_065.0}
LEARNT: dict[str, Any] = {
    "service": "web",
    "since": 1_790_000_000.0,
    "lines": 1234,
    "templates": 7,
    "sessions": 0,
    "tells_of_lines": False,
    "tells_of_sessions": False,
    "learning_seconds": 86_400.0,
    "read": 0.25,
}
QUIET: dict[str, Any] = {
    "id": "3f9ac0de",
    "pattern": "web/burst/0123456789ab",
    "service": "web",
    "at": 1_790_000_000.0,
    "who": "ann",
}
ANSWER = {"findings": [BURST, OVER], "learnt": [LEARNT], "quiet": [QUIET]}


def test_what_is_found_is_shown_with_its_lines_and_a_way_on(
    agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("findings", ANSWER)

    assert main(["findings", "web", "--all"]) == 0

    said = capsys.readouterr()
    first, told, line, second, *_ = said.out.splitlines()
    assert first.split()[:2] == ["3f9ac0de", "found"]
    assert "for 1m 5s" in second
    assert told.strip() == ("served page <*>: 200 in 10 s, expected about 5.0 as in the last hour")
    assert line.strip() == "| served page 7"
    assert "svcctl finding quiet ID" in said.err
    assert "still learning: web" in said.err
    assert agent.asked[0]["args"] == {"all": True, "services": ["web"]}
    assert agent.asked[0]["select"] == {"names": [], "labels": [], "all": False}


def test_what_is_learnt_is_a_table_that_says_how_much_was_read(
    agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("findings", ANSWER)

    assert main(["findings", "--learnt"]) == 0

    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split()[0] == "SERVICE"
    assert row.split()[0] == "web"
    assert row.endswith("limits    25%")


def test_what_was_called_false_is_a_table(agent: Any, capsys: pytest.CaptureFixture[str]) -> None:
    agent.says("findings", ANSWER)

    assert main(["findings", "--rejected"]) == 0

    _, row = capsys.readouterr().out.splitlines()
    assert row.split()[:3] == ["3f9ac0de", "web", "ann"]


def test_programs_are_given_all_of_it(agent: Any, capsys: pytest.CaptureFixture[str]) -> None:
    agent.says("findings", ANSWER)

    assert main(["findings", "-o", "json"]) == 0

    assert json.loads(capsys.readouterr().out) == ANSWER


def test_where_there_is_nothing_that_is_said(
    agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("findings", {"findings": [], "learnt": [], "quiet": []})

    for flags in ([], ["--learnt"], ["--rejected"]):
        assert main(["findings", *flags]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "nothing is unusual",
        "no service has said anything yet",
        "no finding was called false",
    ]


@pytest.mark.parametrize(
    ("word", "told"), [("quiet", "quiet: web/burst"), ("wake", "told again: web/burst")]
)
def test_a_finding_is_quieted_and_woken_by_its_id(
    agent: Any, capsys: pytest.CaptureFixture[str], word: str, told: str
) -> None:
    agent.says(f"finding-{word}", {"id": "3f9ac0de", "pattern": "web/burst/0123456789ab"})

    assert main(["finding", word, "3f9a"]) == 0
    assert main(["finding", word, "3f9a", "-o", "json"]) == 0

    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith(told)
    assert agent.asked[0]["args"] == {"id": "3f9a"}


@pytest.fixture
def log(tmp_path: Path) -> str:
    lines = [f"2026-11-21T10:{minute:02d}:00Z INFO beat {minute}" for minute in range(60)]
    lines += [f"2026-11-21T11:00:{second:02d}Z odd line" for second in range(3)]
    path = tmp_path / "app.log"
    path.write_text("\n".join(lines))
    return str(path)


def test_a_replay_says_what_would_have_been_found(
    log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["findings", "--replay", log, "--learning", "10m"]) == 0

    shown = capsys.readouterr()
    assert "found  new template  <*> odd line: a line never seen before" in shown.out
    assert "1 findings; 63 records" in shown.err


def test_a_replay_that_is_too_short_says_so(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["findings", "--replay", log]) == 0

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "too short to tell what is new" in shown.err


def test_a_replay_is_json_for_programs(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["findings", "shop", "--replay", log, "--learning", "10m", "-o", "json"]) == 0

    (row,) = json.loads(capsys.readouterr().out)
    assert (row["service"], row["state"], row["what"]) == ("shop", "found", "new template")


def test_a_log_without_times_is_said_to_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "app.log").write_text("one\ntwo\n")

    assert main(["findings", "--replay", str(tmp_path / "app.log")]) == 0

    assert "2 records say no time" in capsys.readouterr().err


def test_a_log_that_is_not_there_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["findings", "--replay", str(tmp_path / "none.log")]) == 1

    assert "cannot read" in capsys.readouterr().err
