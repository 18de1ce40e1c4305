"""``install``: from flags and from files, told before it is done and after."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from svcctl.cli import install_options
from svcctl.cli.install import install
from svcctl.cli.main import main

Make = Callable[..., dict[str, Any]]
Captured = pytest.CaptureFixture[str]

UNIT = {
    "kind": "write",
    "target": "/etc/systemd/system/web.service",
    "text": "[Unit]\nDescription=web\n",
    "before": None,
}
RELOAD = {"kind": "run", "target": "systemctl daemon-reload", "text": "", "before": None}
START = {"kind": "set", "target": "service web: start", "text": "auto", "before": "manual"}


def planned(change: str = "created", **more: Any) -> dict[str, Any]:
    return {
        "service": "web",
        "change": change,
        "action": "none",
        "changes": [],
        "manager": "systemd",
        "acts": [UNIT, RELOAD],
    } | more


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder to be in, without a definition."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def takes(agent: Any, folder: Path) -> Callable[..., dict[str, Any]]:
    """Install with the given flags; give the definition that was handed over."""

    def run(*argv: str) -> dict[str, Any]:
        agent.says("apply", {"plan": [planned()], "outcomes": []})
        assert main(["install", "web", *argv]) == 0
        (service,) = agent.asked[-1]["args"]["services"]
        assert isinstance(service, dict)
        return service

    del folder
    return run


@pytest.fixture
def no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing on standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))


# --- what is asked for


def test_flags_define_a_service(takes: Callable[..., dict[str, Any]]) -> None:
    service = takes(
        *("--exec", "/usr/bin/app --port '80 80'", "--env", "A=1=2", "--user", "app"),
        *("--start", "delayed", "--description", "[shop]", "--display-name", "The shop"),
        *("--manager", "agent", "--set", "stop.timeout=20s", "--set", "web.limits.nice=5"),
    )

    assert service["spec"] == {
        "name": "web",
        "exec": ["/usr/bin/app", "--port", "80 80"],
        "cwd": "/",
        "env": {"A": "1=2"},
        "user": "app",
        "description": "[shop]",
        "display_name": "The shop",
        "start": "delayed",
        "manager": "agent",
        "stop": {"timeout": 20.0},
        "limits": {"nice": 5},
    }
    assert service["origins"]["start"] == {"layer": "flag", "file": "--start"}
    assert service["sources"] == {}


def test_a_relative_program_is_at_home_where_it_was_named(
    takes: Callable[..., dict[str, Any]], folder: Path
) -> None:
    assert takes("--exec", "./app")["spec"]["cwd"] == str(folder)
    assert takes("--exec", "/app", "--cwd", "data")["spec"]["cwd"] == str(folder / "data")


def test_a_file_defines_a_service_and_flags_have_the_last_word(
    takes: Callable[..., dict[str, Any]], folder: Path
) -> None:
    (folder / "svcctl.toml").write_text(
        '[services.web]\nexec = "app"\nstart = "auto"\n[services.db]\nexec = "db"\n'
    )

    service = takes("--start", "manual", "--set", "stop.timeout=1s")

    assert service["spec"]["start"] == "manual"
    assert service["spec"]["stop"] == {"timeout": 1.0}
    assert list(service["sources"]) == [str(folder / "svcctl.toml")]


def test_several_services_of_a_named_file_are_installed_at_once(
    agent: Any, folder: Path, tmp_path: Path
) -> None:
    del folder
    path = tmp_path / "shop.toml"
    path.write_text('[services.web]\nexec = "app"\n[services.db]\nexec = "db"\n')
    agent.says("apply", {"plan": [], "outcomes": []})

    assert main(["install", "web", "db", "-f", str(path)]) == 0

    assert [each["name"] for each in agent.asked[0]["args"]["services"]] == ["db", "web"]


def test_a_password_comes_from_a_file_and_is_never_seen(
    takes: Callable[..., dict[str, Any]], folder: Path
) -> None:
    (folder / "secret").write_text("hunter2\n")

    service = takes("--exec", "app", "--password-file", "secret")

    assert service["spec"]["windows"] == {"password": f"file:{folder / 'secret'}"}
    assert "hunter2" not in json.dumps(service)


def test_a_password_from_stdin_is_in_the_environment_while_it_is_needed(
    agent: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del folder
    seen: list[str] = []

    def answer(request: dict[str, Any]) -> list[dict[str, Any]]:
        import os

        seen.append(os.environ.get("SVCCTL_SERVICE_PASSWORD", ""))
        assert "hunter2" not in json.dumps(request)
        return [{"result": {"plan": [planned()], "outcomes": []}}]

    agent.script["apply"] = answer
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))

    assert main(["install", "web", "--exec", "app", "--password-stdin"]) == 0

    import os

    (service,) = agent.asked[-1]["args"]["services"]
    assert set(seen) == {"hunter2"}
    assert service["spec"]["windows"] == {"password": "env:SVCCTL_SERVICE_PASSWORD"}
    assert "SVCCTL_SERVICE_PASSWORD" not in os.environ


def test_a_command_of_windows_is_split_as_windows_does_it(
    takes: Callable[..., dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_options, "native_manager", lambda: "scm")
    program = folder / "my app.exe"
    program.touch()

    service = takes("--exec", rf'{program} --dir C:\data "a b"')

    assert service["spec"]["exec"] == [str(program), "--dir", r"C:\data", "a b"]
    assert service["spec"]["cwd"] == str(folder)


def test_what_is_needed_may_be_there_already(agent: Any, folder: Path, standing: Make) -> None:
    del folder
    agent.says("status", [standing("db")])
    agent.says("apply", {"plan": [planned()], "outcomes": []})

    assert main(["install", "web", "--exec", "app", "--set", 'needs=["db"]']) == 0

    (service,) = agent.asked[-1]["args"]["services"]
    assert service["spec"]["needs"] == {"db": "ready"}


@pytest.mark.usefixtures("folder", "no_input")
@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        ([], 2, "'install' needs to know which service"),
        (["web", "db", "--exec", "x"], 2, "one command cannot be 2 services"),
        (["web"], 2, "nothing says what 'web' is: there is no svcctl.toml here"),
        (["web", "--exec", "x 'y"], 78, "cannot be split: No closing quotation"),
        (["web", "--exec", "x", "--env", "A"], 2, "'A' sets no variable"),
        (["web", "--exec", "x", "--set", "stpo=1"], 78, "unknown option 'stpo'"),
        (["web", "--exec", "x", "--start", "late"], 2, "'late' is not one of"),
        (["Web", "--exec", "x"], 78, "'Web' cannot name a service"),
        (["web", "--exec", "x", "--password-stdin"], 2, "there is no password on standard input"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    argv: list[str], status: int, said: str, agent: Any, capsys: Captured
) -> None:
    assert main(["install", *argv]) == status

    assert agent.asked == []
    assert said in capsys.readouterr().err


def test_a_name_that_no_file_has_is_helped_with(agent: Any, folder: Path, capsys: Captured) -> None:
    (folder / "svcctl.toml").write_text('[services.web]\nexec = "app"\n')

    assert main(["install", "wbe"]) == 4

    assert agent.asked == []
    assert "no service 'wbe' in svcctl.toml\nhint: did you mean 'web'?" in capsys.readouterr().err


# --- what is told


@pytest.mark.usefixtures("folder")
def test_a_dry_run_prints_exactly_what_would_be_done_and_does_nothing(
    agent: Any, capsys: Captured
) -> None:
    agent.says("apply", {"plan": [planned(acts=[UNIT, RELOAD, START])], "outcomes": []})

    assert main(["install", "web", "--exec", "app", "--dry-run"]) == 0

    (asked,) = agent.asked
    told = capsys.readouterr()
    assert asked["args"]["dry_run"] is True
    assert told.out == (
        "web: would be created, kept by systemd\n"
        "  write /etc/systemd/system/web.service\n"
        "    | [Unit]\n"
        "    | Description=web\n"
        "  run systemctl daemon-reload\n"
        "  set service web: start = auto (was manual)\n"
    )
    assert told.err == "nothing was done\n"


@pytest.mark.usefixtures("folder")
def test_a_dry_run_in_json_has_the_acts_as_they_are(agent: Any, capsys: Captured) -> None:
    document = {"plan": [planned()], "outcomes": []}
    agent.says("apply", document)

    assert main(["install", "web", "--exec", "app", "--dry-run", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == document


@pytest.mark.usefixtures("folder")
def test_what_the_agent_would_be_handed_is_told_option_by_option(
    agent: Any, capsys: Captured
) -> None:
    row = {"service": "web", "change": "created", "action": "start", "changes": []}
    agent.says("apply", {"plan": [row], "outcomes": []})

    assert main(["install", "web", "--exec", "/app", "--dry-run"]) == 0

    assert capsys.readouterr().out == (
        'web: would be created, kept by agent\n  set exec = ["/app"]\n  set cwd = "/"\n'
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("row", "said", "then"),
    [
        (planned(), "web: created, kept by systemd\n", "next: svcctl start web\n"),
        (planned("unchanged", acts=[]), "web: unchanged\n", "next: svcctl status web\n"),
        (
            planned("changed", changes=[["description", "a", "b"], ["user", None, "app"]]),
            'web: changed: description "a" -> "b", user nothing -> "app"\n',
            "next: svcctl status web\n",
        ),
        (
            planned("changed", action="restart"),
            "web: changed: /etc/systemd/system/web.service, systemctl daemon-reload; restart\n",
            "next: svcctl status web\n",
        ),
    ],
)
def test_what_was_done_is_told_and_what_to_do_next(
    row: dict[str, Any], said: str, then: str, agent: Any, capsys: Captured
) -> None:
    agent.says("apply", {"plan": [row], "outcomes": []})

    assert main(["install", "web", "--exec", "app"]) == 0

    told = capsys.readouterr()
    assert (told.out, told.err) == (said, then)
    assert [each["args"]["dry_run"] for each in agent.asked] == [True, False]
    assert agent.asked[1]["args"]["no_start"] is True


@pytest.mark.usefixtures("folder")
def test_now_starts_it_too(agent: Any, outcome: Make, capsys: Captured) -> None:
    agent.says("apply", {"plan": [planned()], "outcomes": []})
    agent.says("start", [outcome("web")])

    assert main(["install", "web", "--exec", "app", "--now"]) == 0

    assert agent.asked[-1]["select"]["names"] == ["web"]
    told = capsys.readouterr()
    assert told.out == "web: created, kept by systemd\nweb is running (pid 4711, ready)\n"
    assert told.err == "next: svcctl status web\n"


@pytest.mark.usefixtures("folder")
def test_a_start_that_fails_is_told_with_its_cause(
    agent: Any, outcome: Make, capsys: Captured
) -> None:
    agent.says("apply", {"plan": [planned()], "outcomes": []})
    failed = outcome("web", ok=False, phase="failed", problem="exit code 3", lines=["no port"])
    agent.says("start", [failed])

    assert main(["install", "web", "--exec", "app", "--now"]) == 1

    told = capsys.readouterr().err
    assert "failed: web: exit code 3\n  | no port\n" in told


def test_what_could_not_be_installed_of_several_makes_it_a_part(
    agent: Any, folder: Path, outcome: Make, capsys: Captured
) -> None:
    (folder / "svcctl.toml").write_text(
        '[services.web]\nexec = "app"\n[services.db]\nexec = "db"\n'
    )
    refused = outcome("db", ok=False, phase="stopped", problem="no room", hint="make room")
    agent.says("apply", {"plan": [planned(), planned(service="db")], "outcomes": [refused]})

    assert main(["install", "web", "db"]) == 8

    told = capsys.readouterr()
    assert told.out == "web: created, kept by systemd\n"
    assert told.err == "failed: db: no room\nhint: make room\n"


def test_other_services_of_the_same_file_are_not_spoken_of(
    agent: Any, folder: Path, capsys: Captured
) -> None:
    (folder / "svcctl.toml").write_text(
        '[services.web]\nexec = "app"\n[services.db]\nexec = "db"\n'
    )
    orphan = {"service": "db", "change": "orphaned", "action": "none", "changes": []}
    agent.says("apply", {"plan": [planned(), orphan], "outcomes": []})

    assert main(["install", "web"]) == 0

    assert "db" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_person_is_asked_before_what_runs_is_restarted(
    agent: Any, folder: Path, terminal: Any
) -> None:
    (folder / "svcctl.toml").write_text('[services.web]\nexec = "app"\n')
    agent.says("apply", {"plan": [planned("changed", action="restart")], "outcomes": []})

    terminal.run(["install", "web"], answer="n\n", when="Restart web?")

    assert terminal.status == 1
    assert [each["args"]["dry_run"] for each in agent.asked] == [True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[services.web]\nexec = "a"\n[services.worker]\n[services.db]\n', ["web", "worker"]),
        ("services = 1", []),
        ("not TOML", []),
    ],
)
def test_names_are_completed_from_the_definition_in_this_folder(
    folder: Path, text: str, expected: list[str]
) -> None:
    (folder / "svcctl.toml").write_text(text)
    (argument,) = (each for each in install.params if each.name == "names")

    found = argument.shell_complete(click.Context(install), "w")

    assert [each.value for each in found] == expected
