"""Rules are shown, and tried on logs."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from svcctl.cli.main import main

DEFINITION = """\
[services.web]
exec = "a"
[[services.web.rules]]
match = "ERROR"
count = 2
within = "1m"
severity = "P0"
action = "restart"
[[services.web.rules]]
name = "slow"
field = "took>1"
[services.db]
exec = "b"
alert.priority = "P2"
[[services.db.rules]]
match = "beat"
absent_for = "5m"
[services.quiet]
exec = "c"
"""
LOG = """\
2026-11-21T10:00:00Z beat
2026-11-21T10:01:00Z ERROR one
  more of it
2026-11-21T10:01:30Z ERROR two
2026-11-21T10:20:00Z beat
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "svcctl.toml").write_text(DEFINITION)
    (tmp_path / "app.log").write_text(LOG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, str]]:
    return [
        (row["what"], row["service"], row["rule"]) for row in json.loads(capsys.readouterr().out)
    ]


@pytest.mark.usefixtures("folder")
def test_a_log_is_replayed_to_all_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", "app.log"]) == 0

    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    expected = "P0  fired  web  ERROR: 2 lines in 30s, expected fewer than 2 in 1m  -> restart"
    assert lines[0].endswith(expected)
    assert lines[2] == "    |   more of it"
    expected = "P2  fired  db  no beat for 5m: none, expected one at least every 5m"
    assert lines[4].endswith(expected)
    assert lines[5] == "    | 2026-11-21T10:00:00Z beat"
    assert [line for line in lines if "ended" in line and "db" in line]
    assert "2 of 3 rules fired, 2 times in all; 4 records" in shown.err


@pytest.mark.usefixtures("folder")
def test_only_the_rules_of_a_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", "app.log", "--service", "web", "-o", "json"]) == 0

    assert rows(capsys) == [("fired", "web", "ERROR"), ("ended", "web", "ERROR")]


@pytest.mark.usefixtures("folder")
def test_an_outcome_as_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", "app.log", "--service", "web", "-o", "jsonl"]) == 0

    fired = json.loads(capsys.readouterr().out.splitlines()[0])
    assert fired == {
        "at": 1795255290.0,
        "what": "fired",
        "service": "web",
        "rule": "ERROR",
        "severity": "P0",
        "action": "restart",
        "observed": "2 lines in 30s",
        "expected": "fewer than 2 in 1m",
        "since": 1795255260.0,
        "held_back": 0,
        "lines": [
            "2026-11-21T10:01:00Z ERROR one\n  more of it",
            "2026-11-21T10:01:30Z ERROR two",
        ],
    }


def test_rotated_logs_are_replayed_one_after_the_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = LOG[:62].encode(), LOG[62:].encode()
    (folder / "app.log.1.gz").write_bytes(gzip.compress(first.rstrip(b"\n")))
    (folder / "app.log").write_bytes(second)

    assert main(["rules", "test", "app.log.1.gz", "app.log", "-o", "json"]) == 0

    assert ("fired", "web", "ERROR") in rows(capsys)


@pytest.mark.usefixtures("folder")
def test_a_log_may_come_from_stdin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = b'ERROR one\nERROR two\n{"took": 2}'
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(said)))

    assert main(["rules", "test", "-"]) == 0

    shown = capsys.readouterr()
    assert [line.split()[3:5] for line in shown.out.splitlines() if " fired " in line] == [
        ["fired", "web"],
        ["fired", "web"],
    ]
    assert "no times" in shown.err
    assert "3 records say no time" in shown.err


@pytest.mark.usefixtures("folder")
def test_rules_are_listed_with_what_they_lead_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["SERVICE", "db", "web", "web"]
    assert lines[2].split()[1:4] == ["ERROR", "P0", "restart"]


@pytest.mark.usefixtures("folder")
def test_rules_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "list", "--service", "web", "-o", "json"]) == 0

    assert json.loads(capsys.readouterr().out)[0] == {
        "service": "web",
        "rule": "ERROR",
        "severity": "P0",
        "action": "restart",
        "cooldown": 300.0,
        "asks": {"match": "ERROR", "count": 2, "within": 60.0},
    }


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["app.log", "--service", "wbe"], 4, "did you mean 'web'?"),
        (["app.log", "--service", "quiet"], 2, "service 'quiet' has no rules"),
        (["nothing.log"], 1, "cannot read 'nothing.log': No such file or directory"),
        (["app.log", "--form", "xml"], 2, "there is no form 'xml'"),
        ([], 2, "FILE"),
    ],
)
def test_what_cannot_be_tried_is_refused(
    argv: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "test", *argv]) == status

    assert said in capsys.readouterr().err


def test_a_packed_log_that_is_cut_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "app.log.gz").write_bytes(gzip.compress(LOG.encode() * 100)[:60])

    assert main(["rules", "test", "app.log.gz"]) == 1

    assert "cannot read 'app.log.gz'" in capsys.readouterr().err


def test_rules_of_a_watch_are_shown_and_tried_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = """
    [[watch]]
    name = "nginx"
    path = "/a.log"
    service = "db"
    rules = [{ match = "ERROR one" }]
    """
    (folder / "more.toml").write_text(DEFINITION + watch)

    assert main(["rules", "list", "--rules", "more.toml", "--service", "nginx", "-o", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["service"], row["rule"], row["severity"]) == ("nginx", "ERROR one", "P2")
    tried = ["rules", "test", "app.log", "--rules", "more.toml", "--service", "nginx", "-o", "json"]
    assert main(tried) == 0
    assert rows(capsys)[0] == ("fired", "nginx", "ERROR one")
