"""Puts together what keeps services natively: managers, registrations, clients of hosts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from svcctl.app.native import NativeServices
from svcctl.auth.identity import local
from svcctl.bootstrap.access import NATIVE
from svcctl.bootstrap.connection import client_of
from svcctl.bootstrap.here import boot_id
from svcctl.bootstrap.native_journal import MachineJournal
from svcctl.bootstrap.own_name import own_name
from svcctl.bootstrap.rereading import reread
from svcctl.client.everywhere import Client
from svcctl.client.native import NativeClient
from svcctl.engine.journal import Entry
from svcctl.engine.keeper import instance_name
from svcctl.engine.last_seen import last_seen
from svcctl.engine.reading import PastEvents
from svcctl.engine.store import SqliteStore
from svcctl.errors import AgentUnreachable, Denied, NotAvailable, TimedOut, UnknownService
from svcctl.observe.logs.files import instance_folder
from svcctl.observe.logs.query import Source, Wanted, read
from svcctl.ports import AuditLog, ServiceManager
from svcctl.spec import canonical
from svcctl.spec.hostless import is_hosted
from svcctl.spec.service import Manager, Scope, ServiceSpec
from svcctl.system.detect import native_manager, privileged
from svcctl.system.host_command import host_command
from svcctl.system.paths import Paths, host_paths
from svcctl.system.registrations import Registrations
from svcctl.wire import Request, Selection

_HOST_PATIENCE = 10.0  # seconds a host gets to answer what is asked of it
_RELOAD_PATIENCE = 120.0  # seconds its programs get to read their configuration
_AGENT_PATIENCE = 5.0  # seconds an agent gets to say what it keeps


class NativeMachine:
    """The native managers of this machine; fulfils :class:`svcctl.app.native_standing.Kept`."""

    def __init__(self, paths: Paths, home: str | None, *, without: str = "") -> None:
        """*without* is the name of a service that is not to be seen."""
        self._paths, self._home, self._without = paths, home, without
        self._registrations = Registrations(paths.native)
        self._managers: dict[tuple[str, str], ServiceManager] = {}

    def names(self) -> list[str]:
        """Give the services that are kept natively, sorted."""
        return [name for name in self._registrations.names() if name != self._without]

    def manager_of(self, name: str) -> ServiceManager:
        """Give the manager that keeps *name*; raises UnknownService."""
        if name == self._without:
            raise UnknownService(f"no service {name!r}")
        found = self._registrations.read(name)
        return self.manager(found.manager, found.scope)

    def manager_for(self, spec: ServiceSpec) -> ServiceManager | None:
        """Give the manager that is to keep *spec*; None: the agent."""
        name = self.manager_name(spec)
        return None if name == "agent" else self.manager(name, str(spec.scope))

    def manager_name(self, spec: ServiceSpec) -> str:
        """Name the manager that is to keep *spec*.

        ``auto`` is the one of the system, for those who may use it and have not set up a place of
        their own; what is kept natively already stays so.
        """
        if spec.manager is not Manager.AUTO:
            return str(spec.manager)
        if spec.name in self.names():
            return self._registrations.read(spec.name).manager
        native = native_manager()
        may = privileged() or spec.scope is Scope.USER
        return native if native and may and self._home is None else "agent"

    def manager(self, name: str, scope: str) -> ServiceManager:
        """Give the manager called *name*; raises NotAvailable where this system has none such."""
        key = (name, scope)
        if key not in self._managers:
            self._managers[key] = self._make(name, scope)
        return self._managers[key]

    def _make(self, name: str, scope: str) -> ServiceManager:
        if name != native_manager():
            here = native_manager() or "none but svcctl's own agent"
            raise NotAvailable(
                f"this machine is not managed by {name}",
                hint=f"manager of services here: {here}; leave `manager` out, or write 'agent'",
            )
        match name:
            case "systemd":
                from svcctl.system.systemd.manager import SystemdManager  # noqa: PLC0415

                return SystemdManager(
                    self._registrations,
                    paths=self._paths,
                    host_command=self.host_command,
                    ask_host=self.ask_host,
                    scope=scope,
                )
            case "scm":
                from svcctl.bootstrap.windows_native import scm_manager  # noqa: PLC0415

                return scm_manager(
                    self._registrations,
                    paths=self._paths,
                    host_command=self.host_command,
                    ask_host=self.ask_host,
                )
            case _:
                from svcctl.system.launchd.manager import LaunchdManager  # noqa: PLC0415

                return LaunchdManager(
                    self._registrations,
                    paths=self._paths,
                    host_command=self.host_command,
                    ask_host=self.ask_host,
                    scope=scope,
                )

    def host_command(self, name: str) -> tuple[str, ...]:
        """Give the argv of the host of *name*."""
        return host_command(name, self._home, system=privileged())

    def host(self, name: str) -> Client:
        """Give a client of the host of *name*, or of the service itself where it has none."""
        return self._client(name, timeout=None)

    def ask_host(self, name: str, verb: str, args: Mapping[str, object]) -> object:
        """Ask the host of *name*, or itself; raises AgentUnreachable where it does not run."""
        selection = Selection(names=(name,))
        patience = _RELOAD_PATIENCE if verb == "reload" else _HOST_PATIENCE
        with self._client(name, timeout=patience) as host:
            return host.ask(Request(verb=verb, select=selection, args=dict(args)))

    def _client(self, name: str, *, timeout: float | None) -> Client:
        found = self._registrations.read(name)
        spec = canonical.parse(found.applied.spec)
        if is_hosted(spec, found.manager):
            return client_of(host_paths(self._paths, name), timeout=timeout)
        from svcctl.bootstrap.programs import direct_client  # noqa: PLC0415 - few have no host
        from svcctl.client.lone import LoneClient  # noqa: PLC0415

        services = direct_client(
            host_paths(self._paths, name),
            timeout=timeout or _HOST_PATIENCE,
            trusts=lambda uid: uid in _speak_for(spec),
        )
        return LoneClient(services)


def _speak_for(spec: ServiceSpec) -> set[int]:
    """Give the users who may answer for a service: root, this one, and the one it runs as."""
    from svcctl.system.posix.account import owner_of, this_user  # noqa: PLC0415 - likewise

    own = owner_of(spec.user)
    return {0, this_user(), *(own or ())[:1]}


def native_client(paths: Paths, home: str | None, *, without: str = "") -> NativeClient:
    """Give who answers for the native services of *paths*, *without* one that is not to be seen."""
    machine = NativeMachine(paths, home, without=without)
    return NativeClient(
        native_services(paths, machine),
        host=machine.host,
        sources=lambda spec: _sources(paths, spec),
        journal=MachineJournal(paths),
        events=lambda name: _events(paths, name),
        audit=lambda: _audit(paths),
        identity=local(own_name(), source="this machine"),
    )


def native_services(paths: Paths, machine: NativeMachine) -> NativeServices:
    """Give the verbs on native services."""

    def tail(service: str, instance: str, count: int) -> list[bytes]:
        folder = instance_folder(paths.logs, service, instance)
        source = Source(service=service, instance=instance, folder=folder)
        return [line.text for line in read([source], Wanted(packed=False), last=count)]

    def forget_logs(service: str) -> None:
        shutil.rmtree(Path(paths.logs) / service, ignore_errors=True)

    def last_words(service: str) -> Mapping[str, Entry]:
        return last_seen(f"{host_paths(paths, service).state}/state.db", boot_id=boot_id())

    return NativeServices(
        machine,
        tail=tail,
        forget_logs=forget_logs,
        last_seen=last_words,
        reread=reread,
        agents_own=lambda: _agents_own(paths),
    )


def _agents_own(paths: Paths) -> set[str]:
    """Give the services of this user's agent; none where no agent answers."""
    try:
        with client_of(paths, timeout=_AGENT_PATIENCE) as agent:
            rows = agent.ask(Request(verb="status"))
    except (AgentUnreachable, Denied, TimedOut):
        return set()
    return {str(each["service"]) for each in cast("list[Mapping[str, object]]", rows)}


def _sources(paths: Paths, spec: ServiceSpec) -> list[Source]:
    names = [instance_name(spec.name, number) for number in range(1, spec.instances + 1)]
    return [
        Source(
            service=spec.name,
            instance=name,
            folder=instance_folder(paths.logs, spec.name, name),
        )
        for name in names
    ]


def _events(paths: Paths, name: str) -> PastEvents:
    """Give what the host of *name* wrote down; it may be of another version, and writing."""
    return PastEvents(f"{host_paths(paths, name).state}/state.db")


def _audit(paths: Paths) -> AuditLog:
    return SqliteStore(f"{paths.state}/{NATIVE}")
