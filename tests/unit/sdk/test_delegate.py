"""What svcctl is asked for a service that is told to install itself."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from svcctl import Context, Service
from svcctl.sdk import delegate
from svcctl.system.detect import Platform


class Mailer(Service):
    """Sends mail."""

    drain_timeout = "40s"

    async def run(self, ctx: Context) -> None:
        await ctx.stopped()


def asked(monkeypatch: pytest.MonkeyPatch, system: Platform, *options: str) -> list[str]:
    monkeypatch.setattr(delegate, "platform", lambda: system)
    monkeypatch.setattr(delegate, "this_program", lambda: ["py thon", "mailer.py", "run"])
    return delegate.command("install", options, Mailer().blueprint())


def settings(words: list[str]) -> list[str]:
    return [words[at + 1] for at, word in enumerate(words) if word == "--set"]


def test_the_manager_is_to_start_the_file_itself_and_waits_for_its_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = asked(monkeypatch, Platform.LINUX, "--now")

    assert words[:5] == [sys.executable, "-m", "svcctl", "install", "mailer"]
    assert shlex.split(words[words.index("--exec") + 1]) == ["py thon", "mailer.py", "run"]
    assert words[words.index("--description") + 1] == "Sends mail."
    assert settings(words) == [
        "host=false",
        "stop.timeout=1m20s",
        "ready_timeout=1m35s",
        "ready=notify",
        "reload.signal=HUP",
        'health=[{heartbeat="30s"}]',
    ]
    assert words[-1] == "--now"


def test_on_windows_it_has_nobody_to_notify_and_a_crash_is_no_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = asked(monkeypatch, Platform.WINDOWS)

    written = subprocess.list2cmdline(["py thon", "mailer.py", "run"])
    assert words[words.index("--exec") + 1] == written
    assert settings(words)[0] == "host=false"
    assert settings(words)[-1] == "windows.recovery.on_error=false"


def test_what_follows_two_dashes_is_for_run(monkeypatch: pytest.MonkeyPatch) -> None:
    words = asked(monkeypatch, Platform.LINUX, "--now", "--", "--config", "my prod.toml")

    run = shlex.split(words[words.index("--exec") + 1])
    assert run[2:] == ["run", "--config", "my prod.toml"]
    assert words[-1] == "--now"
    assert "--" not in words


def test_what_the_operator_says_is_said_last(monkeypatch: pytest.MonkeyPatch) -> None:
    words = asked(monkeypatch, Platform.LINUX, "--cwd", "/srv", "--set", "stop.timeout=5s")

    assert words.count("--cwd") == 1
    assert settings(words)[-1] == "stop.timeout=5s"


@pytest.mark.parametrize("verb", ["start", "status", "uninstall"])
def test_other_verbs_go_on_as_they_are(verb: str) -> None:
    words = delegate.command(verb, ["-o", "json"], Mailer().blueprint())

    assert words[3:] == [verb, "mailer", "-o", "json"]
