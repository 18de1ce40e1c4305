"""``status``: its table, its contract, its exit status."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import click
import pytest

from svcctl.cli import quick
from svcctl.cli import standing as standings
from svcctl.cli import status as status_command
from svcctl.cli.commands import svcctl
from svcctl.cli.main import main
from svcctl.cli.output import width
from svcctl.cli.session import Asked, Session
from svcctl.ports import InstanceStatus

Make = Callable[..., dict[str, Any]]
Captured = pytest.CaptureFixture[str]

CONTRACT: dict[str, tuple[type, ...]] = {
    "service": (str,),
    "instance": (str,),
    "phase": (str,),
    "ready": (bool,),
    "live": (bool, type(None)),
    "pid": (int, type(None)),
    "started_at": (float, type(None)),
    "restarts": (int,),
    "exit_code": (int, type(None)),
    "manager": (str,),
    "spec_revision": (str,),
    "applied": (bool,),
    "cpu": (float, type(None)),
    "memory_bytes": (int, type(None)),
}
"""What scripts may count on in ``status -o json``."""


def test_the_json_contract_holds(agent: Any, standing: Make, capsys: Captured) -> None:
    agent.says("status", [standing("web"), standing("db", phase="stopped", pid=None, cpu=None)])

    assert main(["status", "-o", "json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert [each["service"] for each in found] == ["web", "db"]
    for each in found:
        for name, types in CONTRACT.items():
            assert isinstance(each[name], types), name


def test_the_contract_is_part_of_what_the_engine_says() -> None:
    fields = {each.name for each in dataclasses.fields(InstanceStatus)}

    assert fields >= set(CONTRACT)


def test_what_the_fake_says_is_what_the_engine_says(standing: Make) -> None:
    assert list(standing()) == [each.name for each in dataclasses.fields(InstanceStatus)]


@pytest.mark.parametrize("argv", [["--json"], ["-o", "json"], ["--output=json"]])
def test_json_has_a_short_name(argv: list[str], agent: Any, capsys: Captured) -> None:
    agent.says("status", [])

    assert main(["status", *argv]) == 0

    assert capsys.readouterr().out == "[]\n"


def test_jsonl_has_one_object_a_line(agent: Any, standing: Make, capsys: Captured) -> None:
    agent.says("status", [standing("web"), standing("db")])

    main(["status", "-o", "jsonl"])

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(each)["service"] for each in lines] == ["web", "db"]


def test_names_are_for_scripts(agent: Any, standing: Make, capsys: Captured) -> None:
    agent.says("status", [standing("web.1"), standing("web.2")])

    main(["status", "-o", "name"])

    assert capsys.readouterr().out == "web.1\nweb.2\n"


def test_the_table_has_sign_word_and_what_is_next(
    agent: Any, standing: Make, capsys: Captured
) -> None:
    agent.says(
        "status",
        [
            standing("web"),
            standing(
                "job",
                phase="failed",
                ready=False,
                pid=None,
                cpu=None,
                memory_bytes=None,
                restarts=5,
                reason="exit 1, 5 failures in 1m",
            ),
        ],
    )

    assert main(["status"]) == 0

    heading, web, job = capsys.readouterr().out.splitlines()
    assert heading.split() == [
        *("NAME", "PHASE", "READY", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "REASON")
    ]
    assert web.split()[:5] == ["web", "●", "running", "yes", "4711"]
    assert web.endswith("2%   33.4 MiB")
    assert job.split()[:4] == ["job", "✖", "failed", "-"]
    assert job.endswith("exit 1, 5 failures in 1m")


def test_columns_stay_in_line_beside_wide_names(
    agent: Any, standing: Make, capsys: Captured
) -> None:
    agent.says("status", [standing("web"), standing("订单服务"), standing("データ")])

    main(["status"])

    lines = capsys.readouterr().out.splitlines()
    places = {width(line[: line.index("●" if "●" in line else "PHASE")]) for line in lines}
    assert len(places) == 1


def test_there_is_no_colour_where_nobody_looks(
    agent: Any, standing: Make, capsys: Captured
) -> None:
    agent.says("status", [standing("web")])

    main(["status"])

    assert "\x1b" not in capsys.readouterr().out


def test_colour_can_be_forced_and_refused(
    agent: Any, standing: Make, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    agent.says("status", [standing("web")])
    monkeypatch.setenv("FORCE_COLOR", "1")

    main(["status"])
    forced = capsys.readouterr().out
    main(["--no-color", "status"])
    refused = capsys.readouterr().out

    assert "\x1b[32m● running\x1b[0m" in forced
    assert "\x1b" not in refused


@pytest.mark.parametrize(
    ("argv", "phase", "status"),
    [
        (["web"], "running", 0),
        (["web"], "stopped", 3),
        (["web"], "starting", 3),
        ([], "stopped", 0),
        (["--all"], "stopped", 0),
        (["-l", "tier=front"], "failed", 3),
    ],
)
def test_what_was_named_and_does_not_run_is_exit_status_3(
    argv: list[str], phase: str, status: int, agent: Any, standing: Make
) -> None:
    agent.says("status", [standing("web", phase=phase)])

    assert main(["status", *argv]) == status


def test_definitions_changed_on_disk_are_told_on_stderr(
    agent: Any, standing: Make, capsys: Captured
) -> None:
    agent.says("status", [standing("web", applied=False), standing("db")])

    main(["status", "--json"])

    said = capsys.readouterr()
    assert said.err == "changed on disk, not applied: web (svcctl drift)\n"
    json.loads(said.out)


def test_no_services_is_said_and_what_to_do(agent: Any, capsys: Captured) -> None:
    agent.says("status", [])

    main(["status"])

    assert capsys.readouterr().out == "no services yet; next: svcctl apply FILE\n"


def test_wide_shows_more(agent: Any, standing: Make, capsys: Captured) -> None:
    agent.says("status", [standing("web", description="the shop")])

    main(["status", "-o", "wide"])

    said = capsys.readouterr().out
    assert "0123456789ab" in said
    assert "tier=front" in said
    assert "the shop" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": "exit 1", "next_at": 104.0}, "exit 1; next start in 4s"),
        ({"status_text": "serving 3 clients"}, "serving 3 clients"),
        ({"live": False}, "live probe fails"),
        ({}, ""),
    ],
)
def test_the_reason_says_what_comes_next(
    changed: dict[str, Any], said: str, standing: Make
) -> None:
    assert standings.reason(standing(**changed), 100.0) == said


@pytest.mark.parametrize(
    "argv",
    [
        ["status"],
        ["status", "web", "@shop", "job-*"],
        ["status", "--json", "web"],
        ["status", "-o", "wide"],
        ["status", "web", "--output", "name"],
        ["status", "-o", "json", "--json"],
    ],
)
@pytest.mark.usefixtures("home")
def test_the_quick_reading_is_the_one_of_click(
    argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Asked] = []

    def note(session: Session, asked: Asked) -> int:
        del session
        seen.append(asked)
        return 0

    monkeypatch.setattr(standings, "show", note)

    assert quick.plain_status(argv, {}) is not None
    main(argv)
    with svcctl.make_context("svcctl", list(argv)) as context:
        svcctl.invoke(context)

    first, second = seen
    assert first.selection == second.selection
    assert first.request() == second.request()
    assert first.text("output") == second.text("output")


@pytest.mark.parametrize(
    "argv",
    [
        ["start"],
        [],
        ["status", "--watch"],
        ["status", "-o", "yaml"],
        ["status", "-o"],
        ["status", "--all"],
        ["status", "--help"],
        ["status", "-ojson"],
        ["status", "--", "web"],
        ["-q", "status"],
    ],
)
def test_all_else_is_left_to_click(argv: list[str]) -> None:
    assert quick.plain_status(argv, {}) is None


@pytest.mark.parametrize("name", ["SVCCTL_STATUS_OUTPUT", "SVCCTL_QUIET", "SVCCTL_VERBOSE"])
def test_settings_in_the_environment_are_left_to_click(name: str) -> None:
    assert quick.plain_status(["status"], {name: "1"}) is None


def test_the_quick_reading_knows_every_format() -> None:
    command = svcctl.get_command(click.Context(svcctl), "status")

    assert command is not None
    (output,) = [each for each in command.params if each.name == "output"]
    assert isinstance(output.type, click.Choice)
    assert all(quick.plain_status(["status", "-o", each], {}) for each in output.type.choices)


def test_watching_shows_page_after_page_until_interrupted(
    agent: Any, standing: Make, capsys: Captured
) -> None:
    pages = 0

    def answer(_: object) -> list[dict[str, Any]]:
        nonlocal pages
        pages += 1
        if pages == 3:
            return [{"error": {"code": "SVC-1500", "problem": "enough", "hint": ""}}]
        return [{"result": [standing("web")]}]

    agent.script["status"] = answer

    assert main(["status", "web", "--watch=1ms"]) == 6

    assert capsys.readouterr().out.count("● running") == 2


def test_a_bare_watch_takes_no_name_for_its_period(
    agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    periods: list[float] = []

    def note(*_: object, every: float) -> int:
        periods.append(every)
        return 0

    monkeypatch.setattr(status_command, "refresh", note)
    del agent

    assert main(["status", "--watch", "web"]) == 0

    assert periods == [2.0]


def test_watching_shows_tables_only(agent: Any, capsys: Captured) -> None:
    del agent

    assert main(["status", "--watch", "-o", "json"]) == 2

    assert "--watch shows tables, not json" in capsys.readouterr().err
