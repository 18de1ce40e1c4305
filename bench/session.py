"""A manager at work in a folder of its own: started, asked, killed and counted, always alike."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import cgroups, nursery, proc
from bench.manager import Manager, Processes, Service, Site
from bench.stamps import Stamp, Stamps

PATIENCE = 120.0
"""Seconds that any one step may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where all are measured: the paths of the two compiled programs."""

    workload: str
    floor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a service is to do: a *mode* of the workload, with its arguments."""

    name: str
    mode: str = "quiet"
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that has ended: monotonic nanoseconds, and what it said on both outputs."""

    began: int
    ended: int
    status: int
    output: str

    @property
    def ms(self) -> float:
        """How long it took."""
        return (self.ended - self.began) / 1e6


def quiet(count: int) -> tuple[Load, ...]:
    """Give *count* services that do nothing."""
    return tuple(Load(name=f"s{number:04}") for number in range(count))


def until(check: Callable[[], object], *, what: str, within: float, pause: float = 0.001) -> None:
    """Wait until *check* is true; raise TimeoutError if that takes too long."""
    deadline = time.monotonic() + within
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within:g}s: {what}")
        time.sleep(pause)


class Nursery:
    """The process that everything measured is a descendant of; see ``nursery.py``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", nursery.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Its own."""
        return self._process.pid

    def start(
        self, command: Sequence[str], environ: dict[str, str], folder: Path
    ) -> tuple[int, int]:
        """Start a command in *folder*; give its pid and the monotonic nanosecond before."""
        assert self._process.stdin
        assert self._process.stdout
        asked = {
            "command": list(command),
            "environ": environ,
            "folder": str(folder),
            "output": str(folder / "output"),
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().split()
        if not answer:
            raise RuntimeError(f"'{command[0]}' could not be started")
        return int(answer[0]), int(answer[1])

    def close(self) -> None:
        """Kill every descendant, and wait until all are gone."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


class Session:
    """One folder, one nursery, one FIFO, and what is to be kept running in it."""

    def __init__(self, stage: Stage, folder: Path, loads: Sequence[Load]) -> None:
        self.stage = stage
        self.folder = folder
        self.stamps = Stamps(folder / "stamps")
        self.nursery = Nursery()
        self._groups: set[Path] = set()
        self.site = Site(folder=folder, services=tuple(map(self._service, loads)))
        self.site.logs.mkdir()

    def environ(self, manager: Manager | None = None) -> dict[str, str]:
        """Give the environment of every command: the same few variables for all."""
        plain = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
        }
        return plain | (manager.environ(self.site) if manager else {})

    def setup(self, manager: Manager, *, changed: Sequence[str] = ()) -> None:
        """Have a manager configured, with *changed* definitions of some services."""
        services = [replace(each, changed=each.name in changed) for each in self.site.services]
        self.site = replace(self.site, services=tuple(services))
        manager.setup(self.site)

    def launch(self, manager: Manager) -> tuple[int, int]:
        """Start the configured manager; give the command's pid and the nanosecond before."""
        return self.nursery.start(manager.launch(self.site), self.environ(manager), self.folder)

    def floor(self, *args: str) -> int:
        """Start a bare loop; give the monotonic nanosecond before."""
        _, at = self.nursery.start([self.stage.floor, *args], self.environ(), self.folder)
        return at

    def begin(self, manager: Manager) -> tuple[int, list[Stamp]]:
        """Configure and start a manager; give the nanosecond before, and its services' stamps."""
        self.setup(manager)
        self.stamps.more(within=0.05)  # of a manager whose set-up starts services once
        _, at = self.launch(manager)
        stamps = self.stamps.take(len(self.site.services), within=PATIENCE)
        self._groups |= cgroups.made_for([stamps[0].pid])
        return at, stamps

    def run(self, manager: Manager, command: Sequence[str]) -> Ran:
        """Run a command of a manager to its end."""
        began = time.monotonic_ns()
        ran = subprocess.run(
            command,
            env=self.environ(manager),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
        ended = time.monotonic_ns()
        return Ran(began=began, ended=ended, status=ran.returncode, output=ran.stdout)

    def processes(self) -> Processes:
        """Give what runs: the managers are all that is not the workload."""
        found = proc.descendants(self.nursery.pid)
        kept = [pid for pid, path in found.items() if path == self.stage.workload]
        managing = {pid: path for pid, path in found.items() if path != self.stage.workload}
        return Processes(managing=managing, kept=kept)

    def kill_heart(self, manager: Manager) -> int:
        """Kill the manager, and wait until it is gone; give the monotonic nanosecond before."""
        heart = manager.heart(self.site, self.processes())
        with proc.Deathwatch([heart]) as watch:
            at = time.monotonic_ns()
            os.kill(heart, signal.SIGKILL)
            watch.last(within=10)
        return at

    def close(self) -> None:
        """Kill all that runs, and remove what the kernel keeps of it."""
        self._groups |= cgroups.made_for(proc.descendants(self.nursery.pid))
        self.nursery.close()
        self.stamps.close()
        cgroups.remove(self._groups)

    def _service(self, load: Load) -> Service:
        command = (self.stage.workload, load.mode, self.stamps.path, load.name, *load.args)
        return Service(name=load.name, command=command)


@contextlib.contextmanager
def session(stage: Stage, loads: Sequence[Load] = ()) -> Iterator[Session]:
    """Give a session in a temporary folder; nothing in it runs or remains afterwards."""
    # short, since the path of a socket has at most 107 bytes
    with tempfile.TemporaryDirectory(prefix="svb", ignore_cleanup_errors=True) as folder:
        opened = Session(stage, Path(folder), loads)
        try:
            yield opened
        finally:
            opened.close()
