"""systemd as a manager of services: units written whole, orders over its bus, hosts asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from svcctl.errors import Conflict, SystemFault
from svcctl.ports import Act, Applied, InstanceStatus
from svcctl.spec import canonical
from svcctl.spec.handover import by_timer
from svcctl.spec.service import ServiceSpec, Start
from svcctl.system.at_once import at_once
from svcctl.system.paths import Paths
from svcctl.system.registrations import Registration, Registrations
from svcctl.system.running_hosts import STILL, AskHost, RunningHosts
from svcctl.system.systemd.bus import Systemctl, SystemdBus, unless_loaded
from svcctl.system.systemd.definitions import Definitions, Place
from svcctl.system.systemd.files import unit_folder as usual_folder
from svcctl.system.systemd.standing import RUNS, outside_views, remarks
from svcctl.system.systemd.unit_file import timer_name, unit_name


def connect(*, user: bool) -> SystemdBus:
    """Give the way to systemd: D-Bus where the library for it is there and somebody answers."""
    try:
        from svcctl.system.systemd.dbus import SystemdDbus  # noqa: PLC0415 - an optional library

        return SystemdDbus(user=user)
    except (ImportError, SystemFault):
        return Systemctl(user=user)


class SystemdManager:
    """Keeps services as units; see :class:`svcctl.ports.ServiceManager`.

    *host_command* gives the argv of the host of a service, *ask_host* asks one that runs.
    *unit_folder* is that of the administrator's (or the user's) units; *bus* is found when it is
    first needed.
    """

    def __init__(
        self,
        registrations: Registrations,
        *,
        paths: Paths,
        host_command: Callable[[str], tuple[str, ...]],
        ask_host: AskHost,
        scope: str = "system",
        unit_folder: str = "",
        bus: SystemdBus | None = None,
    ) -> None:
        self._registrations, self._scope = registrations, scope
        self._hosts = RunningHosts(ask_host)
        self._given_bus = bus
        place = Place(
            paths=paths,
            folder=unit_folder or usual_folder(user=scope == "user"),
            host_command=host_command,
            scope=scope,
        )
        self._definitions = Definitions(registrations, place, bus=lambda: self._bus)

    @cached_property
    def _bus(self) -> SystemdBus:
        return self._given_bus or connect(user=self._scope == "user")

    # what there is

    def names(self) -> list[str]:
        """Give the services kept here, sorted."""
        names = self._registrations.names("systemd")
        return [name for name in names if self._registrations.read(name).scope == self._scope]

    def query(self, name: str) -> Applied:
        """Give what was applied."""
        return self._registrations.read(name).applied

    def status(self, names: Iterable[str]) -> list[InstanceStatus]:
        """Say how each instance is: as its host says, or as systemd does where there is none."""
        registered = [self._registrations.read(name) for name in names]
        if not registered:
            return []
        services = [each.applied.name for each in registered]
        timers = [timer_name(each) for each in services if self._definitions.has(timer_name(each))]
        shown = self._bus.properties([*map(unit_name, services), *timers])
        views = at_once(lambda each: self._views(each, shown), registered)
        return [
            remarks(status, shown[unit_name(each.applied.name)], lasts=self._lasts(each))
            for each, found in zip(registered, views, strict=True)
            for status in found
        ]

    def _views(
        self, registration: Registration, shown: Mapping[str, Mapping[str, str]]
    ) -> list[InstanceStatus]:
        name = registration.applied.name
        properties = shown[unit_name(name)]
        runs = properties.get("ActiveState") in RUNS
        hosted = canonical.parse(registration.applied.spec).host
        inside = self._hosts.rows(registration) if runs and hosted else []
        outside = outside_views(
            registration,
            properties,
            timer=shown.get(timer_name(name), {}),
            now=time.time(),
            monotonic=time.monotonic(),
        )
        if runs and not hosted:
            outside = [self._as_it_says(each) for each in outside]
        return inside or outside

    def _as_it_says(self, seen: InstanceStatus) -> InstanceStatus:
        """Add what systemd has no word for: that a service which runs stands still."""
        said = self._hosts.phase(seen.service) if seen.phase == "running" else ""
        return replace(seen, phase=said, ready=False) if said in STILL else seen

    def _lasts(self, registration: Registration) -> bool:
        return not registration.enabled or self._definitions.lingers()

    # definitions

    def plan(self, applied: Applied) -> tuple[Act, ...]:
        """Give what install or configure would do, in order."""
        return self._definitions.plan(applied)

    def plan_removal(self, name: str) -> tuple[Act, ...]:
        """Give what uninstall would do, in order."""
        return self._definitions.plan_removal(self.query(name))

    async def install(self, applied: Applied) -> None:
        """Write registration and units, and have the service start at boot if it is to."""
        if applied.name in self._registrations.names():
            raise Conflict(f"service {applied.name!r} is there already")
        self._definitions.check(applied)
        try:
            self._definitions.put(applied)
        except BaseException:
            self._definitions.take_away(applied.name)
            raise

    async def configure(self, applied: Applied) -> str:
        """Take a changed definition; who runs is restarted by whoever asked."""
        self.query(applied.name)
        if not self.plan(applied):
            return "unchanged"
        self._definitions.put(applied)
        return "updated"

    async def uninstall(self, name: str) -> None:
        """Remove units, links, folders and registration; raises Conflict while it runs."""
        self.query(name)
        state = self._bus.properties([unit_name(name)])[unit_name(name)]
        if state.get("ActiveState") in RUNS:
            raise Conflict(f"service {name!r} still runs", hint=f"svcctl stop {name}")
        self._definitions.take_away(name)

    async def settle(self) -> None:
        """Come back once systemd has read all units that were written: once for all of them."""
        self._definitions.settle()

    async def enable(self, name: str, *, enabled: bool) -> None:
        """Have the service start by itself, or no longer."""
        self._definitions.enable(self._registrations.read(name), enabled=enabled)
        self._definitions.settle()

    # verbs

    def start(self, name: str) -> None:
        """Have systemd start it, now, and its timer where it has one."""
        spec = canonical.parse(self.query(name).spec)
        _refuse_disabled(spec)
        self._bus.reset_failed(unit_name(name))  # systemd counts the starts people ask for as well
        if by_timer(spec):
            self._bus.start(timer_name(name))
        self._bus.start(unit_name(name))

    def stop(self, name: str) -> None:
        """Have systemd stop it, and its timer where it has one; what is not loaded does not run."""
        if by_timer(canonical.parse(self.query(name).spec)):
            with unless_loaded():
                self._bus.stop(timer_name(name))
        with unless_loaded():
            self._bus.stop(unit_name(name))

    def restart(self, name: str) -> None:
        """Have systemd stop it and start it again."""
        _refuse_disabled(canonical.parse(self.query(name).spec))
        self._bus.reset_failed(unit_name(name))
        self._bus.restart(unit_name(name))

    def pause(self, name: str) -> None:
        """Have the host freeze its programs, or the service stand still by itself.

        What systemd started goes on, and says that it lives.
        """
        self.query(name)
        self._hosts.pause(name)

    def resume(self, name: str) -> None:
        """Have the host let its programs go on, or the service itself."""
        self.query(name)
        self._hosts.resume(name)

    def reload(self, name: str) -> None:
        """Have the program read its configuration again: its host does, it itself, or systemd.

        Only systemd cannot tell what came of it.
        """
        if self._is_hosted(name) or self._hosts.phase(name):
            self._hosts.reload(name)
        else:
            self._bus.reload(unit_name(name))

    def reset(self, name: str) -> None:
        """Forget its failures: systemd's count, and that of the host where it runs."""
        self._bus.reset_failed(unit_name(name))
        if self._is_hosted(name):
            self._hosts.reset(name)

    def signal(self, name: str, signal: str) -> None:
        """Have a signal sent to the main process; Conflict where it does not run."""
        if self._is_hosted(name):
            self._hosts.signal(name, signal)
        else:
            self._bus.kill(unit_name(name), signal)

    def _is_hosted(self, name: str) -> bool:
        return canonical.parse(self.query(name).spec).host


def _refuse_disabled(spec: ServiceSpec) -> None:
    if spec.start is Start.DISABLED:
        raise Conflict(
            f"service {spec.name!r} is disabled by its definition",
            hint='set start = "manual", then: svcctl apply',
        )
