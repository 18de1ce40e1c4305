"""A living service on Windows is asked and told through its pipe, by its agent and by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from svcctl.client.local import LocalClient
from svcctl.errors import AgentUnreachable, UsageError
from svcctl.sdk.endpoint.place import address
from svcctl.system.paths import find_paths
from svcctl.system.windows.pipe_client import pipe_connections
from svcctl.wire import Request
from tests.system.windows.waiting import PATIENCE, until

pytestmark = pytest.mark.slow

MAILER = r'''
import os
from dataclasses import dataclass

from svcctl import Context, Service

HERE = os.path.dirname(os.path.abspath(__file__))


class Mailer(Service):
    """Sends mail."""

    @dataclass(frozen=True)
    class Config:
        port: int = 25

    async def run(self, ctx: Context) -> None:
        async for _ in ctx.ticks("50ms"):
            pass

    def on_pause(self):
        print("on_pause", flush=True)
        if os.path.exists(os.path.join(HERE, "refuse")):
            raise ValueError("a mail is half sent")

    def on_resume(self):
        print("on_resume", flush=True)


if __name__ == "__main__":
    Mailer.main()
'''

DEFINITION = r"""
version = 1
[services.mailer]
python = "mailer:Mailer"
cwd = '{home}'
"""


class Home:
    """A home with a mailer in it, and the command line for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ = os.environ | {"SVCCTL_HOME": str(path), "NO_COLOR": "1"}
        (path / "mailer.py").write_text(MAILER)
        (path / "mailer.toml").write_text("port = 26\n")
        (path / "svcctl.toml").write_text(DEFINITION.replace("{home}", str(path)))

    def run(self, *words: str, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "svcctl", *words],
            env=self.environ,
            cwd=self.path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if status is not None:
            assert done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
        return done

    def phase(self) -> str:
        (found,) = json.loads(self.run("status", "mailer", "-o", "json", status=None).stdout)
        return str(found["phase"])

    def client(self) -> LocalClient:
        where = find_paths(self.environ)
        connect = pipe_connections(where.lock)
        return LocalClient(address(where, "mailer"), timeout=PATIENCE, connect=connect)

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the mailer by hand until the block is left."""
        with subprocess.Popen(
            [sys.executable, "mailer.py", "run"],
            cwd=self.path,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as program:
            try:
                until(self.answers, what="the mailer answers")
                yield program
            finally:
                program.kill()

    def answers(self) -> bool:
        try:
            with self.client() as mailer:
                about = mailer.ask(Request(verb="about"))
        except AgentUnreachable:
            return False
        return isinstance(about, dict) and about["phase"] == "running"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def agent(home: Home) -> Iterator[Home]:
    home.run("agent", "run", "--detach")
    yield home
    home.run("agent", "stop", status=None)


def test_an_agent_has_the_service_pause_and_resume_itself(agent: Home) -> None:
    agent.run("apply", "svcctl.toml", "--yes")

    agent.run("pause", "mailer")
    paused = agent.phase()
    agent.run("resume", "mailer")

    assert (paused, agent.phase()) == ("paused", "running")
    logs = agent.run("logs", "mailer").stdout
    assert [each in logs for each in ("on_pause", "on_resume")] == [True, True]


def test_a_refusal_and_a_bad_configuration_are_told(agent: Home) -> None:
    agent.run("apply", "svcctl.toml", "--yes")
    (agent.path / "refuse").touch()
    (agent.path / "mailer.toml").write_text('port = "many"\n')

    refused = agent.run("pause", "mailer", status=1)
    rejected = agent.run("reload", "mailer", status=1)

    assert "on_pause failed: ValueError: a mail is half sent" in refused.stderr
    assert "'many' is not a whole number" in rejected.stderr
    assert agent.phase() == "running"


def test_a_service_started_by_hand_is_found_by_its_name(home: Home) -> None:
    with home.started():
        home.run("pause", "mailer")
        level = home.run("log-level", "mailer", "debug", "--for", "10m")
        home.run("resume", "mailer")

    assert "debug" in level.stdout


def test_it_is_asked_in_the_words_of_agents_and_ends_when_told(home: Home) -> None:
    with home.started() as program:
        with home.client() as mailer, pytest.raises(UsageError, match="does not answer 'dance'"):
            mailer.ask(Request(verb="dance"))
        with home.client() as mailer:
            mailer.ask(Request(verb="stop"))

        assert program.wait(PATIENCE) == 0

    assert not home.answers()


def test_a_killed_service_leaves_nothing_that_blocks_the_next(home: Home) -> None:
    with home.started() as program:
        program.kill()
        program.wait(PATIENCE)

    with home.started():
        assert home.answers()
