"""An agent on Windows follows logs that others write, through a rotation and a restart."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.windows.test_agent_journey import Home
from tests.system.windows.waiting import PATIENCE, until

pytestmark = pytest.mark.slow


@contextmanager
def running(home: Home) -> Iterator[None]:
    """Have an agent run, however long it takes to begin."""
    command = [sys.executable, "-m", "svcctl", "agent", "run"]
    with subprocess.Popen(command, env=home.environ, stdin=subprocess.DEVNULL) as process:
        try:
            until(lambda: home.run("agent", "status", status=None).returncode == 0, what="it runs")
            yield
            home.run("agent", "stop")
            process.wait(PATIENCE)
        finally:
            process.kill()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def samples(home: Home) -> list[str]:
    said = home.run("events", "-n", "1000", "-o", "jsonl").stdout
    events = [json.loads(line) for line in said.splitlines()]
    return [
        line
        for each in events
        if each["kind"] == "FindingMade"
        for line in each["fields"]["samples"]
    ]


def test_what_others_write_is_judged_once(home: Home) -> None:
    log = home.path / "written" / "app.log"
    log.parent.mkdir()
    log.write_bytes(b"")
    rule = "rules = [{ match = 'ERROR', cooldown = '0s' }]"
    text = f"[[watch]]\nname = 'app'\npath = '{log.parent}\\*.log'\n{rule}\n"
    with running(home):
        home.run("apply", home.write(text))
        with log.open("ab") as file:
            file.write(b"ERROR one\r\n")
        log.rename(log.with_name("app.log.1"))
        log.write_bytes(b"ERROR two\r\n")
        until(lambda: len(samples(home)) == 2, what="two lines")
    with log.open("ab") as file:
        file.write(b"ERROR three\r\n")

    with running(home):
        until(lambda: len(samples(home)) >= 3, what="three lines")
        assert samples(home) == ["ERROR one", "ERROR two", "ERROR three"]
        assert home.run("logs", "--watch", "app", "-n", "1").stdout == "app | ERROR three\n"


def test_a_machine_without_an_event_log_says_so(home: Home) -> None:
    def problem() -> str:
        (row,) = json.loads(home.run("watch", "list", "-o", "json").stdout)
        return str(row["problem"]) or ("Windows" if row["last_at"] else "")

    with running(home):
        home.run("apply", home.write("[[watch]]\nname = 'sys'\neventlog = 'System'\n"))

        assert until(problem, what="its problem, or an event") in {
            "Wine has no Event Log",
            "Windows",
        }
