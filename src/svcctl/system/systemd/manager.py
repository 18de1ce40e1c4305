"""systemd as a manager of services: units written whole, orders over its bus, hosts asked."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import cast

from svcctl.errors import AgentUnreachable, Conflict, Denied, SystemFault
from svcctl.ports import Act, Applied, InstanceStatus
from svcctl.spec import canonical
from svcctl.spec.handover import by_timer
from svcctl.spec.service import ServiceSpec, Start
from svcctl.system.paths import Paths, host_paths
from svcctl.system.registrations import Registration, Registrations
from svcctl.system.systemd import files
from svcctl.system.systemd.bus import Systemctl, SystemdBus
from svcctl.system.systemd.standing import outside_view
from svcctl.system.systemd.unit_file import MARK, Site, started_by, timer_name, unit_name, units

AskHost = Callable[[str, str, Mapping[str, object]], object]


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
    *unit_folder* is that of the administrator's (or the user's) units.
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
        self._registrations, self._paths = registrations, paths
        self._host_command, self._ask_host = host_command, ask_host
        self._scope = scope
        self._folder = unit_folder or files.unit_folder(user=scope == "user")
        self._bus_made = bus
        self._stale = False
        self._timers_due: list[str] = []

    @property
    def _bus(self) -> SystemdBus:
        if self._bus_made is None:
            self._bus_made = connect(user=self._scope == "user")
        return self._bus_made

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
        names = [each.applied.name for each in registered]
        timers = [each for each in map(timer_name, names) if self._is_there(each)]
        shown = self._bus.properties([*map(unit_name, names), *timers])
        found: list[InstanceStatus] = []
        for each in registered:
            properties = shown[unit_name(each.applied.name)]
            found += self._inside_view(each, properties) or [
                outside_view(
                    each,
                    properties,
                    timer=shown.get(timer_name(each.applied.name), {}),
                    now=time.time(),
                    monotonic=time.monotonic(),
                )
            ]
        return found

    def _inside_view(
        self, registration: Registration, properties: Mapping[str, str]
    ) -> list[InstanceStatus]:
        applied = registration.applied
        if properties.get("ActiveState") not in {
            "active",
            "activating",
            "deactivating",
            "reloading",
        }:
            return []
        try:
            rows = self._ask_host(applied.name, "status", {})
        except AgentUnreachable:
            return []
        said = [InstanceStatus(**row) for row in cast("list[dict[str, object]]", rows)]  # type: ignore[arg-type]
        return [
            replace(
                each,
                manager="systemd",
                spec_revision=applied.revision,
                enabled=registration.enabled,
                description=canonical.parse(applied.spec).description,
            )
            for each in said
        ]

    # definitions

    def plan(self, applied: Applied) -> tuple[Act, ...]:
        """Give what install or configure would do, in order."""
        spec = canonical.parse(applied.spec)
        wanted = self._wanted(spec)
        self._refuse(spec, wanted)
        registration = self._registration(applied, spec)
        acts = [
            *files.write_acts(
                {self._registrations.path(spec.name): Registrations.text(registration)}
            ),
            *files.write_acts(wanted),
            *self._obsolete(spec, wanted),
        ]
        if any(each.target in wanted or each.kind == "delete" for each in acts):
            acts.append(Act(kind="run", target="systemctl daemon-reload"))
        return (*acts, *self._enabling(spec, registration))

    def _wanted(self, spec: ServiceSpec) -> dict[str, str]:
        """Give the unit files there are to be, by path."""
        host = host_paths(self._paths, spec.name)
        site = Site(
            argv=self._host_command(spec.name),
            state=host.state,
            run=host.run,
            logs=os.path.join(host.logs, spec.name),
            user_scope=self._scope == "user",
        )
        return {os.path.join(self._folder, name): text for name, text in units(spec, site).items()}

    def _registration(self, applied: Applied, spec: ServiceSpec) -> Registration:
        by_itself = spec.start in {Start.AUTO, Start.DELAYED}
        known = spec.name in self._registrations.names()
        if known:
            before = self._registrations.read(spec.name)
            same_start = canonical.parse(before.applied.spec).start is spec.start
            by_itself = before.enabled if same_start else by_itself
        return Registration(
            applied=applied, manager="systemd", enabled=by_itself, scope=self._scope
        )

    def _refuse(self, spec: ServiceSpec, wanted: Mapping[str, str]) -> None:
        """Raise Conflict where a unit is not ours, or what the service needs is kept elsewhere."""
        for path in wanted:
            before = files.read(path)
            if before is not None and not before.startswith(MARK):
                raise Conflict(
                    f"'{path}' is not a unit of svcctl",
                    hint=f"take it over: svcctl import-native {spec.name}, or choose another name",
                )
        if spec.name not in self._registrations.names():
            state = self._bus.properties([unit_name(spec.name)])[unit_name(spec.name)]
            foreign = state.get("FragmentPath", "")
            if state.get("LoadState") == "loaded" and foreign not in {"", *wanted}:
                raise Conflict(
                    f"there is a unit {unit_name(spec.name)!r} already: {foreign}",
                    hint=f"take it over: svcctl import-native {spec.name}, or choose another name",
                )

    def _obsolete(self, spec: ServiceSpec, wanted: Mapping[str, str]) -> list[Act]:
        """Give the deletion of a timer that the definition no longer has."""
        path = os.path.join(self._folder, timer_name(spec.name))
        before = files.read(path)
        if path in wanted or before is None or not before.startswith(MARK):
            return []
        return [Act(kind="delete", target=path, before=before)]

    def _enabling(self, spec: ServiceSpec, registration: Registration) -> list[Act]:
        unit = started_by(spec)
        enabled = files.is_enabled(self._folder, unit)
        if enabled == registration.enabled:
            return []
        verb = "enable" if registration.enabled else "disable"
        return [Act(kind="run", target=f"systemctl {verb} {unit}")]

    def plan_removal(self, name: str) -> tuple[Act, ...]:
        """Give what uninstall would do, in order."""
        spec = canonical.parse(self.query(name).spec)
        acts: list[Act] = []
        unit = started_by(spec)
        if files.is_enabled(self._folder, unit):
            acts.append(Act(kind="run", target=f"systemctl disable {unit}"))
        for each in (unit_name(name), timer_name(name)):
            path = os.path.join(self._folder, each)
            before = files.read(path)
            if before is not None:
                acts.append(Act(kind="delete", target=path, before=before))
        acts.append(Act(kind="run", target="systemctl daemon-reload"))
        host = host_paths(self._paths, name)
        acts += [
            Act(kind="delete", target=each)
            for each in (host.state, host.run)
            if os.path.isdir(each)
        ]
        acts.append(Act(kind="delete", target=self._registrations.path(name)))
        return tuple(acts)

    async def install(self, applied: Applied) -> None:
        """Write registration and units, and have the service start at boot if it is to."""
        if applied.name in self._registrations.names():
            raise Conflict(f"service {applied.name!r} is there already")
        try:
            self._put(applied)
        except BaseException:
            self._take_away(applied.name)
            raise

    async def configure(self, applied: Applied) -> str:
        """Take a changed definition; who runs is restarted by whoever asked."""
        self.query(applied.name)
        if not self.plan(applied):
            return "unchanged"
        self._put(applied)
        return "updated"

    def _put(self, applied: Applied) -> None:
        spec = canonical.parse(applied.spec)
        wanted = self._wanted(spec)
        self._refuse(spec, wanted)
        registration = self._registration(applied, spec)
        group = files.group_of(spec.user, spec.group)
        self._writing(lambda: self._registrations.write(registration, reader=group))
        changed = [path for path, text in wanted.items() if files.read(path) != text]
        for path in changed:
            self._writing(lambda path=path: files.write(path, wanted[path]))  # type: ignore[misc]
        for act in self._obsolete(spec, wanted):
            timer = os.path.basename(act.target)
            self._bus.stop(timer)
            self._bus.disable([timer])
            files.delete(act.target)
            changed.append(act.target)
        self._stale = self._stale or bool(changed)
        self._set_enabled(started_by(spec), enabled=registration.enabled)

    def _writing(self, write: Callable[[], None]) -> None:
        try:
            write()
        except PermissionError as error:
            raise Denied(
                f"'{error.filename}' cannot be written: {error.strerror}",
                hint="run it as root, or keep the service as your own: --scope user",
            ) from error
        except OSError as error:
            raise SystemFault(f"'{error.filename}' cannot be written: {error.strerror}") from error

    async def uninstall(self, name: str) -> None:
        """Remove units, links, folders and registration; raises Conflict while it runs."""
        self.query(name)
        state = self._bus.properties([unit_name(name)])[unit_name(name)]
        if state.get("ActiveState") in {"active", "activating", "reloading", "deactivating"}:
            raise Conflict(f"service {name!r} still runs", hint=f"svcctl stop {name}")
        self._take_away(name)

    def _take_away(self, name: str) -> None:
        """Remove every trace of a service; what is not there is no error."""
        timer = os.path.join(self._folder, timer_name(name))
        present = [each for each in (unit_name(name), timer_name(name)) if self._is_there(each)]
        if os.path.exists(timer):
            self._bus.stop(timer_name(name))
        if present:
            self._bus.disable(present)
        for each in present:
            files.delete(os.path.join(self._folder, each))
        self._stale = self._stale or bool(present)
        self._forget_failure(name)
        host = host_paths(self._paths, name)
        for folder in (host.state, host.run):
            shutil.rmtree(folder, ignore_errors=True)
        self._registrations.delete(name)

    def _is_there(self, unit: str) -> bool:
        return os.path.exists(os.path.join(self._folder, unit))

    def _forget_failure(self, name: str) -> None:
        state = self._bus.properties([unit_name(name)])[unit_name(name)]
        if state.get("ActiveState") == "failed":
            self._bus.reset_failed(unit_name(name))

    async def settle(self) -> None:
        """Come back once systemd has read all units that were written: once for all of them."""
        if self._stale:
            self._bus.reload_units()
            self._stale = False
        while self._timers_due:
            self._bus.start(self._timers_due.pop())

    async def enable(self, name: str, *, enabled: bool) -> None:
        """Have the service start by itself, or no longer."""
        registration = self._registrations.read(name)
        spec = canonical.parse(registration.applied.spec)
        group = files.group_of(spec.user, spec.group)
        self._writing(
            lambda: self._registrations.write(replace(registration, enabled=enabled), reader=group)
        )
        self._set_enabled(started_by(spec), enabled=enabled)
        await self.settle()

    def _set_enabled(self, unit: str, *, enabled: bool) -> None:
        if files.is_enabled(self._folder, unit) == enabled:
            return
        if enabled:
            self._bus.enable([unit])
        else:
            self._bus.disable([unit])
        self._stale = True
        if enabled and unit.endswith(".timer"):
            self._timers_due.append(unit)

    # verbs

    def start(self, name: str) -> None:
        """Have systemd start it, now, and its timer where it has one."""
        spec = canonical.parse(self.query(name).spec)
        self._refuse_disabled(spec)
        if by_timer(spec):
            self._bus.start(timer_name(name))
        self._bus.start(unit_name(name))

    def stop(self, name: str) -> None:
        """Have systemd stop it, and its timer where it has one."""
        if by_timer(canonical.parse(self.query(name).spec)):
            self._bus.stop(timer_name(name))
        self._bus.stop(unit_name(name))

    def restart(self, name: str) -> None:
        """Have systemd stop it and start it again."""
        self._refuse_disabled(canonical.parse(self.query(name).spec))
        self._bus.restart(unit_name(name))

    def pause(self, name: str) -> None:
        """Have the host freeze its programs; itself it goes on, to tell systemd that it lives."""
        self._ask(name, "pause", {"no_wait": True})

    def resume(self, name: str) -> None:
        """Have the host let its programs go on."""
        self._ask(name, "resume", {"no_wait": True})

    def reload(self, name: str) -> None:
        """Have the host make its programs read their configuration again."""
        self._ask(name, "reload", {"no_wait": True})

    def reset(self, name: str) -> None:
        """Forget its failures: systemd's count, and that of the host where it runs."""
        self.query(name)
        self._forget_failure(name)
        try:
            self._ask_host(name, "reset", {"no_wait": True})
        except AgentUnreachable:
            return

    def signal(self, name: str, signal: str) -> None:
        """Have the host send a signal to the main process; Conflict where it does not run."""
        self._ask(name, "kill", {"signal": signal})

    def _ask(self, name: str, verb: str, args: Mapping[str, object]) -> None:
        self.query(name)
        try:
            self._ask_host(name, verb, args)
        except AgentUnreachable as error:
            raise Conflict(f"service {name!r} does not run", hint=f"svcctl start {name}") from error

    def _refuse_disabled(self, spec: ServiceSpec) -> None:
        if spec.start is Start.DISABLED:
            raise Conflict(
                f"service {spec.name!r} is disabled by its definition",
                hint='set start = "manual", then: svcctl apply',
            )
