"""Verbs that change services: what is asked of the agent, said to people, told to scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from svcctl.cli.main import main

Make = Callable[..., dict[str, Any]]
Captured = pytest.CaptureFixture[str]


def test_a_start_says_what_is_now_true_and_what_is_next(
    agent: Any, outcome: Make, capsys: Captured
) -> None:
    agent.says("start", [outcome("web")])

    assert main(["start", "web"]) == 0

    said = capsys.readouterr()
    assert said.out == "web is running (pid 4711, ready)\n"
    assert said.err == "next: svcctl logs web -f\n"


def test_quiet_leaves_out_the_talk(agent: Any, outcome: Make, capsys: Captured) -> None:
    agent.says("start", [outcome("web")])

    assert main(["-q", "start", "web"]) == 0

    assert capsys.readouterr() == ("", "")


def test_a_failure_has_cause_last_lines_and_hint(
    agent: Any, outcome: Make, capsys: Captured
) -> None:
    failed = outcome(
        "web",
        ok=False,
        phase="failed",
        problem="exit 1, 5 failures in 1m",
        hint="see: svcctl logs web",
        lines=["binding to :80", "permission \x1b[31mdenied"],
    )
    agent.says("start", [failed])

    assert main(["start", "web"]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "failed: web: exit 1, 5 failures in 1m\n"
        "  | binding to :80\n"
        "  | permission �[31mdenied\n"
        "hint: see: svcctl logs web\n"
    )


@pytest.mark.parametrize(
    ("well", "status"), [((True, True), 0), ((True, False), 8), ((False, False), 1)]
)
def test_a_batch_that_failed_in_part_is_exit_status_8(
    well: tuple[bool, ...], status: int, agent: Any, outcome: Make
) -> None:
    agent.says("start", [outcome(f"web.{at}", ok=ok) for at, ok in enumerate(well)])

    assert main(["start", "web"]) == status


def test_what_takes_too_long_is_exit_status_7(agent: Any, capsys: Captured) -> None:
    agent.refuses("start", "SVC-1800", "not within 2s: web (up)")

    assert main(["start", "web", "--timeout", "2s"]) == 7

    assert "error[SVC-1800]: not within 2s: web (up)" in capsys.readouterr().err
    assert agent.asked[0]["args"] == {"no_wait": False, "timeout": 2.0}


def test_selectors_reach_the_agent(agent: Any) -> None:
    agent.says("restart", [])

    main(["restart", "web", "@shop", "job-*", "-l", "tier=front", "-l", "zone=b"])
    main(["restart", "--all"])

    first, second = (each["select"] for each in agent.asked)
    assert first == {
        "names": ["web", "@shop", "job-*"],
        "labels": ["tier=front", "zone=b"],
        "all": False,
    }
    assert second == {"names": [], "labels": [], "all": True}


@pytest.mark.parametrize("verb", ["stop", "reload", "pause", "resume", "reset", "enable"])
def test_every_change_gives_its_outcomes_as_json(
    verb: str, agent: Any, outcome: Make, capsys: Captured
) -> None:
    agent.says(verb, [outcome("web")])

    assert main([verb, "web", "--json"]) == 0

    said = capsys.readouterr()
    assert json.loads(said.out) == [outcome("web")]
    assert said.err == ""


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["stop", "web"], "web is stopped"),
        (["kill", "web", "-s", "usr1"], "web got signal USR1"),
        (["enable", "web"], "web starts by itself"),
        (["disable", "web"], "web no longer starts by itself"),
    ],
)
def test_each_verb_says_its_own_truth(
    argv: list[str], said: str, agent: Any, outcome: Make, capsys: Captured
) -> None:
    agent.says(argv[0], [outcome("web", phase="stopped", pid=None)])

    assert main(argv) == 0

    assert capsys.readouterr().out == f"{said}\n"


def test_scale_takes_one_service_and_a_number(agent: Any, outcome: Make) -> None:
    agent.says("scale", [outcome("web.1"), outcome("web.2")])

    assert main(["scale", "web", "2"]) == 0

    (asked,) = agent.asked
    assert asked["select"]["names"] == ["web"]
    assert asked["args"]["instances"] == 2


def test_wait_says_what_for(agent: Any, outcome: Make) -> None:
    agent.says("wait", [outcome("web")])

    assert main(["wait", "web", "--for", "healthy", "--timeout", "1m"]) == 0

    assert agent.asked[0]["args"] == {"condition": "healthy", "timeout": 60.0}


def test_progress_is_told_to_those_who_want_more(
    agent: Any, outcome: Make, capsys: Captured
) -> None:
    changed = {
        "at": 1.0,
        "kind": "PhaseChanged",
        "service": "web",
        "instance": "web",
        "fields": {"old": "stopped", "new": "starting", "reason": "asked to"},
    }
    agent.says("start", [outcome("web")], changed)

    main(["-v", "start", "web"])
    wordy = capsys.readouterr().err
    main(["start", "web"])
    short = capsys.readouterr().err

    assert wordy.startswith("web: stopped -> starting: asked to\n")
    assert "starting" not in short


def test_not_waiting_says_how_to_see_the_outcome(
    agent: Any, outcome: Make, capsys: Captured
) -> None:
    agent.says("start", [outcome("web", phase="starting")])

    assert main(["start", "web", "--no-wait"]) == 0

    said = capsys.readouterr()
    assert said.out == "web is starting\n"
    assert said.err == "not waited for; next: svcctl status web\n"


def test_stopping_everything_needs_a_yes_where_nobody_can_be_asked(
    agent: Any, capsys: Captured
) -> None:
    agent.says("stop", [])

    assert main(["stop", "--all"]) == 2
    assert main(["stop", "--all", "--yes"]) == 0

    assert "to go on without a question: add --yes" in capsys.readouterr().err
    assert len(agent.asked) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_a_person_is_asked_before_everything_stops(
    answer: str, status: int, agent: Any, outcome: Make, terminal: Any
) -> None:
    agent.says("stop", [outcome("web", phase="stopped")])

    terminal.run(["stop", "--all"], answer=answer, when="Stop all services? [y/N]")

    assert terminal.status == status
    assert ("web is stopped" in terminal.screen) == (status == 0)
    assert ("nothing was done" in terminal.screen) == (status == 1)


REMOVAL = {"service": "web", "change": "removed", "action": "stop", "changes": []}


def test_remove_can_only_be_looked_at(agent: Any, capsys: Captured) -> None:
    agent.says("remove", {"plan": [REMOVAL], "outcomes": []})

    assert main(["remove", "web", "--dry-run"]) == 0

    assert capsys.readouterr().out == "- web: stop and remove\n"
    assert [each["args"]["dry_run"] for each in agent.asked] == [True]


def test_remove_needs_a_yes_where_nobody_can_be_asked(agent: Any, outcome: Make) -> None:
    agent.says("remove", {"plan": [REMOVAL], "outcomes": [outcome("web", phase="stopped")]})

    assert main(["remove", "web"]) == 2
    assert main(["remove", "web", "--yes", "--logs"]) == 0

    assert [each["args"]["dry_run"] for each in agent.asked] == [True, True, False]
    assert agent.asked[-1]["args"]["logs"] is True


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "status"), [("web\n", 0), ("db\n", 1)])
def test_a_person_may_answer_with_the_name(
    answer: str, status: int, agent: Any, terminal: Any
) -> None:
    agent.says("remove", {"plan": [REMOVAL], "outcomes": []})

    terminal.run(["remove", "web"], answer=answer, when="Stop and forget web? [y/N]")

    assert terminal.status == status
