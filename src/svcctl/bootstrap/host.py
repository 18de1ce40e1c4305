"""Puts a host together: the registration it was started for, and whom it reports to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from svcctl.ports import Applied, Bus, HostControls, HostReport
from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths, find_paths, host_paths

if TYPE_CHECKING:  # a host speaks to the SCM before it loads anything it does not need for that
    from svcctl.app.host import HostEnd
    from svcctl.bootstrap.agent import AgentParts
    from svcctl.spec.service import ServiceSpec
    from svcctl.system.registrations import Registration
    from svcctl.system.systemd.report import SystemdReport

__all__ = ["Attach", "Body", "HostParts", "Paths", "begin", "host_parts", "paths_of"]

Attach = Callable[[HostControls], None]
"""To be called with the controls of the host once it can take them."""

Body = Callable[[HostReport, Attach], "HostEnd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostParts:
    """A working host without its door."""

    agent: AgentParts
    applied: Applied


def begin(name: str, where: Paths, body: Body, *, pausable: bool = True) -> int:
    """Have *body* keep the service *name* of *where*, for whoever started us; give the exit status.

    That is the SCM, systemd, launchd or a person at a terminal.  *pausable*: the SCM may ask it to
    stand still.
    """
    if platform() is Platform.WINDOWS:
        from svcctl.bootstrap import windows_host  # noqa: PLC0415 - not there on other systems

        return windows_host.begin(name, where, body, pausable=pausable)
    from svcctl.system.systemd.report import SystemdReport, watchdog_interval  # noqa: PLC0415

    report = SystemdReport(os.environ)

    def attach(controls: HostControls) -> None:
        from svcctl.system.posix.signals import attach_reload  # noqa: PLC0415 - asyncio, now lean

        attach_reload(controls)
        every = watchdog_interval(os.environ)
        if every is not None:
            _ping(report, every)

    status = body(report, attach).status
    if platform() is not Platform.MACOS:
        return status
    from svcctl.system.launchd.ending import exit_status  # noqa: PLC0415 - not there elsewhere

    return exit_status(status, name, os.environ)


def _ping(report: SystemdReport, every: float) -> None:
    """Have the loop say that it turns, again and again: one that hangs is killed by systemd."""
    import asyncio  # noqa: PLC0415 - the loop runs already

    report.ping()
    asyncio.get_running_loop().call_later(every, _ping, report, every)


def paths_of(home: str | None, *, system: bool) -> Paths:
    """Give the folders a host shares with all of svcctl: under *home*, or those of the machine."""
    environ = {**os.environ, "SVCCTL_HOME": home} if home else os.environ
    return find_paths(environ, system=system)


@contextmanager
def host_parts(name: str, where: Paths) -> Iterator[HostParts]:
    """Give the engine of the service *name*, which it has taken over and not started yet.

    Must be entered within a running event loop.  Raises UnknownService where nothing is
    registered under that name, Conflict where its host runs already.
    """
    from svcctl.bootstrap.agent import agent_parts  # noqa: PLC0415
    from svcctl.spec import canonical  # noqa: PLC0415
    from svcctl.system.registrations import Registrations  # noqa: PLC0415

    registration = Registrations(where.native).read(name)
    spec = _as_kept(registration)
    applied = replace(registration.applied, spec=canonical.dump(spec))
    services = where.services if registration.manager == "systemd" else ""
    with (
        agent_parts(host_paths(where, name), services=services) as parts,
        _event_log(parts.bus),
    ):
        yield HostParts(agent=parts, applied=applied)


@contextmanager
def _event_log(bus: Bus) -> Iterator[None]:
    """Have the Event Log of Windows told what an operator wants to know, while the block lasts."""
    if platform() is not Platform.WINDOWS:
        yield
        return
    from svcctl.system.windows import event_log, event_source  # noqa: PLC0415

    cancel = event_log.subscribe(bus) if event_source.is_registered() else None
    try:
        yield
    finally:
        if cancel:
            cancel()


def _as_kept(registration: Registration) -> ServiceSpec:
    """Give the definition without what the native manager sees to itself."""
    from svcctl.spec import canonical, handover  # noqa: PLC0415

    spec = canonical.parse(registration.applied.spec)
    match registration.manager:
        case "systemd":
            return handover.handed_over(spec)
        case "scm":
            return handover.to_scm_host(spec)
        case _:
            return handover.to_launchd_host(spec)
