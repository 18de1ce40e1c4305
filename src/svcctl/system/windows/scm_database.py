"""The SCM of this machine, in values of ours: reads, writes and controls its services."""

from __future__ import annotations

import ctypes
from collections.abc import Collection
from contextlib import nullcontext
from functools import partial
from typing import Any

from svcctl.errors import Denied, SvcctlError, UnknownService
from svcctl.spec.native import Recovery
from svcctl.system.windows import scm_api, scm_structures, winapi
from svcctl.system.windows.kernel import SYNCHRONIZE, close_handle, has_ended, open_process
from svcctl.system.windows.privilege import SHUTDOWN, holding
from svcctl.system.windows.scm_api import OwnSettings, ScmApi
from svcctl.system.windows.scm_config import OWN, ScmConfig, ScmStart, created, differing
from svcctl.system.windows.scm_status import NativeService, ScmStatus
from svcctl.system.windows.scm_triggers import multi_string
from svcctl.system.windows.service_status import State

_WRITE = scm_api.QUERY_CONFIG | scm_api.CHANGE_CONFIG
_ROOT = r"SYSTEM\CurrentControlSet\Services"


class ScmDatabase:
    """What is registered with the SCM; every call raises UnknownService for what is not."""

    def __init__(self, api: ScmApi | None = None) -> None:
        self._api = api or ScmApi()

    # configuration

    def exists(self, name: str) -> bool:
        """Say whether there is a service of that name, whoever installed it."""
        try:
            with self._api.service(name, scm_api.QUERY_STATUS):
                return True
        except UnknownService:
            return False

    def read(self, name: str) -> ScmConfig:
        """Give the configuration of any service."""
        with self._api.service(name, scm_api.QUERY_CONFIG | scm_api.READ_DACL) as service:
            own = self._api.query(name, service)
            delayed = self._number(name, service, scm_structures.DELAYED)
            return ScmConfig(
                command=own.lpBinaryPathName or "",
                display_name=own.lpDisplayName or "",
                start=scm_structures.unpack_start(own.dwStartType, delayed=bool(delayed)),
                account=own.lpServiceStartName or "",
                dependencies=scm_structures.strings_at(own.lpDependencies),
                error_control=scm_structures.unpack_error_control(own.dwErrorControl),
                load_order_group=own.lpLoadOrderGroup or "",
                security=self._api.security(name, service),
                **self._levels(name, service),
            )

    def start_type(self, name: str) -> ScmStart:
        """Say when a service starts; cheaper than :meth:`read`."""
        with self._api.service(name, scm_api.QUERY_CONFIG) as service:
            number = self._api.query(name, service).dwStartType
        return scm_structures.unpack_start(number, delayed=False)

    def _levels(self, name: str, service: int) -> dict[str, Any]:
        """Give the members that QueryServiceConfig2W knows."""
        query = partial(self._api.query_level, name, service)
        actions = query(scm_structures.FAILURE_ACTIONS, scm_structures.ServiceFailureActions)
        triggers = query(scm_structures.TRIGGERS, scm_structures.ServiceTriggerInfo)
        needed = query(scm_structures.PRIVILEGES, scm_structures.PrivilegesFound)
        number = partial(self._number, name, service)
        return {
            "description": query(scm_structures.DESCRIPTION, scm_structures.Text).lpDescription
            or "",
            "sid_type": scm_structures.unpack_sid_type(number(scm_structures.SID)),
            "privileges": scm_structures.strings_at(needed.pmszRequiredPrivileges),
            "failure_actions": scm_structures.unpack_actions(actions),
            "actions_on_error": bool(number(scm_structures.FAILURE_FLAG)),
            "preshutdown": number(scm_structures.PRESHUTDOWN),
            "triggers": scm_structures.unpack_triggers(triggers),
        }

    def _number(self, name: str, service: int, level: int) -> int:
        found: int = self._api.query_level(name, service, level, scm_structures.Number).value
        return found

    def create(self, name: str, wanted: ScmConfig, *, password: str | None) -> None:
        """Create a service as *wanted*; where that fails half-way there is none afterwards."""
        bare = created(wanted)
        rest = [each for each in differing(bare, wanted) if each != "security"]
        access = _WRITE | scm_api.START | scm_api.DELETE | scm_api.WRITE_DACL
        own = _own_settings(wanted, OWN, password=password)
        with self._api.create(name, access, own) as service:
            try:
                self._write(name, service, wanted, rest)
                if wanted.security is not None:
                    self._api.set_security(name, service, wanted.security)
            except SvcctlError:
                self._api.delete(name, service)
                raise

    def change(
        self, name: str, wanted: ScmConfig, members: Collection[str], *, password: str | None
    ) -> None:
        """Make *members* of the configuration as *wanted*; *password* goes with an account."""
        access = _WRITE | scm_api.START
        access |= scm_api.WRITE_DACL if "security" in members else 0
        with self._api.service(name, access) as service:
            if OWN.intersection(members):
                self._api.change(name, service, _own_settings(wanted, members, password=password))
            self._write(name, service, wanted, members)
            if "security" in members and wanted.security is not None:
                self._api.set_security(name, service, wanted.security)

    def _write(self, name: str, service: int, wanted: ScmConfig, members: Collection[str]) -> None:
        reboots = any(step.do is Recovery.REBOOT for step in wanted.failure_actions.steps)
        for member, (level, value) in scm_structures.packed(wanted).items():
            if member in members:
                with holding(SHUTDOWN) if reboots else nullcontext():
                    self._api.change_level(name, service, level, value(), member=member)

    def canonical_security(self, sddl: str) -> str:
        """Give *sddl* as Windows itself writes it, so that it can be compared with what is read."""
        return self._api.canonical_security(sddl)

    def shown_as(self, display_name: str) -> str:
        """Give the name of the service that is shown as *display_name*; empty where none is."""
        return self._api.name_of(display_name)

    def delete(self, name: str) -> None:
        """Take a service away; it may stay for as long as other programs hold it open."""
        with self._api.service(name, scm_api.DELETE) as service:
            self._api.delete(name, service)

    def flush(self) -> None:
        """Come back once every change made so far is on the disk."""
        import winreg  # noqa: PLC0415 - not there on other systems

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _ROOT) as key:
            winreg.FlushKey(key)

    # state

    def status(self, name: str) -> ScmStatus:
        """Say how a service is; a process that died unnoticed counts as lost."""
        with self._api.service(name, scm_api.QUERY_STATUS) as service:
            found = self._api.status(name, service)
        state = State(found.dwCurrentState)
        return ScmStatus(
            state=state,
            exit_code=found.dwWin32ExitCode,
            specific_code=found.dwServiceSpecificExitCode,
            pid=found.dwProcessId,
            lost=bool(found.dwProcessId)
            and state is not State.STOPPED
            and not _is_alive(found.dwProcessId),
        )

    def start(self, name: str) -> None:
        """Start a service; comes back once its host has spoken to the SCM."""
        with self._api.service(name, scm_api.START) as service:
            self._api.start(name, service)

    def control(self, name: str, code: int, *, access: int, what: str) -> None:
        """Send a control code, for the service to be *what*."""
        with self._api.service(name, access) as service:
            self._api.control(name, service, code, what=what)

    def dependents(self, name: str) -> list[str]:
        """Give the services that depend on it and run, those to stop first first."""
        with self._api.service(name, scm_api.LIST_DEPENDENTS) as service:
            return self._api.dependents(name, service)

    def await_stopped(self, name: str, *, within: float) -> bool:
        """Wait until a service has stopped; False where it has not *within* seconds."""
        return self._api.await_stopped(name, within=within)

    def services(self) -> list[NativeService]:
        """Give every service of this machine but its drivers, by name."""
        found = [
            NativeService(
                name=each.lpServiceName,
                display_name=each.lpDisplayName or "",
                state=State(each.status.dwCurrentState),
                pid=each.status.dwProcessId,
                command=self._command(each.lpServiceName),
            )
            for each in self._api.services()
        ]
        return sorted(found, key=lambda each: each.name.casefold())

    def _command(self, name: str) -> str:
        try:
            with self._api.service(name, scm_api.QUERY_CONFIG) as service:
                return self._api.query(name, service).lpBinaryPathName or ""
        except (Denied, UnknownService):
            return ""


def _own_settings(
    config: ScmConfig, members: Collection[str], *, password: str | None
) -> OwnSettings:
    """Give the *members* of *config* for CreateServiceW or ChangeServiceConfigW."""
    every: dict[str, Any] = {
        "start": scm_structures.START_TYPES[config.start],
        "error_control": scm_structures.ERROR_CONTROLS[config.error_control],
        "command": config.command,
        "load_order_group": config.load_order_group,
        "dependencies": multi_string(config.dependencies),
        "account": config.account,
        "display_name": config.display_name,
    }
    chosen = {name: value for name, value in every.items() if name in members}
    return OwnSettings(**chosen, password=password if "account" in chosen else None)


def _is_alive(pid: int) -> bool:
    """Say whether there is a process *pid*; one we may not look at is there."""
    process = open_process(pid, SYNCHRONIZE)
    if process is None:
        return ctypes.get_last_error() == winapi.ERROR_ACCESS_DENIED
    try:
        return not has_ended(process)
    finally:
        close_handle(process)
