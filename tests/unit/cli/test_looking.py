"""Commands that only look: logs, events, tree, show, top, doctor; and exec and completion."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl import __version__
from svcctl.cli.happenings import describe
from svcctl.cli.machine_checks import Verdict, clock_check, folder_check, python_check
from svcctl.cli.main import main
from svcctl.events import kinds

Make = Callable[..., dict[str, Any]]
Captured = pytest.CaptureFixture[str]


def _line(text: str, instance: str = "web", at: float = 1.0) -> dict[str, Any]:
    service = instance.partition(".")[0]
    return {
        "at": at,
        "service": service,
        "instance": instance,
        "stream": "stdout",
        "text": text,
    }


RESTARTED = {"at": 2.0, "service": "web", "instance": "web", "event": "restarted, exit 1"}


def test_lines_of_one_service_are_as_it_wrote_them(agent: Any, capsys: Captured) -> None:
    agent.says("logs", {"lines": 2}, _line("one"), RESTARTED, _line("two \x1b[31mred"))

    assert main(["logs", "web", "-n", "5", "--since", "10m"]) == 0

    assert capsys.readouterr().out == "one\nweb | -- restarted, exit 1\ntwo \x1b[31mred\n"
    flags = {"follow": False, "records": False, "places": False, "stats": False}
    assert agent.asked[0]["args"] == {**flags, "lines": 5, "since": "10m"}


@pytest.mark.parametrize("names", [[], ["@shop"], ["web", "db"], ["*"]])
def test_lines_of_several_services_have_a_prefix(
    names: list[str], agent: Any, capsys: Captured
) -> None:
    agent.says("logs", {}, _line("one"), _line("two", "worker.2"), _line("three"))

    main(["logs", *names])

    assert capsys.readouterr().out == "web | one\nworker.2 | two\nweb      | three\n"


def test_several_instances_have_a_prefix_too(agent: Any, capsys: Captured) -> None:
    agent.says("logs", {}, _line("one", "web.1"))

    main(["logs", "web"])

    assert capsys.readouterr().out == "web.1 | one\n"


def test_prefixes_are_coloured_by_service(
    agent: Any, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    agent.says("logs", {}, _line("one"), _line("two", "db"))

    main(["logs"])

    first, second = capsys.readouterr().out.splitlines()
    assert first == "\x1b[36mweb | \x1b[0mone"
    assert second == "\x1b[33mdb  | \x1b[0mtwo"


def test_logs_are_json_on_request(agent: Any, capsys: Captured) -> None:
    agent.says("logs", {}, _line("one"), RESTARTED)

    main(["logs", "web", "-o", "json"])
    whole = capsys.readouterr().out
    main(["logs", "web", "-o", "jsonl"])
    lines = capsys.readouterr().out

    assert json.loads(whole) == [_line("one"), RESTARTED]
    assert [json.loads(each) for each in lines.splitlines()] == [_line("one"), RESTARTED]


def test_following_survives_an_agent_that_goes_away(agent: Any, capsys: Captured) -> None:
    def second(_: object) -> list[dict[str, Any]]:
        return [{"item": _line("two", at=9.0)}, {"result": {}}]

    def first(_: object) -> list[dict[str, Any]]:
        agent.script["logs"] = second
        return [{"item": _line("one", at=5.0)}]

    agent.script["logs"] = first

    assert main(["logs", "web", "-f", "-n", "3"]) == 0

    said = capsys.readouterr()
    assert said.out == "one\ntwo\n"
    assert "waiting for it to come back" in said.err
    assert "the agent is back" in said.err
    again = agent.asked[1]["args"]
    flags = {"follow": True, "records": False, "places": False, "stats": False}
    assert again == {**flags, "since": "1970-01-01T00:00:05+00:00"}


def test_an_agent_that_goes_away_is_an_error_for_those_who_do_not_follow(agent: Any) -> None:
    agent.hangs_up_on("logs", _line("one"))

    assert main(["logs", "web"]) == 5


@pytest.mark.slow
def test_a_program_can_colour_a_terminal_but_not_drive_it(agent: Any, terminal: Any) -> None:
    agent.says("logs", {}, _line("\x1b[31mred\x1b[2J\x07 \x1b[0mend"))

    terminal.run(["logs", "web"])

    assert terminal.screen == "\x1b[31mred�[2J� \x1b[0mend\x1b[0m\n"


def test_events_are_sentences(agent: Any, capsys: Captured) -> None:
    event = {
        "number": 1,
        "at": 1_790_000_000.0,
        "kind": "InstanceExited",
        "service": "web",
        "instance": "web",
        "fields": {"pid": 7, "code": 1, "signal": None, "uptime": 4.0},
    }
    agent.says("events", {"events": 1}, event)

    assert main(["events", "web"]) == 0

    assert capsys.readouterr().out.endswith("  web: pid 7 ended with status 1 after 4s\n")


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_event_has_a_sentence(kind: type[Any]) -> None:
    samples: dict[str, Any] = {"str": "x", "int": 3, "float": 2.5, "tuple[str, ...]": ("7 sh",)}
    fields = {
        name: samples.get(str(note).partition(" | ")[0])
        for name, note in kind.__annotations__.items()
    }

    said = describe({"kind": kind.__name__, "fields": fields})

    assert kind.__name__ not in said
    assert "{" not in said


def test_an_unknown_kind_of_event_shows_its_fields() -> None:
    assert describe({"kind": "MoonRose", "fields": {"phase": "full"}}) == "MoonRose phase=full"


TREE = {
    "services": {
        "web": {"needs": {"db": "ready", "cache": "started"}, "after": [], "phase": "running"},
        "api": {"needs": {"db": "ready"}, "after": ["web"], "phase": "failed"},
        "db": {"needs": {"disk": "done"}, "after": [], "phase": "running"},
        "cache": {"needs": {}, "after": [], "phase": "stopped"},
        "disk": {"needs": {}, "after": [], "phase": "finished"},
    }
}


def test_the_tree_shows_what_needs_what(agent: Any, capsys: Captured) -> None:
    agent.says("tree", TREE)

    assert main(["tree"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "web ● running",
        "|-- db ● running [ready]",
        "|   `-- disk ✔ finished [done]",
        "`-- cache ○ stopped [started]",
        "api ✖ failed",
        "`-- db ● running [ready] (see above)",
    ]


def test_the_tree_can_be_a_graph(agent: Any, capsys: Captured) -> None:
    agent.says("tree", TREE)

    main(["tree", "--format", "mermaid"])

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "graph LR"
    assert '  s0["api"]' in lines
    assert "  s4 -->|ready| s2" in lines
    assert "  s0 -.-> s4" in lines


@pytest.mark.parametrize("argv", [["-o", "json"], ["--json"], ["--format", "json"]])
def test_the_tree_can_be_json(argv: list[str], agent: Any, capsys: Captured) -> None:
    agent.says("tree", TREE)

    main(["tree", *argv])

    assert json.loads(capsys.readouterr().out) == TREE


SHOWN = {
    "name": "web",
    "spec": {
        "name": "web",
        "exec": ["sleep", "60"],
        "env": {"A.B": "c"},
        "stop": {"timeout": 10.0},
        "health": [{"tcp": "8080"}],
        "user": None,
    },
    "origins": {
        "exec": {"layer": "file", "file": "/srv/svcctl.toml", "line": 2, "column": 1},
        'env."A.B"': {"layer": "environment", "file": "SVCCTL_SERVICES__WEB__ENV"},
        "stop.timeout": {"layer": "defaults", "file": "/srv/svcctl.toml", "line": 9, "column": 1},
    },
    "revision": "0123456789ab",
    "sources": {"/srv/svcctl.toml": "00"},
}


def test_show_tells_where_each_value_came_from(agent: Any, capsys: Captured) -> None:
    agent.says("show", [SHOWN])

    assert main(["show", "web"]) == 0

    lines = [" ".join(each.split()) for each in capsys.readouterr().out.splitlines()]
    assert lines == [
        "web revision 0123456789ab",
        "OPTION VALUE FROM",
        'exec ["sleep", "60"] /srv/svcctl.toml:2:1',
        'env."A.B" "c" environment SVCCTL_SERVICES__WEB__ENV',
        "stop.timeout 10.0 defaults /srv/svcctl.toml:9:1",
        'health[0].tcp "8080" built-in',
        "user null built-in",
        "",
    ]


def test_show_can_leave_out_what_nobody_set(agent: Any, capsys: Captured) -> None:
    agent.says("show", [SHOWN])

    main(["show", "web", "--set"])

    assert "built-in" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sort", "order"),
    [("cpu", ["b", "a", "c"]), ("memory", ["c", "b", "a"]), ("name", ["a", "b", "c"])],
)
def test_top_puts_the_hungriest_first(
    sort: str, order: list[str], agent: Any, standing: Make, capsys: Captured
) -> None:
    agent.says(
        "status",
        [
            standing("a", cpu=5.0, memory_bytes=1),
            standing("b", cpu=90.0, memory_bytes=2),
            standing("c", cpu=None, memory_bytes=3),
        ],
    )
    agent.says("trends", [])

    assert main(["top", "--once", "--sort", sort]) == 0

    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == order


@pytest.mark.slow
def test_top_ends_with_q_and_leaves_the_terminal_as_it_was(
    agent: Any, standing: Make, terminal: Any
) -> None:
    agent.says("status", [standing("web")])
    agent.says("trends", [])

    terminal.run(["top"], answer="q", when="running")

    assert terminal.status == 0
    assert terminal.screen.startswith("\x1b[?1049h")
    assert terminal.screen.endswith("\x1b[?25h\x1b[?1049l")


@pytest.mark.slow
def test_exec_runs_in_the_place_of_the_service(agent: Any, tmp_path: Path) -> None:
    place = {
        "env": {"PATH": "/usr/bin:/bin", "COLOUR": "blue"},
        "cwd": str(tmp_path),
        "user": None,
        "group": None,
        "argv_prefix": ["env", "SHAPE=round"],
    }
    agent.says("environment", place)
    command = ["sh", "-c", "pwd; echo $COLOUR $SHAPE $HOME; exit 7"]

    done = subprocess.run(
        [sys.executable, "-m", "svcctl", "exec", "web", "--", *command],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == f"{tmp_path}\nblue round\n"
    assert done.returncode == 7


def test_exec_needs_a_command(agent: Any, capsys: Captured) -> None:
    del agent

    assert main(["exec", "web", "--"]) == 2

    assert "hint: for example: svcctl exec web -- env" in capsys.readouterr().err


def test_doctor_finds_nothing_wrong_with_a_good_home(agent: Any, capsys: Captured) -> None:
    agent.says("agent-status", {"version": __version__, "pid": 1})

    assert main(["doctor", "-o", "json"]) == 0

    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["agent"]["verdict"] == "ok"
    assert {"python", "clock", "config", "state", "run", "logs", "open files"} <= set(found)
    assert all(each["hint"] for each in found.values() if each["verdict"] != "ok")


def test_doctor_tells_an_agent_of_another_version(agent: Any, capsys: Captured) -> None:
    agent.says("agent-status", {"version": "0.0.1", "pid": 1})

    assert main(["doctor"]) == 0

    assert "agent: svcctl agent upgrade" in capsys.readouterr().out


@pytest.mark.usefixtures("home")
def test_doctor_says_how_to_start_an_agent(capsys: Captured) -> None:
    assert main(["doctor"]) == 0

    assert "agent: start it: svcctl agent run --detach" in capsys.readouterr().out


def test_a_folder_that_is_none_fails(home: Path, capsys: Captured) -> None:
    (home / "state").write_text("in the way")

    assert main(["doctor"]) == 1

    assert "is not a folder" in capsys.readouterr().out


def test_a_folder_open_to_all_is_warned_of(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    assert folder_check("state", tmp_path).verdict is Verdict.WARN


def test_an_old_python_and_a_wrong_clock_fail() -> None:
    assert python_check((3, 10, 1)).verdict is Verdict.FAIL
    assert clock_check(0.0).verdict is Verdict.FAIL


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, home: Path, capsys: Captured) -> None:
    del home

    assert main(["completion", shell]) == 0

    assert "_SVCCTL_COMPLETE" in capsys.readouterr().out


def _completed(words: str, position: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ask for completions the way bash does."""
    monkeypatch.setenv("_SVCCTL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(position))
    done = subprocess.run(
        [sys.executable, "-m", "svcctl"], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.slow
def test_names_are_completed_by_the_agent(
    agent: Any, standing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.says("status", [standing("web.1"), standing("web.2"), standing("db")])

    assert _completed("svcctl start w", 2, monkeypatch) == ["web", "web.1", "web.2"]
    assert _completed("svcctl start @", 2, monkeypatch) == ["@shop"]


@pytest.mark.slow
@pytest.mark.usefixtures("home")
def test_without_an_agent_completion_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _completed("svcctl start w", 2, monkeypatch) == []
    assert _completed("svcctl re", 1, monkeypatch) == ["restart", "reload", "resume", "reset",
                                                       "remove"]  # fmt: skip
