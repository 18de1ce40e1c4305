"""launchd as launchctl(1) shows it: answers in its own words, jobs that only remember."""

from __future__ import annotations

import itertools
import plistlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from svcctl.errors import AgentUnreachable
from svcctl.ports import InstanceStatus
from svcctl.system.launchd.launchctl import Job, Ran
from svcctl.system.launchd.standing import outside_views
from svcctl.system.registrations import Registrations

PRINTED = """\
system/{label} = {{
\tactive count = {active}
\tpath = {path}
\ttype = LaunchDaemon
\tstate = {state}

\tprogram = /usr/bin/python3
\targuments = {{
\t\t/usr/bin/python3
\t\tweb
\t}}

\tstdout path = /var/lib/svcctl/hosts/web/host.log
\tdefault environment = {{
\t\tPATH => /usr/bin:/bin:/usr/sbin:/sbin
\t}}

\tdomain = system
\tminimum runtime = 60
\texit timeout = 25
\truns = {runs}
{more}
\tspawn type = interactive (4)
}}
"""


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A job that is loaded: its property list, and how its host is."""

    path: str
    document: dict[str, Any]
    pid: int | None = None
    runs: int = 0
    phase: str = "running"


class RecordedLaunchd:
    """Answers launchctl, and asks of the hosts of its jobs; *asked* are the orders it got."""

    def __init__(self, registrations: Registrations) -> None:
        self.jobs: dict[str, Loaded] = {}
        self.disabled: set[str] = set()
        self.asked: list[tuple[str, ...]] = []
        self.told: list[tuple[str, str]] = []
        self.lingering = 0
        self._registrations = registrations
        self._pids = itertools.count(501)

    def run(self, argv: Sequence[str]) -> Ran:
        """Do what one command says; see svcctl.system.launchd.launchctl.Run."""
        program, verb, *rest = argv
        assert program == "launchctl"
        self.asked.append((verb, *rest))
        if verb == "bootstrap":
            return self._bootstrap(*rest)
        label = rest[0].rpartition("/")[2]
        if verb in {"enable", "disable"}:
            (self.disabled.discard if verb == "enable" else self.disabled.add)(label)
            return Ran(code=0)
        if label not in self.jobs:
            return Ran(code=113, err=f'Could not find service "{label}" in domain for system\n')
        job = self.jobs[label]
        match verb:
            case "print":
                return self._printed(label, job)
            case "kickstart":
                self._spawn(job)
            case "bootout":
                if self.lingering == 0:
                    del self.jobs[label]
                else:
                    return Ran(code=36, err="Boot-out failed: 36: Operation now in progress\n")
        return Ran(code=0)

    def _bootstrap(self, domain: str, path: str) -> Ran:
        assert domain in {"system", "gui/0"} or domain.startswith("gui/")
        document = plistlib.loads(Path(path).read_bytes())
        label = document["Label"]
        if label in self.disabled:
            return Ran(code=5, err="Bootstrap failed: 5: Input/output error\n")
        if label in self.jobs:
            return Ran(code=37, err="Bootstrap failed: 37: Operation already in progress\n")
        self.jobs[label] = Loaded(path=path, document=document)
        if document["RunAtLoad"]:
            self._spawn(self.jobs[label])
        return Ran(code=0)

    def _spawn(self, job: Loaded) -> None:
        if job.pid is None:
            job.pid, job.runs, job.phase = next(self._pids), job.runs + 1, "running"

    def _printed(self, label: str, job: Loaded) -> Ran:
        if self.lingering:
            self.lingering -= 1
            if not self.lingering:
                del self.jobs[label]
        more = f"\tpid = {job.pid}" if job.pid else "\tlast exit code = 0"
        state = "running" if job.pid else "not running"
        text = PRINTED.format(
            label=label,
            path=job.path,
            state=state,
            runs=job.runs,
            more=more,
            active=int(bool(job.pid)),
        )
        return Ran(code=0, out=text)

    def ask_host(self, name: str, verb: str, args: Mapping[str, object]) -> object:
        """Answer as the host of *name* would; raises AgentUnreachable where it does not run."""
        job = self.jobs.get(f"org.svcctl.{name}")
        if job is None or job.pid is None:
            raise AgentUnreachable("no agent runs")
        self.told.append((name, verb))
        match verb:
            case "status":
                return [asdict(self._status(name, job))]
            case "pause":
                job.phase = "paused"
            case "resume":
                job.phase = "running"
            case "kill" if args["signal"] == "KILL":
                job.pid = next(self._pids)  # the host has started it again
        return []

    def _status(self, name: str, job: Loaded) -> InstanceStatus:
        registration = self._registrations.read(name)
        (seen,) = outside_views(registration, Job(running=True, pid=job.pid))
        return replace(seen, phase=job.phase, ready=True, manager="agent")
