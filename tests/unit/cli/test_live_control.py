"""Running services are asked and told, and what they answer is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.main import main
from tests.unit.cli.conftest import FakeAgent

Make = Callable[..., dict[str, Any]]


def reply(answer: object = None, instance: str = "mailer", **changed: Any) -> dict[str, Any]:
    """Give the fields of one reply."""
    return {
        "service": instance.partition(".")[0],
        "instance": instance,
        "obliging": True,
        "ok": True,
        "answer": answer,
        "problem": "",
        "hint": "",
    } | changed


def refusal(problem: str, **changed: Any) -> dict[str, Any]:
    return reply(ok=False, problem=problem, hint="ask again", **changed)


INFO = {"logger": "", "level": "info", "until": None}
DEBUG = {"logger": "mailer.smtp", "level": "debug", "until": 9e9}


def test_log_levels_are_shown(agent: FakeAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.says("log-level", [reply([INFO, DEBUG])])

    assert main(["log-level", "mailer"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["(all)", "info"],
        ["mailer.smtp", "debug"],
    ]


def test_one_logger_can_be_looked_at(agent: FakeAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.says("log-level", [reply([INFO, DEBUG])])

    assert main(["log-level", "mailer", "--logger", "mailer.smtp", "-o", "json"]) == 0

    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["answer"] == [DEBUG]


def test_a_level_is_set_for_a_while(agent: FakeAgent) -> None:
    agent.says("set-log-level", [reply([INFO])])

    assert main(["log-level", "mailer", "debug", "--for", "10m"]) == 0

    assert agent.asked[-1]["args"] == {"level": "debug", "for": 600.0, "reset": False}


def test_what_was_set_for_a_while_is_taken_back(agent: FakeAgent) -> None:
    agent.says("set-log-level", [reply([INFO])])

    assert main(["log-level", "mailer", "--reset"]) == 0

    assert agent.asked[-1]["args"] == {"reset": True}


@pytest.mark.parametrize("words", [["debug", "--reset"], ["--for", "10m"], ["loud"]])
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    agent: FakeAgent, words: list[str]
) -> None:
    assert main(["log-level", "mailer", *words]) == 2

    assert agent.asked == []


CONFIG = {
    "version": 3,
    "values": [{"key": "smtp.port", "value": "26", "origin": "mailer.toml:1:1"}],
    "restart_wanted": [],
    "rejected": None,
}


def test_a_configuration_is_shown_with_where_it_came_from(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("config", [reply(CONFIG)])

    assert main(["config", "show", "mailer"]) == 0

    title, _, row = capsys.readouterr().out.splitlines()
    assert title == "mailer  version 3"
    assert row.split() == ["smtp.port", "26", "mailer.toml:1:1"]


def test_what_is_not_in_force_is_told_too(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    mistakes = [
        {"problem": "no", "file": "a.toml", "line": 3, "column": 1, "hint": ""},
        {"problem": "why", "file": "", "line": 0, "column": 0, "hint": ""},
    ]
    rejected = {"who": "uid:0", "mistakes": mistakes}
    agent.says("config", [reply(CONFIG | {"restart_wanted": ["port"], "rejected": rejected})])

    assert main(["config", "show", "mailer"]) == 0

    assert capsys.readouterr().err.splitlines() == [
        "takes effect with a restart: port",
        "refused, what uid:0 brought:",
        "  a.toml:3: no",
        "  why",
    ]


def revision(version: int, **changed: Any) -> dict[str, Any]:
    return {
        "version": version,
        "at": 1_790_000_000.0,
        "who": "uid:0",
        "what": "reload",
        "origin": "",
        "changed": ["port"],
        "in_force": False,
    } | changed


def test_the_history_begins_with_the_newest_and_marks_what_holds(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("config-history", [reply([revision(1), revision(2, in_force=True)])])

    assert main(["config", "history", "mailer"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["VERSION", "2", "1"]
    assert "2 *" in lines[1]


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("applied", "mailer runs with version 4; changed: port"),
        ("unchanged", "mailer has that configuration already (version 4)"),
        ("restart_wanted", "mailer takes it with its next start; a restart is wanted for port"),
    ],
)
def test_what_became_of_a_rollback_is_said(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str], verdict: str, said: str
) -> None:
    agent.says("config-rollback", [reply({"verdict": verdict, "version": 4, "changed": ["port"]})])

    assert main(["config", "rollback", "mailer", "1"]) == 0

    assert capsys.readouterr().out.splitlines() == [said]
    assert agent.asked[-1]["args"] == {"version": 1}


def test_values_are_set_by_key_and_from_a_file(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    agent.says("set-config", [reply({"verdict": "applied", "version": 4, "changed": ["period"]})])
    file = tmp_path / "values.toml"
    file.write_text('[smtp]\nport = 25\nhost = "relay"\n')

    assert main(["config", "set", "mailer", "smtp.port=26", "period=5s", "--file", str(file)]) == 0

    assert agent.asked[-1]["args"] == {
        "config": {"smtp": {"port": 26, "host": "relay"}, "period": "5s"},
        "replace": False,
        "dry_run": False,
    }
    assert capsys.readouterr().out == "mailer runs with version 4; changed: period\n"


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("applied", "mailer would take them at once; they would change: port"),
        ("unchanged", "mailer has those values already"),
        (
            "restart_wanted",
            "mailer would take them with its next start: port; a restart is for port",
        ),
    ],
)
def test_a_trial_says_what_would_become_of_values(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str], verdict: str, said: str
) -> None:
    answer = {"verdict": verdict, "version": 4, "changed": ["port"], "restart_wanted": ["port"]}
    agent.says("set-config", [reply(answer)])

    assert main(["config", "set", "mailer", "port=1", "--dry-run"]) == 0

    assert capsys.readouterr().out.splitlines() == [said]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([], 2),
        (["port"], 2),
        (["=1"], 2),
        (["a=1", "a.b=2"], 2),
        (["--file", "FILE"], 78),
    ],
)
def test_what_is_no_value_is_refused_before_anybody_is_asked(
    agent: FakeAgent, tmp_path: Path, words: list[str], status: int
) -> None:
    file = tmp_path / "values.toml"
    file.write_text("day = 2026-11-21\n")
    given = [str(file) if each == "FILE" else each for each in words]

    assert main(["config", "set", "mailer", *given]) == status

    assert agent.asked == []


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_rollback_that_is_refused_fails(agent: FakeAgent, output: str) -> None:
    agent.says("config-rollback", [refusal("version 9 is not in the history")])

    assert main(["config", "rollback", "mailer", "9", "-o", output]) == 1


def test_part_of_many_that_refuse_is_told_by_the_exit_status(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("config", [reply(CONFIG), refusal("not now", instance="mailer.2")])

    assert main(["config", "show", "mailer"]) == 8

    assert capsys.readouterr().err.splitlines() == [
        "failed: mailer.2: not now",
        "hint: ask again",
    ]


UP = {"status": "UP", "checks": {"smtp": {"status": "UP", "details": {}}}}
DOWN = {
    "status": "DOWN",
    "checks": {
        "smtp": {"status": "DOWN", "details": {"error": "refused"}},
        "disk": {"status": "DEGRADED", "details": {}},
        "live": {"status": "UP", "details": {}},
    },
}


@pytest.mark.parametrize(("answer", "status"), [(UP, 0), (DOWN, 1)])
def test_health_is_shown_check_by_check_and_told_by_the_exit_status(
    agent: FakeAgent,
    capsys: pytest.CaptureFixture[str],
    answer: dict[str, Any],
    status: int,
) -> None:
    agent.says("health", [reply(answer)])

    assert main(["health", "mailer", "--group", "ready"]) == status

    title, _, *checks = capsys.readouterr().out.splitlines()
    assert title == f"mailer  {answer['status']}"
    assert len(checks) == len(answer["checks"])
    assert agent.asked[-1]["args"] == {"group": "ready"}


def test_status_of_a_named_service_tells_which_checks_fail(
    agent: FakeAgent, standing: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("status", [standing("mailer"), standing("web"), standing("odd")])
    agent.says(
        "health",
        [
            reply(DOWN),
            refusal("takes no requests", instance="web", obliging=False),
            refusal("it hangs", instance="odd"),
        ],
    )

    assert main(["status", "mailer", "web", "odd"]) == 0

    assert capsys.readouterr().out.splitlines()[-4:] == [
        "mailer: health DOWN",
        "  smtp DOWN  error: refused",
        "  disk DEGRADED",
        "odd: health unknown: it hangs",
    ]


def test_status_of_all_asks_no_program(agent: FakeAgent, standing: Make) -> None:
    agent.says("status", [standing("mailer")])

    assert main(["status"]) == 0

    assert [each["verb"] for each in agent.asked] == ["status"]


def test_a_service_that_rests_is_not_asked_for_its_health(agent: FakeAgent, standing: Make) -> None:
    agent.says("status", [standing("mailer", phase="stopped", pid=None)])

    assert main(["status", "mailer"]) == 3

    assert [each["verb"] for each in agent.asked] == ["status"]


def test_an_agent_that_knows_no_health_is_no_error(
    agent: FakeAgent, standing: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("status", [standing("mailer")])
    agent.refuses("health", "SVC-1200", "no verb 'health'")

    assert main(["status", "mailer"]) == 0

    assert "health unknown: no verb 'health'" in capsys.readouterr().err
