"""A home with an agent and a front to measure, and what it is measured beside."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.session import until
from bench.spread import Spread

PATIENCE = 120.0  # seconds
SERVICE = '[services.s{number:03}]\nexec = ["sleep", "100000"]\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """So many answers in so many seconds; *cpu* is in microseconds each, by process."""

    answers: int
    seconds: float
    latencies: Spread
    cpu: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


Ask = Callable[[int, Mapping[str, int]], Run]
"""Asks over and over at a port, and sees what the processes of these names and pids take."""


@dataclass(slots=True, kw_only=True)
class Site:
    """A home with an agent and a front, at *port*; *token* is an admin's."""

    home: Path
    environ: dict[str, str]
    agent: int = 0
    front: int = 0
    port: int = 0
    token: str = ""

    def svcctl(self, *args: str) -> str:
        """Give what a command prints."""
        command = [sys.executable, "-m", "svcctl", *args]
        ran = subprocess.run(
            command, env=self.environ, capture_output=True, text=True, check=True, cwd=self.home
        )
        return ran.stdout


@contextlib.contextmanager
def site(definition: str, *, way: str = "http") -> Iterator[Site]:
    """Give a home whose agent keeps what *definition* says, served by HTTP or gRPC."""
    with tempfile.TemporaryDirectory(prefix="svb", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o711)
        made = Site(home=home, environ={**os.environ, "SVCCTL_HOME": folder, "NO_COLOR": "1"})
        with _running(made, "agent", "run") as made.agent:
            _until_answers(made)
            (home / "svcctl.toml").write_text(f'[access]\nfronts = ["uid:65534"]\n{definition}')
            made.svcctl("apply", str(home / "svcctl.toml"), "--yes")
            made.token = json.loads(
                made.svcctl("auth", "token", "issue", "me", "--first", "-o", "json")
            )["token"]
            user = ("--user", "nobody") if os.geteuid() == 0 else ()
            with _running(made, "serve", way, "--listen", "127.0.0.1:0", *user) as made.front:
                until(lambda: _port(made), what="the front serves", within=PATIENCE)
                made.port = _port(made)
                yield made
            made.svcctl("agent", "stop")


@contextlib.contextmanager
def bare(module: str, said: bytes, made: Site) -> Iterator[tuple[int, int]]:
    """Give pid and port of *module*, run: it says *said* to who shows a token of *made*."""
    ring = made.home / "state" / "signing-keys.json"
    (made.home / "said").write_bytes(said)
    command = [sys.executable, "-m", module, str(ring), str(made.home / "said")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.terminate()


def compared(made: Site, module: str, said: bytes, *, ask: Ask, rounds: int) -> dict[str, Any]:
    """Ask *made* and the bare *module* in turn, *rounds* times each; give every round's figures.

    The ratio is that of answers a second, round by round.
    """
    ours, theirs = [], []
    with bare(module, said, made) as (pid, port):
        for _ in range(rounds):
            ours.append(ask(made.port, {"front": made.front, "agent": made.agent}))
            theirs.append(ask(port, {"bare": pid}))
    rates = [one.rate / other.rate for one, other in zip(ours, theirs, strict=True)]
    return {
        "svcctl": list(map(shown, ours)),
        "bare": list(map(shown, theirs)),
        "ratios": rates,
        "ratio": asdict(Spread.of(rates)),
    }


def cpu_of(pid: int) -> float:
    """Give the seconds a process has had of processors, see proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def shown(run: Run) -> dict[str, object]:
    """Give the figures of *run*."""
    return {"a second": run.rate, "seconds": asdict(run.latencies), "cpu us each": dict(run.cpu)}


@contextlib.contextmanager
def _running(made: Site, *args: str) -> Iterator[int]:
    with (made.home / f"{args[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "svcctl", *args],
            env=made.environ,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _until_answers(made: Site) -> None:
    def answers() -> bool:
        with contextlib.suppress(subprocess.CalledProcessError):
            return bool(made.svcctl("agent", "status"))
        return False

    until(answers, what="the agent answers", within=PATIENCE, pause=0.1)


def _port(made: Site) -> int:
    found = re.search(r"serving \w+://127\.0\.0\.1:(\d+)", (made.home / "serve.log").read_text())
    return int(found[1]) if found else 0
