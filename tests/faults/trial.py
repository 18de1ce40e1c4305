"""An agent on trial: its services, what it promised, and how it is tormented."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from svcctl.bootstrap.local import Paths, local_client, paths
from svcctl.cli.definitions import documents, load
from svcctl.errors import AgentUnreachable, TimedOut
from svcctl.wire import Request, Selection
from tests.flows.conftest import PATIENCE, Box, until

COUNTING = Path(__file__).parent / "programs" / "counting.py"
AGENT = (sys.executable, "-m", "svcctl.server.process")


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much a test does: a bounded part where *share* is 0, else that share of all."""

    share: float

    def of(self, full: int, *, bounded: int) -> int:
        """Give how often, how many or how long."""
        return max(bounded, round(full * self.share))


@dataclass
class Trial:
    """A home with services that count, and agents that come and go in it.

    *wanted* is what was acknowledged: the phase each service must be found in.
    """

    box: Box
    chance: random.Random
    wanted: dict[str, str] = field(default_factory=dict)
    killed: int = 0

    @property
    def home(self) -> Path:
        return self.box.home

    @property
    def paths(self) -> Paths:
        return paths(str(self.home))

    @property
    def notes(self) -> Path:
        """The folder where the programs note what they know."""
        folder = self.home / "notes"
        folder.mkdir(exist_ok=True)
        return folder

    # agents

    def launch(self, *argv: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start an agent, or what stands for one, and do not wait."""
        with (self.home / "agent.stderr").open("ab") as said:
            agent = subprocess.Popen(
                argv or AGENT,
                env=self.box.environ() | variables,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.box.agents.append(agent)
        return agent

    def start_agent(self) -> dict[str, Any]:
        """Start an agent; give what it says of itself once it answers."""
        agent = self.launch()
        about = until(lambda: agent.poll() is not None or self.about(), what="the agent answers")
        assert agent.poll() is None, self.box.said()
        assert about["pid"] == agent.pid, "another agent is still there"
        return dict(about)

    def kill_agent(self) -> None:
        """kill -9, as a crash would."""
        self.killed += 1
        self.box.kill_agent()

    def restart_agent(self) -> dict[str, Any]:
        self.kill_agent()
        return self.start_agent()

    def let_it_work(self, seconds: float) -> None:
        """Let any time up to so many seconds pass: a kill comes at no instant of ours."""
        time.sleep(self.chance.random() * seconds)

    @property
    def agent(self) -> subprocess.Popen[bytes]:
        return self.box.agents[-1]

    def about(self) -> dict[str, Any] | None:
        """What the agent says of itself; None where none answers."""
        try:
            found = self.ask("agent-status", within=10.0)
        except (AgentUnreachable, TimedOut):
            return None
        assert isinstance(found, dict)
        return found

    # services

    def apply_counting(self, *names: str, options: str = "", how: str = "") -> None:
        """Define services that count; see programs/counting.py for *how*."""
        self.apply("".join(self.counting(name, options=options, how=how) for name in names))
        self.wanted |= dict.fromkeys(names, "running")

    def counting(self, name: str, *, options: str = "", how: str = "") -> str:
        """Give the definition of a service that counts."""
        argv = [sys.executable, "-I", "-S", str(COUNTING), str(self.notes), *how.split()]
        return (
            f"[services.{name}]\nexec = {json.dumps(argv)}\n"
            f'log = {{ max_size = "200K", keep = 100000 }}\nrestart.delay = "10ms"\n{options}\n'
        )

    def apply(self, text: str) -> None:
        """Define services, and come back when they run, or when they cannot."""
        file = self.home / "svcctl.toml"
        file.write_text(text)
        self.ask("apply", services=documents(load([str(file)])))

    def ask(self, verb: str, *names: str, within: float = PATIENCE, **args: object) -> object:
        """Ask the agent directly: raises what it raised, or AgentUnreachable."""
        with local_client(str(self.home), timeout=within) as client:
            return client.ask(Request(verb=verb, select=Selection(names=names), args=args))

    def ask_and_remember(self, verb: str, name: str) -> None:
        """Ask for start, stop or restart; once it is acknowledged it must hold."""
        self.ask(verb, name)
        self.wanted[name] = "stopped" if verb == "stop" else "running"

    def standing(self) -> dict[str, dict[str, Any]]:
        """How each instance stands, by name."""
        found = self.ask("status")
        assert isinstance(found, list)
        return {each["instance"]: each for each in found}

    def pids(self) -> dict[str, int]:
        """The main processes, by name of the instance."""
        return {name: each["pid"] for name, each in self.standing().items() if each["pid"]}

    def events(self, *names: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.box.events(*names)
        return found

    def recorded(self) -> list[dict[str, Any]]:
        """The events that are on the disk, whether or not an agent runs."""
        with closing(sqlite3.connect(f"{self.paths.state}/state.db")) as db:
            rows = db.execute("SELECT kind, instance, fields FROM event ORDER BY number").fetchall()
        return [
            {"kind": kind, "instance": instance, "fields": json.loads(fields)}
            for kind, instance, fields in rows
        ]

    # what the machine says, whatever the agent says

    def processes(self) -> Iterator[int]:
        """All that run on behalf of this home, agents excepted."""
        ours = f"SVCCTL_HOME={self.home}".encode()
        agents = {agent.pid for agent in self.box.agents if agent.poll() is None} | {os.getpid()}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) in agents:
                continue
            try:
                environ = (folder / "environ").read_bytes().split(b"\0")
                ended = (folder / "stat").read_text().rsplit(") ", 1)[1][0] in "ZX"
            except OSError:
                continue
            if ours in environ and not ended:
                yield int(folder.name)

    def describe(self, pid: int) -> str:
        """Say what a process is, for the report of a failure."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            environ = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
        except OSError as error:
            return str(error)
        ours = [each for each in environ if each.startswith("SVCCTL")]
        return f"{stat.split(')')[1][:20]} {command} {ours}"

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
