"""An svcctl of its own in a temporary folder: agents, commands, and nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import proc
from bench.stamps import Stamps

PATIENCE = 120.0  # seconds anything may take before the benchmark gives up


def until(check: Callable[[], object], *, what: str, within: float = PATIENCE) -> None:
    """Wait until *check* is true; raise TimeoutError if that takes too long."""
    deadline = time.monotonic() + within
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within:g}s: {what}")
        time.sleep(0.001)


class Home:
    """A folder with definitions and state; at most one agent at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stamps = Stamps(folder)
        self.agent: subprocess.Popen[bytes] | None = None
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SVCCTL")}
        self.environ = kept | {"SVCCTL_HOME": str(folder), "NO_COLOR": "1"}
        self._log = folder / "agent.log"

    @property
    def pid(self) -> int:
        """The agent's."""
        assert self.agent
        return self.agent.pid

    def command(self, *args: str) -> list[str]:
        """Give the command line of svcctl with *args*."""
        return [sys.executable, "-m", "svcctl", *args]

    def run(self, *args: str) -> str:
        """Run svcctl to its end and give its result; raise if it fails."""
        ran = subprocess.run(
            self.command(*args),
            env=self.environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if ran.returncode not in {0, 3}:
            raise RuntimeError(f"svcctl {' '.join(args)}: {ran.returncode}\n{ran.stderr}")
        return ran.stdout

    def launch(self) -> int:
        """Start an agent without waiting for it; give the monotonic nanosecond before."""
        with self._log.open("wb") as log:
            at = time.monotonic_ns()
            self.agent = subprocess.Popen(
                self.command("agent", "run"),
                env=self.environ,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return at

    def until_ready(self) -> int:
        """Wait until the agent says it is ready; give the monotonic nanosecond, 1 ms too late."""
        assert self.agent
        until(self._ready_or_gone, what="the agent is ready")
        at = time.monotonic_ns()
        if self.agent.poll() is not None:
            raise RuntimeError(f"the agent ended\n{self._log.read_text()}")
        return at

    def apply(self, definitions: str) -> None:
        """Let the agent take over *definitions* (TOML)."""
        path = self.folder / "svcctl.toml"
        path.write_text(definitions)
        self.run("apply", str(path), "--yes")

    def status(self) -> list[dict[str, Any]]:
        """Give how all services are."""
        found: list[dict[str, Any]] = json.loads(self.run("status", "-o", "json"))
        return found

    def stop_agent(self) -> None:
        """Stop the agent and its services."""
        if self.agent and self.agent.poll() is None:
            self.run("agent", "stop", "--timeout", "60")
            self.agent.wait(PATIENCE)
        self.agent = None

    def close(self) -> None:
        """End whatever was started here, politely first."""
        try:
            with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
                self.stop_agent()
        finally:
            if self.agent:
                self.agent.kill()
                self.agent.wait()
            proc.kill(proc.with_environment(f"SVCCTL_HOME={self.folder}"))
            self.stamps.close()

    def _ready_or_gone(self) -> bool:
        assert self.agent
        return b"agent.ready" in self._log.read_bytes() or self.agent.poll() is not None


@contextlib.contextmanager
def new_home() -> Iterator[Home]:
    """Give a home in a temporary folder; nothing in it runs or remains afterwards."""
    # short, since the path of a socket has at most 107 bytes
    with tempfile.TemporaryDirectory(prefix="svb", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        try:
            yield home
        finally:
            home.close()


@contextlib.contextmanager
def running(count: int) -> Iterator[Home]:
    """Give a home whose agent keeps *count* services, all of them running."""
    with new_home() as home:
        home.launch()
        home.until_ready()
        if count:
            home.apply(stamping(home, count))
            home.stamps.take(count, within=PATIENCE)
        yield home


def stamping(home: Home, count: int) -> str:
    """Give the definitions of *count* services that stamp their starts."""
    lines = ["version = 1", "[defaults]", 'restart = { policy = "always", delay = 0, max = 0 }']
    for number in range(count):
        name = f"s{number:04}"
        lines += [f"[services.{name}]", f"exec = {json.dumps(home.stamps.command(name))}"]
    return "\n".join(lines) + "\n"
