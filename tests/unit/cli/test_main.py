"""The border: exit statuses, errors in words, help, and what is imported on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from svcctl import __version__
from svcctl.app.verbs import VERBS
from svcctl.cli import border
from svcctl.cli.commands import TABLE, svcctl
from svcctl.cli.main import main
from svcctl.system.paths import find_paths

_SLOW_TO_IMPORT = {"asyncio", "pydantic", "rich", "psutil", "unittest", "http"}


def _modules_after(argv: Sequence[str]) -> set[str]:
    """Run a command in a fresh interpreter and give the modules it imported."""
    program = (
        "import sys\nfrom svcctl.cli.main import main\n"
        f"main({list(argv)!r})\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split("\n")[-2].split())


@pytest.mark.slow
def test_status_imports_neither_click_nor_the_spec(agent: Any) -> None:
    agent.says("status", [])

    modules = _modules_after(["status"])

    assert not modules & (_SLOW_TO_IMPORT | {"click", "difflib", "tempfile", "logging"})
    assert "svcctl.spec.service" not in modules


@pytest.mark.slow
@pytest.mark.parametrize("argv", [["start", "web"], ["logs", "web"], ["-q", "status"]])
def test_what_is_asked_for_often_imports_nothing_heavy(argv: list[str], agent: Any) -> None:
    for verb in ("start", "logs", "status"):
        agent.says(verb, [])

    modules = _modules_after(argv)

    assert not modules & _SLOW_TO_IMPORT


@pytest.mark.slow
def test_the_version_needs_nothing_at_all() -> None:
    modules = _modules_after(["--version"])

    assert not {each for each in modules if each.startswith("svcctl.")} - {
        "svcctl.cli",
        "svcctl.cli.main",
    }
    assert not modules & {"click", "json", "dataclasses"}


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0

    assert capsys.readouterr().out == f"svcctl {__version__}\n"


def test_nobody_answers_is_exit_status_5(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 5

    said = capsys.readouterr().err
    where = find_paths({"SVCCTL_HOME": str(home)}).socket
    assert said.startswith(f"error[SVC-1400]: no agent answers at '{where}'")
    assert "hint: start one: svcctl agent run" in said


def test_what_the_agent_refuses_is_told_with_code_and_hint(
    agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.refuses("status", "SVC-1300", "no service 'wev'", "did you mean 'web'?")

    assert main(["status", "wev"]) == 4

    assert capsys.readouterr().err == (
        "error[SVC-1300]: no service 'wev'\nhint: did you mean 'web'?\n"
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["statsu"], "error[SVC-1200]: no command 'statsu'\nhint: did you mean 'status'?\n"),
        (["xyzzy"], "error[SVC-1200]: no command 'xyzzy'\nhint: see: svcctl --help\n"),
        (
            ["start", "--tiemout", "3s"],
            "error[SVC-1200]: no option '--tiemout'\nhint: did you mean '--timeout'? see: svc",
        ),
        (
            ["start"],
            "error[SVC-1200]: 'start' needs to know which services\nhint: svcctl start NAME,",
        ),
        (
            ["start", "web", "--timeout", "soon"],
            "error[SVC-1200]: bad value for '--timeout': 'soon' is not a duration",
        ),
    ],
)
@pytest.mark.usefixtures("home")
def test_misuse_is_exit_status_2(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2

    assert capsys.readouterr().err.startswith(said)


@pytest.mark.usefixtures("home")
def test_a_bug_is_told_in_two_lines_unless_more_is_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> int:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(border, "_do", broken)

    assert main(["status"]) == 1
    short = capsys.readouterr().err
    assert main(["-v", "status"]) == 1
    long = capsys.readouterr().err

    assert short.startswith("bug: ZeroDivisionError: oh\nhint: ")
    assert "Traceback" not in short
    assert "Traceback" in long


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, 130), (BrokenPipeError, 141)])
def test_an_interruption_is_quiet(
    error: type[BaseException],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(_: object) -> int:
        raise error

    monkeypatch.setattr(border, "_do", interrupted)
    monkeypatch.setattr(border, "_forget_stdout", lambda: None)

    assert main(["status"]) == status

    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error(agent: Any) -> None:
    agent.says("logs", {}, *({"at": 1.0, "service": "web", "instance": "web", "stream": "stdout",
                              "text": "x" * 1000} for _ in range(1000)))  # fmt: skip
    program = [sys.executable, "-m", "svcctl", "logs", "web"]

    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.readline()
        command.stdout.close()
        said = command.stderr.read()

    assert said == b""
    assert command.returncode == 141


@pytest.mark.slow
def test_an_interrupt_ends_what_follows_with_130(agent: Any) -> None:
    line = {"at": 1.0, "service": "web", "instance": "web", "stream": "stdout", "text": "x"}
    agent.hangs_up_on("logs", line)
    program = [sys.executable, "-m", "svcctl", "-q", "logs", "web", "-f"]

    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        command.stdout.readline()
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=60)

    assert command.returncode == 130
    assert said == b""


def test_help_shows_every_command_in_its_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    said = capsys.readouterr().out
    assert said.index("Examples:") < said.index("Options:") < said.index("Look:")
    assert all(f"\n  {name} " in said for name in TABLE)


def test_every_verb_has_a_command_or_one_that_stands_for_it() -> None:
    elsewhere = {
        "environment": "exec",
        "set-log-level": "log-level",
        "audit-verify": "audit",
        "access-show": "auth",
        "auth-explain": "auth",
        "may": "auth",
        **{f"token-{each}": "auth" for each in ("issue", "list", "revoke", "rotate")},
        **{f"agent-{each}": "agent" for each in ("status", "stop", "upgrade")},
        **{f"config-{each}": "config" for each in ("history", "rollback")},
        "set-config": "config",
        "apply-signed": "spec",
        "trust": "serve",
        "watch-list": "watch",
        "trends": "top",
        **{f"silence-{each}": "silence" for each in ("add", "list", "end")},
        **{f"alert-{each}": "alert" for each in ("show", "test")},
        **{f"finding-{each}": "finding" for each in ("quiet", "wake")},
        **{f"shipping-{each}": "shipping" for each in ("show", "test")},
    }

    missing = {verb.name for verb in VERBS if elsewhere.get(verb.name, verb.name) not in TABLE}

    assert not missing


def _own_commands() -> list[str]:
    groups = {"agent", "alert", "auth", "cert", "config", "ctx", "finding", "rules"}
    groups |= {"serve", "shipping", "silence", "spec", "watch"}
    return [name for name in TABLE if name not in {"up", "demo", *groups}]


@pytest.mark.parametrize("name", _own_commands())
def test_help_of_a_command_begins_with_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0

    said = capsys.readouterr().out
    assert said.index("Examples:") < said.index("Options:")
    assert f"  svcctl {name}" in said or name in {"completion", "schema"}


@pytest.mark.parametrize("name", _own_commands())
def test_every_flag_names_its_variable(name: str) -> None:
    command = svcctl.get_command(click.Context(svcctl), name)

    assert command is not None
    for option in command.params:
        if isinstance(option, click.Option) and option.name not in {"labels", "everything"}:
            if option.name == "as_json":
                continue
            assert (option.help or "").endswith(f"[env: {option.envvar}]"), option.name


def test_a_variable_sets_a_flag(
    agent: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("status", [])
    monkeypatch.setenv("SVCCTL_STATUS_OUTPUT", "json")

    assert main(["status"]) == 0

    assert capsys.readouterr().out == "[]\n"


def test_home_can_be_given_as_a_flag(
    agent: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("status", [])
    monkeypatch.delenv("SVCCTL_HOME")

    assert main(["--home", str(agent.home), "status", "-o", "json"]) == 0

    assert capsys.readouterr().out == "[]\n"


@pytest.mark.slow
@pytest.mark.parametrize("argv", [["status"], ["statsu"], ["start", "web"]])
def test_the_program_exits_with_what_main_gives(argv: list[str], home: Path) -> None:
    environ = os.environ | {"SVCCTL_HOME": str(home)}

    done = subprocess.run([sys.executable, "-m", "svcctl", *argv], env=environ, check=False)

    assert done.returncode == (2 if argv == ["statsu"] else 5)


@pytest.mark.parametrize(
    "words", [["finding", "quiet"], ["shipping", "test"], ["auth", "explain", "ann"], ["ack"]]
)
def test_what_must_be_said_is_asked_for_before_an_agent_is(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2

    assert "must be given" in capsys.readouterr().err
