"""A real agent in a process and folder of its own, and the command line to talk to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from svcctl.bootstrap.local import client
from svcctl.errors import AgentUnreachable, SvcctlError, TimedOut
from svcctl.wire import Request, Selection

PATIENCE = 60.0  # seconds anything may take before a test calls it lost


def until(check: Callable[[], Any], *, within: float = PATIENCE, what: str = "") -> Any:
    """Give the first true value of *check*, or fail."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if value := check():
            return value
        time.sleep(0.01)
    pytest.fail(f"not within {within:g}s: {what or check}")


@dataclass
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Box:
    """A home of its own, and agents in it."""

    home: Path
    agents: list[subprocess.Popen[bytes]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        environ = {k: v for k, v in os.environ.items() if not k.startswith("SVCCTL")}
        fixed = {"SVCCTL_HOME": str(self.home), "NO_COLOR": "1", "PYTHONWARNINGS": ""}
        return environ | fixed | self.variables

    def cli(self, *args: str, stdin: str | None = None, within: float = 60.0) -> Ran:
        ran = subprocess.run(
            [sys.executable, "-m", "svcctl", *args],
            env=self.environ(),
            cwd=self.home,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def ok(self, *args: str, within: float = 60.0) -> Ran:
        ran = self.cli(*args, within=within)
        assert ran.status == 0, f"svcctl {' '.join(args)}: {ran.status}\n{ran.out}\n{ran.err}"
        return ran

    def ask(self, verb: str, *names: str, **args: object) -> Any:
        """Ask as the command line does, without a process for it; raises what was raised."""
        with client(str(self.home), timeout=60.0) as asked:
            return asked.ask(Request(verb=verb, select=Selection(names=names), args=args))

    def start_agent(self) -> subprocess.Popen[bytes]:
        log = (self.home / "agent.stderr").open("ab")
        agent = subprocess.Popen(
            [sys.executable, "-m", "svcctl", "agent", "run"],
            env=self.environ(),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.agents.append(agent)
        until(lambda: self.answers() or agent.poll() is not None, what="the agent answers")
        assert agent.poll() is None, self.said()
        return agent

    def answers(self) -> bool:
        try:
            return bool(self.ask("agent-status"))
        except (AgentUnreachable, TimedOut):
            return False

    def said(self) -> str:
        path = self.home / "agent.stderr"
        return path.read_text() if path.exists() else ""

    def kill_agent(self) -> None:
        """kill -9, as a crash would."""
        agent = self.agents[-1]
        agent.send_signal(signal.SIGKILL)
        agent.wait(PATIENCE)

    def write(self, text: str, name: str = "svcctl.toml") -> Path:
        path = self.home / name
        path.write_text(text)
        return path

    def apply(self, text: str, *more: str) -> Ran:
        return self.ok("apply", str(self.write(text)), "--yes", *more)

    def status(self, *names: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("status", *names)
        return found

    def one(self, name: str) -> dict[str, Any]:
        (found,) = [each for each in self.status(name) if each["instance"] == name]
        return found

    def until_phase(self, name: str, *phases: str) -> dict[str, Any]:
        def check() -> dict[str, Any] | None:
            found = self.one(name)
            return found if found["phase"] in phases else None

        found: dict[str, Any] = until(check, what=f"{name} is {phases}")
        return found

    def events(self, *args: str) -> list[dict[str, Any]]:
        ran = self.ok("events", "-n", "1000", "-o", "jsonl", *args)
        return [json.loads(line) for line in ran.out.splitlines()]


def whole_lines(path: Path) -> list[str]:
    """Give the lines of a file that are written to their end; none where there is none yet."""
    text = path.read_text(errors="replace") if path.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def alive(pid: int) -> bool:
    """Say whether *pid* is a process that still runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A home without an agent yet; whatever was started in it is gone afterwards."""
    with boxed(tmp_path) as made:
        yield made


@contextlib.contextmanager
def boxed(home: Path) -> Iterator[Box]:
    """Give a home in that folder, and end whatever was started in it."""
    made = Box(home)
    try:
        yield made
    finally:
        with contextlib.suppress(SvcctlError):
            made.ask("agent-stop", timeout=20.0)
        for agent in made.agents:
            if agent.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    agent.wait(5)
            if agent.poll() is None:
                agent.kill()
                agent.wait(PATIENCE)
        _kill_strays(made.home)


def _kill_strays(home: Path) -> None:
    """End what still runs with this very home in its environment."""
    wanted = f"SVCCTL_HOME={home}".encode()
    for proc in Path("/proc").iterdir():
        if proc.name.isdigit() and int(proc.name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in (proc / "environ").read_bytes().split(b"\0"):
                    os.kill(int(proc.name), signal.SIGKILL)


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., Any]:
    """Poll for a condition, with a deadline."""
    return until


@pytest.fixture(name="alive")
def alive_fixture() -> Callable[[int], bool]:
    """Whether a pid is a live process."""
    return alive


@pytest.fixture
def agent(box: Box) -> Box:
    """A home with a running agent."""
    box.start_agent()
    return box
