"""The SCM as a manager of services: it starts hosts, and everything svcctl knows it keeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial

from svcctl.errors import AgentUnreachable, Conflict, UnknownService, UsageError
from svcctl.ports import Act, Applied, InstanceStatus
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec, Start
from svcctl.system.registrations import Registration, Registrations
from svcctl.system.running_hosts import AskHost, RunningHosts
from svcctl.system.windows import scm_api, scm_words
from svcctl.system.windows.scm_config import BY_ITSELF, ScmConfig, differing
from svcctl.system.windows.scm_errands import Errand, Errands
from svcctl.system.windows.scm_password import (
    is_new_password,
    password_acts,
    password_for,
    remembered,
)
from svcctl.system.windows.scm_plan import (
    MANAGER,
    Standpoint,
    acts,
    by_itself,
    desired,
    start_of,
    stop_time,
)
from svcctl.system.windows.scm_ports import Scm, SecurityActs
from svcctl.system.windows.scm_status import NativeService, ScmStatus, rows
from svcctl.system.windows.service_status import Control, State
from svcctl.system.windows.winapi import winerror

_USER_CODES = range(128, 256)
_LOOKS, _LOOK_AGAIN = 30, 0.1  # how often, and after how many seconds, to look again
_LOOKS_AT_A_START = 600  # at a host that has yet to listen: booting machines need many seconds
_SPARE = 30.0  # seconds a stop may take beyond its time-outs before a restart is given up


class ScmManager:
    """Keeps services with the SCM; see :class:`svcctl.ports.ServiceManager`.

    *host_command* gives the argv of the host of a service, *ask_host* asks one that runs,
    *password* reads the password of a service's account from where its definition says.  Only
    Windows ever gets to see that: it is in no act, no error and no registration.

    Windows does not tell whether a password is still the right one.  It is handed over when the
    service is created, when its account changes, and whenever one was given with the command
    itself (PASSWORD_AT_HAND); a file or variable that says something else now goes unnoticed.
    """

    def __init__(
        self,
        registrations: Registrations,
        *,
        scm: Scm,
        secure: SecurityActs,
        host_command: Callable[[str], tuple[str, ...]],
        ask_host: AskHost,
        password: Callable[[ServiceSpec], str | None],
    ) -> None:
        self._registrations, self._scm, self._secure = registrations, scm, secure
        self._host_command, self._password = host_command, password
        self._hosts = RunningHosts(ask_host)
        self._errands = Errands(lambda name, within: scm.await_stopped(name, within=within))

    # what there is

    def names(self) -> list[str]:
        """Give the services kept here, sorted."""
        return self._registrations.names(MANAGER)

    def query(self, name: str) -> Applied:
        """Give what was applied."""
        return self._registration(name).applied

    def read_config(self, name: str) -> ScmConfig:
        """Give the configuration of any service of Windows; raises UnknownService."""
        return self._scm.read(name)

    def list_native(self) -> list[NativeService]:
        """Give all services of Windows, whoever installed them; drivers are not among them."""
        return self._scm.services()

    def status(self, names: Iterable[str]) -> list[InstanceStatus]:
        """Say how each instance is: as its host says, or as the SCM does where none answers."""
        return [row for name in names for row in self._status(self._registration(name))]

    def _status(self, registration: Registration) -> list[InstanceStatus]:
        name = registration.applied.name
        spec = canonical.parse(registration.applied.spec)
        trouble = self._errands.trouble(name)
        try:
            found, enabled = self._scm.status(name), self._scm.start_type(name) in BY_ITSELF
        except UnknownService:
            found, enabled = ScmStatus(state=State.STOPPED), False
            trouble = "Windows does not know it any more; svcctl install brings it back"
        if found.state is State.STOPPED and self._errands.is_under_way(name):
            found = ScmStatus(state=State.START_PENDING)
        runs = found.pid and not found.lost
        said = self._hosts.rows(registration) if runs and spec.host else []
        if said:
            return [replace(row, enabled=enabled) for row in said]
        return rows(spec, registration, found, enabled=enabled, trouble=trouble)

    # definitions

    def plan(self, applied: Applied) -> tuple[Act, ...]:
        """Give what install or configure would do, in order."""
        spec = canonical.parse(applied.spec)
        registration, wanted = self._wanted(applied, spec)
        before = self._before(spec.name)
        return (
            *self._plan_registration(registration),
            *self._secure.plan(spec, wanted.account),
            *acts(spec.name, before, wanted),
            *password_acts(spec, wanted.account),
        )

    def _plan_registration(self, registration: Registration) -> Iterator[Act]:
        name = registration.applied.name
        text, before = Registrations.text(registration), None
        if name in self._registrations.names():
            before = Registrations.text(self._registrations.read(name))
        if text != before:
            yield Act(kind="write", target=self._registrations.path(name), text=text, before=before)

    def plan_removal(self, name: str) -> tuple[Act, ...]:
        """Give what uninstall would do, in order."""
        registration = self._registration(name)
        account = self._secure.account(canonical.parse(registration.applied.spec))
        own = [Act(kind="delete", target=f"service {name}")] if self._scm.exists(name) else []
        written = Act(kind="delete", target=self._registrations.path(name))
        return (*own, *self._secure.plan_release(name, account), written)

    async def install(self, applied: Applied) -> None:
        """Take a new service; where that fails nothing of it is left behind."""
        name = applied.name
        if name in self._registrations.names():
            raise Conflict(f"service {name!r} is there already", hint=f"svcctl status {name}")
        spec = canonical.parse(applied.spec)
        registration, wanted = self._wanted(applied, spec)
        with ExitStack() as undo:
            undo.callback(self._registrations.delete, name)
            self._registrations.write(registration)
            undo.callback(self._secure.secure(spec, wanted.account))
            self._create(spec, wanted)
            undo.pop_all()

    async def configure(self, applied: Applied) -> str:
        """Take a changed definition; who runs is restarted by whoever asked."""
        self._registration(applied.name)
        if not self.plan(applied):
            return "unchanged"
        spec = canonical.parse(applied.spec)
        registration, wanted = self._wanted(applied, spec)
        before = self._before(spec.name)
        self._registrations.write(registration)
        self._secure.secure(spec, wanted.account)
        if before is None:
            self._create(spec, wanted)
        elif members := _due(before, wanted, new_password=is_new_password(spec, wanted.account)):
            with self._explained(wanted):
                self._scm.change(
                    spec.name, wanted, members, password=self._password_of(spec, wanted)
                )
        return "updated"

    def _create(self, spec: ServiceSpec, wanted: ScmConfig) -> None:
        with self._explained(wanted):
            self._scm.create(spec.name, wanted, password=self._password_of(spec, wanted))

    def _wanted(self, applied: Applied, spec: ServiceSpec) -> tuple[Registration, ScmConfig]:
        """Give how the service is to be, with us and with the SCM; Conflict for a foreign one."""
        name, known = spec.name, spec.name in self._registrations.names()
        if not known and self._scm.exists(name):
            raise Conflict(
                f"there is a service {name!r} already that is not svcctl's",
                hint=f"take it over: svcctl import-native {name}, or choose another name",
            )
        last = self._registration(name) if known else None
        old = canonical.parse(last.applied.spec) if last else None
        enabled = (
            last.enabled if last and old and old.start is spec.start else by_itself(spec.start)
        )
        standpoint = Standpoint(
            command=self._host_command(name) if spec.host else spec.exec,
            account=self._secure.account(spec),
            enabled=enabled,
            keepers=self._keepers(spec),
            had_security=bool(old and old.windows.security),
        )
        wanted = desired(spec, standpoint)
        if wanted.security is not None:
            wanted = replace(wanted, security=self._scm.canonical_security(wanted.security))
        return Registration(applied=remembered(applied), manager=MANAGER, enabled=enabled), wanted

    def _keepers(self, spec: ServiceSpec) -> dict[str, str]:
        known = set(self._registrations.names())
        return {
            name: self._registrations.read(name).manager for name in spec.needs if name in known
        }

    def _before(self, name: str) -> ScmConfig | None:
        try:
            return self._scm.read(name)
        except UnknownService:
            return None

    def _password_of(self, spec: ServiceSpec, wanted: ScmConfig) -> str | None:
        return password_for(wanted.account, lambda: self._password(spec))

    @contextmanager
    def _explained(self, wanted: ScmConfig) -> Iterator[None]:
        """Say whose display name it is that cannot be had twice."""
        try:
            yield
        except Conflict as error:
            other = self._scm.shown_as(wanted.display_name)
            if winerror(error) != scm_words.DISPLAY_NAME_TAKEN or not other:
                raise
            raise Conflict(
                f"display name {wanted.display_name!r} is that of service {other!r}",
                hint="choose another display_name",
            ) from error

    async def uninstall(self, name: str) -> None:
        """Remove the service and every trace of it; raises Conflict while it runs."""
        registration = self._registration(name)
        if self._scm.exists(name):
            found = self._scm.status(name)
            if self._errands.is_under_way(name) or not _is_over(found):
                raise Conflict(f"service {name!r} still runs", hint=f"svcctl stop {name}")
            await self._delete(name)
        account = self._secure.account(canonical.parse(registration.applied.spec))
        self._secure.release(name, account)
        self._errands.cancel(name)
        self._registrations.delete(name)

    async def _delete(self, name: str) -> None:
        """Delete it, and see that it is gone: whoever holds it open keeps it from going."""
        try:
            self._scm.delete(name)
        except Conflict as error:
            if winerror(error) != scm_words.MARKED_FOR_DELETE:
                raise
        for _ in range(_LOOKS):
            if not self._scm.exists(name):
                return
            await asyncio.sleep(_LOOK_AGAIN)
        raise Conflict(
            f"service {name!r} is deleted, but another program holds it open and so keeps it",
            hint=f"close services.msc, Task Manager and the like, then: svcctl uninstall {name}",
        )

    async def settle(self) -> None:
        """Come back once every change made so far survives a power failure."""
        self._scm.flush()

    async def enable(self, name: str, *, enabled: bool) -> None:
        """Have the service start by itself, or no longer."""
        registration = self._registration(name)
        spec = canonical.parse(registration.applied.spec)
        self._registrations.write(replace(registration, enabled=enabled))
        before = self._scm.read(name)
        wanted = replace(before, start=start_of(spec.start, enabled=enabled))
        if members := differing(before, wanted):
            self._scm.change(name, wanted, members, password=None)

    # verbs

    def start(self, name: str) -> None:
        """Have the SCM start the host, and first what it depends on."""
        spec = canonical.parse(self.query(name).spec)
        if spec.start is Start.DISABLED:
            raise Conflict(
                f"service {name!r} is disabled by its definition",
                hint='set start = "manual", then: svcctl apply',
            )
        self._errands.cancel(name)
        if self._scm.status(name).state is State.STOP_PENDING:
            self._start_once_stopped(spec)
            return
        self._start(name)

    def _start(self, name: str) -> None:
        try:
            self._scm.start(name)
        except Conflict as error:
            if winerror(error) != scm_words.ALREADY_RUNNING:
                raise

    def _start_once_stopped(self, spec: ServiceSpec) -> None:
        name = spec.name
        start = partial(self._start, name)
        within = stop_time(spec) + _SPARE
        self._errands.add(name, Errand(what="start", others=(name,), then=start, within=within))

    def stop(self, name: str) -> None:
        """Have the SCM stop it; raises Conflict while others that run depend on it.

        Where all of those are stopping already, it is stopped after them.
        """
        spec = canonical.parse(self.query(name).spec)
        self._errands.cancel(name)
        if not self._scm.exists(name):
            return
        found = self._scm.status(name)
        if _is_over(found) or found.state is State.STOP_PENDING:
            return
        try:
            self._control(name, Control.STOP, access=scm_api.STOP, what="stopped")
        except Conflict as error:
            match winerror(error):
                case scm_words.NOT_ACTIVE:
                    return
                case scm_words.DEPENDENTS_RUN:
                    self._stop_after_dependents(spec, error)
                case scm_words.ACCEPTS_NO_CONTROL_NOW | scm_words.CONTROL_NOT_ACCEPTED:
                    self._stop_by_host(name, error)
                case _:
                    raise

    def _stop_after_dependents(self, spec: ServiceSpec, refusal: Conflict) -> None:
        others = self._scm.dependents(spec.name)
        running = [
            each for each in others if self._scm.status(each).state is not State.STOP_PENDING
        ]
        if running:
            raise Conflict(
                f"service {spec.name!r} is needed by {', '.join(running)}, which run",
                hint=f"svcctl stop {' '.join(running)} {spec.name}",
            ) from refusal
        stop = partial(self._control, spec.name, Control.STOP, access=scm_api.STOP, what="stopped")
        self._errands.add(
            spec.name,
            Errand(what="stop", others=others, then=stop, within=stop_time(spec) + _SPARE),
        )

    def _stop_by_host(self, name: str, refusal: Conflict) -> None:
        """Stop what is still starting: then the SCM lets nothing through, but its host listens.

        A host that has only just begun does so after a moment, unless it runs by then.
        """
        for _ in range(_LOOKS_AT_A_START):
            with suppress(AgentUnreachable):
                self._hosts.stop(name)
                return
            match self._scm.status(name).state:
                case State.START_PENDING:
                    time.sleep(_LOOK_AGAIN)
                case State.STOPPED | State.STOP_PENDING:
                    return
                case _:
                    self._control(name, Control.STOP, access=scm_api.STOP, what="stopped")
                    return
        raise refusal

    def restart(self, name: str) -> None:
        """Stop it and start it again; start it where it does not run."""
        spec = canonical.parse(self.query(name).spec)
        if _is_over(self._scm.status(name)):
            self.start(name)
            return
        self.stop(name)
        self._start_once_stopped(spec)

    def pause(self, name: str) -> None:
        """Have the host freeze its programs, or run what pauses them."""
        self._registration(name)
        self._control(name, Control.PAUSE, access=scm_api.PAUSE, what="paused")

    def resume(self, name: str) -> None:
        """Let them go on."""
        self._registration(name)
        self._control(name, Control.CONTINUE, access=scm_api.PAUSE, what="resumed")

    def reload(self, name: str) -> None:
        """Have the host make its programs read their configuration again, or itself.

        A service without a host tells what came of it, where it can be asked.
        """
        spec = canonical.parse(self.query(name).spec)
        if not spec.host and self._hosts.phase(name):
            self._hosts.reload(name)
        else:
            self._control(name, Control.PARAMCHANGE, access=scm_api.PAUSE, what="reloaded")

    def control(self, name: str, code: int) -> None:
        """Send a user control code; raises UsageError for one that is not from 128 to 255."""
        self._registration(name)
        if code not in _USER_CODES:
            raise UsageError(f"{code} is no user control code", hint="use 128 to 255")
        self._control(name, code, access=scm_api.USER_CONTROL, what=f"sent control {code}")

    def _control(self, name: str, code: int, *, access: int, what: str) -> None:
        self._scm.control(name, code, access=access, what=what)

    def reset(self, name: str) -> None:
        """Forget its failures; the SCM forgets its own count by itself, after a time."""
        spec = canonical.parse(self.query(name).spec)
        self._errands.cancel(name)
        if spec.host:
            self._hosts.reset(name)

    def signal(self, name: str, signal: str) -> None:
        """Have the host ask its main process to end, as *signal* says (``CTRL_C``, ``KILL``)."""
        if not canonical.parse(self.query(name).spec).host:
            raise Conflict(
                f"service {name!r} has no host that could send {signal}",
                hint=f"svcctl stop {name}",
            )
        self._hosts.signal(name, signal)

    def _registration(self, name: str) -> Registration:
        found = self._registrations.read(name)
        if found.manager != MANAGER:
            raise UnknownService(f"service {name!r} is kept by {found.manager}, not by the SCM")
        return found


def _due(before: ScmConfig, wanted: ScmConfig, *, new_password: bool) -> tuple[str, ...]:
    """Give the members to set; a password goes with the account alone: ChangeServiceConfigW."""
    members = differing(before, wanted)
    return ("account", *members) if new_password and "account" not in members else members


def _is_over(found: ScmStatus) -> bool:
    return found.state is State.STOPPED or found.lost
