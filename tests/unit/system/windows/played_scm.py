"""The SCM as Microsoft documents it, in memory: services that only remember, and their hosts."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from svcctl.errors import AgentUnreachable, Conflict, SvcctlError, SystemFault, UnknownService
from svcctl.ports import Act, InstanceStatus
from svcctl.spec.service import ServiceSpec
from svcctl.system.windows.scm_config import ScmConfig, ScmStart, created
from svcctl.system.windows.scm_status import NativeService, ScmStatus
from svcctl.system.windows.service_status import Control, State

DEADLINE = 10.0


class WindowsFault(Exception):
    """What ctypes.WinError gives: an error that has a number of Windows."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {code}")
        self.winerror = code


def fault(code: int, *, kind: type[SvcctlError] = Conflict) -> SvcctlError:
    """Give an error of ours as winapi.fault makes it."""
    error = kind(f"refused (error {code})")
    error.__cause__ = WindowsFault(code)
    return error


@dataclass(slots=True, kw_only=True)
class Entry:
    """One service of the database."""

    config: ScmConfig
    status: ScmStatus
    marked: bool = False
    held: bool = False
    """Another program has it open: deleted, it stays."""
    lingers: bool = False
    """A stop takes until :meth:`PlayedScm.end`."""
    accepts: bool = True
    refusal: int = 1061
    """What a control is answered that it does not accept."""
    passwords: list[str | None] = field(default_factory=list)
    phase: str = "running"


class PlayedScm:
    """Fulfils scm_ports.Scm; *done* changed something, *talking* services answer themselves."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.done: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.talking: set[str] = set()
        self.fails_to_start = 0
        self.refuses = ""
        self.flushed = 0
        self._changed = threading.Condition()
        self._pids = itertools.count(100)

    def entry(self, name: str) -> Entry:
        if name not in self.entries:
            raise fault(1060, kind=UnknownService)
        return self.entries[name]

    # configuration

    def exists(self, name: str) -> bool:
        return name in self.entries

    def read(self, name: str) -> ScmConfig:
        return self.entry(name).config

    def start_type(self, name: str) -> ScmStart:
        return self.entry(name).config.start

    def create(self, name: str, wanted: ScmConfig, *, password: str | None) -> None:
        if name in self.entries:
            raise fault(1072 if self.entries[name].marked else 1073)
        if self.shown_as(wanted.display_name):
            raise fault(1078)
        if self.refuses:
            raise SystemFault(self.refuses)
        self.done.append(f"create {name}")
        config = replace(created(wanted), preshutdown=180_000, security="D:(default)")
        given = {key: value for key, value in _members(wanted).items() if value is not None}
        status = ScmStatus(state=State.STOPPED, exit_code=1077)
        self.entries[name] = Entry(config=replace(config, **given), status=status)
        self.entries[name].passwords.append(password)

    def change(
        self, name: str, wanted: ScmConfig, members: Collection[str], *, password: str | None
    ) -> None:
        entry = self.entry(name)
        if "display_name" in members and self.shown_as(wanted.display_name):
            raise fault(1078)
        self.done.append(f"change {name}: {', '.join(members)}")
        values = {key: value for key, value in _members(wanted).items() if key in members}
        entry.config = replace(entry.config, **values)
        entry.passwords.append(password)

    def canonical_security(self, sddl: str) -> str:
        return sddl.replace(" ", "")

    def shown_as(self, display_name: str) -> str:
        for name, entry in self.entries.items():
            if entry.config.display_name.casefold() == display_name.casefold():
                return name
        return ""

    def delete(self, name: str) -> None:
        entry = self.entry(name)
        self.done.append(f"delete {name}")
        if entry.marked:
            raise fault(1072)
        entry.marked = True
        if not entry.held:
            del self.entries[name]

    def flush(self) -> None:
        self.flushed += 1

    # state

    def status(self, name: str) -> ScmStatus:
        return self.entry(name).status

    def services(self) -> list[NativeService]:
        return [
            NativeService(
                name=name,
                display_name=entry.config.display_name,
                state=entry.status.state,
                pid=entry.status.pid,
                command=entry.config.command,
            )
            for name, entry in sorted(self.entries.items())
        ]

    def start(self, name: str) -> None:
        entry = self.entry(name)
        if self.fails_to_start:
            raise fault(self.fails_to_start, kind=SystemFault)
        if entry.status.state is not State.STOPPED and not entry.status.lost:
            raise fault(1056)
        self.done.append(f"start {name}")
        entry.phase = "running"
        self._set(entry, ScmStatus(state=State.RUNNING, pid=next(self._pids)))

    def control(self, name: str, code: int, *, access: int, what: str) -> None:
        del access, what
        entry = self.entry(name)
        if entry.status.state is State.STOPPED:
            raise fault(1062)
        if not entry.accepts or entry.status.state is State.STOP_PENDING:
            raise fault(entry.refusal)
        if code == Control.STOP and self.dependents(name):
            raise fault(1051)
        self.done.append(f"control {name}: {int(code)}")
        match code:
            case Control.STOP if entry.lingers:
                self._set(entry, replace(entry.status, state=State.STOP_PENDING))
            case Control.STOP:
                self._set(entry, ScmStatus(state=State.STOPPED))
            case Control.PAUSE:
                entry.phase = "paused"
                self._set(entry, replace(entry.status, state=State.PAUSED))
            case Control.CONTINUE:
                entry.phase = "running"
                self._set(entry, replace(entry.status, state=State.RUNNING))

    def end(self, name: str, *, status: int = 0) -> None:
        """Have the host of *name* say STOPPED, with a *status* of its own."""
        code = 1066 if status else 0
        self._set(
            self.entry(name), ScmStatus(state=State.STOPPED, exit_code=code, specific_code=status)
        )

    def dependents(self, name: str) -> list[str]:
        return [
            each
            for each, entry in self.entries.items()
            if name in entry.config.dependencies and entry.status.state is not State.STOPPED
        ]

    def await_stopped(self, name: str, *, within: float) -> bool:
        entry = self.entry(name)
        with self._changed:
            return self._changed.wait_for(
                lambda: entry.status.state is State.STOPPED, timeout=min(within, DEADLINE)
            )

    def _set(self, entry: Entry, status: ScmStatus) -> None:
        with self._changed:
            entry.status = status
            self._changed.notify_all()

    # hosts

    def ask_host(self, name: str, verb: str, args: Mapping[str, object]) -> object:
        """Answer as the host of *name* does; see scm.AskHost."""
        entry = self.entries.get(name)
        if entry is None or not entry.status.pid:
            raise AgentUnreachable(f"nobody answers for {name!r}")
        if verb == "about" and name not in self.talking:
            raise AgentUnreachable(f"{name!r} has no endpoint")
        self.asked.append((name, verb))
        match verb:
            case "about":
                return [{"answer": {"phase": entry.phase}}]
            case "status":
                return [asdict(_row(name, entry))]
            case "kill":
                del args
                entry.status = replace(entry.status, pid=next(self._pids))
            case "stop":
                self.end(name)
        return None


class PlayedGround:
    """Fulfils scm_ports.SecurityActs; *secured* are the services it was asked for."""

    def __init__(self) -> None:
        self.secured: list[str] = []

    def account(self, spec: ServiceSpec) -> str:
        return spec.user or rf"NT SERVICE\{spec.name}"

    def plan(self, spec: ServiceSpec, account: str) -> tuple[Act, ...]:
        if spec.name in self.secured:
            return ()
        return (Act(kind="set", target=f"access to the folders of {spec.name}", text=account),)

    def secure(self, spec: ServiceSpec, account: str) -> Callable[[], None]:
        del account
        self.secured.append(spec.name)
        return lambda: self.secured.remove(spec.name)

    def plan_release(self, name: str, account: str) -> tuple[Act, ...]:
        del account
        return (Act(kind="delete", target=f"the folders of {name}"),)

    def release(self, name: str, account: str) -> None:
        del account
        self.secured = [each for each in self.secured if each != name]


def _members(config: ScmConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in ScmConfig.__dataclass_fields__}


def _row(name: str, entry: Entry) -> InstanceStatus:
    return InstanceStatus(
        service=name,
        instance=name,
        phase=entry.phase,
        ready=entry.phase == "running",
        live=None,
        pid=entry.status.pid + 1000,
        started_at=1.0,
        restarts=0,
        exit_code=None,
        exit_signal=None,
        manager="agent",
        spec_revision="",
        applied=True,
        enabled=False,
        cpu=None,
        memory_bytes=None,
        processes=1,
        reason="",
        status_text="",
        next_at=None,
        groups=(),
        labels={},
        description="",
    )
