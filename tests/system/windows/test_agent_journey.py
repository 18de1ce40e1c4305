"""The agent, its door, and the command line on Windows, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.client.local import LocalClient
from svcctl.errors import AgentUnreachable
from svcctl.system.paths import find_paths
from svcctl.system.windows.pipe_client import pipe_connections
from svcctl.wire import Request
from tests.system.windows.waiting import PATIENCE, until

pytestmark = pytest.mark.slow

TICKING = r"""
[services.web]
exec = ['{python}', '-u', '-c', '''
import time
try:
    for number in range(100000):
        print("tick", number); time.sleep(0.05)
except KeyboardInterrupt:
    pass
''']
ready = "log:tick 3"
restart.delay = "100ms"
"""


class Home:
    """A home of its own, and the command line for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ = os.environ | {"SVCCTL_HOME": str(path), "NO_COLOR": "1"}

    def run(self, *words: str, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "svcctl", *words],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if status is not None:
            assert done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
        return done

    def status(self, name: str) -> dict[str, Any]:
        (found,) = json.loads(self.run("status", name, "-o", "json", status=None).stdout)
        return dict(found)

    def write(self, text: str) -> str:
        path = self.path / "svcctl.toml"
        path.write_text(text.replace("{python}", sys.executable))
        return str(path)

    def client(self, *, timeout: float | None = PATIENCE) -> LocalClient:
        where = find_paths(self.environ)
        return LocalClient(where.socket, timeout=timeout, connect=pipe_connections(where.lock))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def agent(home: Home) -> Iterator[Home]:
    home.run("agent", "run", "--detach")
    yield home
    home.run("agent", "stop", status=None)


def test_a_service_lives_and_is_asked_about_over_the_pipe(agent: Home) -> None:
    applied = agent.run("apply", agent.write(TICKING), "--yes")
    status = agent.status("web")

    assert "web is running" in applied.stdout
    assert (status["phase"], status["ready"], status["manager"]) == ("running", True, "agent")
    until(lambda: "tick" in agent.run("logs", "web", "-n", "2").stdout, what="it is heard")


def test_every_verb_works(agent: Home) -> None:
    agent.run("apply", agent.write(TICKING), "--yes")
    first = agent.status("web")["pid"]

    agent.run("pause", "web")
    paused = agent.status("web")["phase"]
    agent.run("resume", "web")
    agent.run("kill", "web")
    until(lambda: agent.status("web")["restarts"] == 1, what="web was started again")
    agent.run("restart", "web")
    agent.run("stop", "web")

    assert paused == "paused"
    assert agent.status("web")["phase"] == "stopped"
    assert first is not None


def test_many_ask_at_once(agent: Home) -> None:
    agent.run("apply", agent.write(TICKING), "--yes")
    answers: list[object] = []

    def ask() -> None:
        with agent.client() as client:
            answers.append(client.ask(Request(verb="status")))

    askers = [threading.Thread(target=ask) for _ in range(20)]
    for each in askers:
        each.start()
    for each in askers:
        each.join(PATIENCE)

    assert len(answers) == 20
    assert all(isinstance(each, list) and each[0]["service"] == "web" for each in answers)


def test_who_asks_is_known_by_the_account(agent: Home) -> None:
    agent.run("apply", agent.write(TICKING), "--yes")

    import sqlite3

    database = sqlite3.connect(find_paths(agent.environ).state + r"\state.db")
    actors = {row[0] for row in database.execute("SELECT actor FROM audit")}
    database.close()

    assert actors
    assert all(each.startswith("sid:S-1-") for each in actors)


def test_a_second_agent_is_refused(agent: Home) -> None:
    done = agent.run("agent", "run", status=None)

    assert done.returncode == 1
    assert "already runs here" in done.stderr


def test_without_an_agent_the_error_says_what_to_do(home: Home) -> None:
    with pytest.raises(AgentUnreachable, match="no agent answers"):
        home.client().__enter__()

    assert "svcctl agent run" in home.run("status", status=5).stderr


def test_a_program_says_that_it_is_ready_over_its_pipe(agent: Home) -> None:
    text = r"""
[services.web]
exec = ['{python}', '-c', '''
import os, time
time.sleep(0.5)
with open(os.environ["NOTIFY_SOCKET"], "wb", buffering=0) as pipe:
    pipe.write(b"READY=1\nSTATUS=at work\n")
time.sleep(600)
''']
ready = "notify"
"""
    agent.run("apply", agent.write(text), "--yes")

    status = agent.status("web")

    assert (status["phase"], status["ready"], status["status_text"]) == ("running", True, "at work")


def test_logs_rotate_while_somebody_reads_them(agent: Home) -> None:
    text = TICKING + 'log = {max_size = "1K", keep = 100000, compress = false}\n'
    agent.run("apply", agent.write(text.replace("0.05", "0.002")), "--yes")
    folder = Path(find_paths(agent.environ).logs) / "web" / "web"

    until(lambda: len(list(folder.glob("stdout.log*"))) > 20, what="the log was rotated")
    agent.run("stop", "web")
    lines = agent.run("logs", "web", "-n", "1000000").stdout.split()[1::2]

    assert [int(each) for each in lines] == list(range(len(lines)))
    assert len(lines) > 500


def test_a_file_that_changes_is_noticed(agent: Home, tmp_path: Path) -> None:
    watched = tmp_path / "settings.txt"
    watched.write_text("one")
    text = TICKING + f"reload = {{watch = ['{watched}'], on_change = 'restart'}}\n"
    agent.run("apply", agent.write(text), "--yes")
    before = agent.status("web")["pid"]

    watched.write_text("another")

    until(lambda: agent.status("web")["pid"] not in {before, None}, what="web was restarted")


def test_up_runs_a_file_and_stops_in_order_at_ctrl_c(home: Home) -> None:
    path = home.write(TICKING)
    log = home.path / "up.out"
    with log.open("wb") as out:
        up = subprocess.Popen(
            [sys.executable, "-m", "svcctl", "up", path],
            env=home.environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    try:
        until(lambda: b"tick 5" in log.read_bytes(), what="web ticks")
        from svcctl.system.windows.console import send_console_event

        send_console_event(0, [up.pid])
        ended = up.wait(PATIENCE)
    finally:
        if up.poll() is None:
            up.kill()

    assert ended in {0, 130}, log.read_text(errors="replace")
    assert b"Traceback" not in log.read_bytes()
