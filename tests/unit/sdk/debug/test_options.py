"""What stands behind ``debug`` is checked before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.errors import SpecError, SvcctlError
from svcctl.sdk.debug.options import Options, read_options
from svcctl.sdk.debug.scm import Scm
from svcctl.sdk.debug.terminal import Terminal
from svcctl.sdk.debug.unit import Unit


def options(*words: str) -> Options:
    return read_options(words, program="python mailer.py")


def test_without_any_it_is_a_terminal_and_keys() -> None:
    found = options()

    assert isinstance(found.simulation, Terminal)
    assert found.steps is None
    assert not found.scm
    assert not found.notify


def test_what_follows_two_dashes_is_for_run() -> None:
    assert options("-o", "json", "--", "--config", "dev.toml").for_run == ("--config", "dev.toml")


def test_a_script_is_steps_or_a_file_of_those(tmp_path: Path) -> None:
    file = tmp_path / "life.txt"
    file.write_text("ready\nstop  # in order\n")

    written, read = options("--script", "ready; stop"), options("--script", str(file))

    assert [each.text for each in written.steps or ()] == ["ready", "stop"]
    assert written.steps == read.steps


@pytest.mark.posix
def test_systemd_and_the_agent_have_time_limits() -> None:
    systemd = options("--as", "systemd", "--watchdog", "5s", "--stop-timeout", "1m").simulation
    agent = options("--as", "agent").simulation

    assert isinstance(systemd, Unit)
    assert isinstance(agent, Unit)
    assert (systemd.rules.start, systemd.rules.stop, systemd.rules.watchdog) == (90, 60, 5)
    assert (agent.who, agent.rules.stop, agent.rules.abort) == ("agent", 15, "TERM")
    assert options("--as", "agent").notify


def test_the_scm_is_simulated_everywhere() -> None:
    assert isinstance(options("--as", "scm").simulation, Scm)


@pytest.mark.parametrize(
    "words",
    [
        ("--as", "launchd"),
        ("--fly",),
        ("stray",),
        ("--script", "fly"),
        ("--limit", "0s"),
        ("--limit", "soon"),
        ("--as", "scm", "--stop-timeout", "1s"),
        ("--watchdog", "1s"),
    ],
)
def test_mistakes_are_errors_of_ours(words: tuple[str, ...]) -> None:
    with pytest.raises(SvcctlError):
        options(*words)


def test_a_file_that_holds_no_text_is_no_script(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")

    with pytest.raises(SpecError):
        options("--script", str(tmp_path / "binary"))


def test_a_script_may_be_longer_than_any_name_of_a_file() -> None:
    assert len(options("--script", ";".join(["ready"] * 1000)).steps or ()) == 1000
