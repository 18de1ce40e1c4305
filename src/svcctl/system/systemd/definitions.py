"""What stands on disk for the services systemd keeps: planned, written, taken away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from svcctl.errors import Conflict
from svcctl.ports import Act, Applied
from svcctl.spec import canonical
from svcctl.spec.handover import by_timer
from svcctl.spec.service import ServiceSpec, Start
from svcctl.system import whole_file
from svcctl.system.paths import Paths, host_paths, service_state
from svcctl.system.registrations import Registration, Registrations
from svcctl.system.systemd import files
from svcctl.system.systemd.bus import SystemdBus
from svcctl.system.systemd.direct import direct_units
from svcctl.system.systemd.unit_file import MARK, Site, started_by, timer_name, unit_name, units

_NOTIFY_RELOAD = 253  # the first version with Type=notify-reload: systemd.service(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where units and hosts are: *folder* holds the units, *scope* is ``system`` or ``user``."""

    paths: Paths
    folder: str
    host_command: Callable[[str], tuple[str, ...]]
    scope: str


class Definitions:
    """The registrations and the units of services; *bus* gives the way to systemd.

    What was changed is read by systemd in :meth:`settle`: once, however much it was.
    """

    def __init__(
        self, registrations: Registrations, place: Place, *, bus: Callable[[], SystemdBus]
    ) -> None:
        self._registrations, self._place, self._bus = registrations, place, bus
        self._stale = False
        self._timers_due: list[str] = []

    # what there is, and what there is to be

    def has(self, unit: str) -> bool:
        """Say whether a unit of that name stands in the folder."""
        return os.path.exists(self._path(unit))

    def lingers(self) -> bool:
        """Say whether services start at boot: those of a user may only do so at the log-in."""
        return self._place.scope == "system" or files.lingers()

    def plan(self, applied: Applied) -> tuple[Act, ...]:
        """Give what :meth:`put` and :meth:`settle` would do, in order."""
        spec = canonical.parse(applied.spec)
        wanted = self._wanted(spec)
        self.check(applied)
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

    def check(self, applied: Applied) -> None:
        """Raise Conflict where somebody else's unit stands in the way, UsageError for accounts."""
        spec = canonical.parse(applied.spec)
        files.group_of(spec.user, spec.group)
        hint = f"take it over: svcctl import-native {spec.name}, or choose another name"
        wanted = self._wanted(spec)
        for path in wanted:
            if files.read(path) is not None and not _is_ours(path):
                raise Conflict(f"'{path}' is not a unit of svcctl", hint=hint)
        if spec.name in self._registrations.names():
            return
        state = self._bus().properties([unit_name(spec.name)])[unit_name(spec.name)]
        found = state.get("FragmentPath", "")
        if state.get("LoadState") == "loaded" and found not in {"", *wanted}:
            raise Conflict(f"there is a unit {unit_name(spec.name)!r} already: {found}", hint=hint)

    def _wanted(self, spec: ServiceSpec) -> dict[str, str]:
        """Give the unit files there are to be, by path."""
        host = host_paths(self._place.paths, spec.name)
        site = Site(
            argv=self._place.host_command(spec.name),
            state=host.state,
            run=host.run,
            logs=os.path.join(host.logs, spec.name),
            service=service_state(self._place.paths, spec.name) if spec.python else "",
            user_scope=self._place.scope == "user",
        )
        if spec.host:
            found = units(spec, site)
        else:
            state = service_state(self._place.paths, spec.name)
            notified = self._bus().version() >= _NOTIFY_RELOAD
            own = replace(site, state=state, service="", logs="", reloads_notified=notified)
            found = direct_units(spec, own)
        return {self._path(name): text for name, text in found.items()}

    def _path(self, unit: str) -> str:
        return os.path.join(self._place.folder, unit)

    def _registration(self, applied: Applied, spec: ServiceSpec) -> Registration:
        by_itself = spec.start in {Start.AUTO, Start.DELAYED}
        if spec.name in self._registrations.names():
            before = self._registrations.read(spec.name)
            same_start = canonical.parse(before.applied.spec).start is spec.start
            by_itself = before.enabled if same_start else by_itself
        return Registration(
            applied=applied, manager="systemd", enabled=by_itself, scope=self._place.scope
        )

    def _obsolete(self, spec: ServiceSpec, wanted: Mapping[str, str]) -> list[Act]:
        """Give the deletion of a timer that the definition no longer has."""
        path = self._path(timer_name(spec.name))
        if path in wanted or not _is_ours(path):
            return []
        return [Act(kind="delete", target=path, before=files.read(path))]

    def _enabling(self, spec: ServiceSpec, registration: Registration) -> list[Act]:
        unit = started_by(spec)
        if files.is_enabled(self._place.folder, unit) == registration.enabled:
            return []
        verb = "enable" if registration.enabled else "disable"
        return [Act(kind="run", target=f"systemctl {verb} {unit}")]

    def plan_removal(self, applied: Applied) -> tuple[Act, ...]:
        """Give what :meth:`take_away` and :meth:`settle` would do, in order."""
        name = applied.name
        unit = started_by(canonical.parse(applied.spec))
        host = host_paths(self._place.paths, name)
        ours = self._ours(name)
        acts: list[Act] = []
        if self._path(unit) in ours and files.is_enabled(self._place.folder, unit):
            acts.append(Act(kind="run", target=f"systemctl disable {unit}"))
        acts += [Act(kind="delete", target=path, before=files.read(path)) for path in ours]
        acts += [Act(kind="delete", target=path) for path in self._lost_links(name)]
        acts.append(Act(kind="run", target="systemctl daemon-reload"))
        acts += [
            Act(kind="delete", target=each)
            for each in (host.state, host.run)
            if os.path.isdir(each)
        ]
        acts.append(Act(kind="delete", target=self._registrations.path(name)))
        return tuple(acts)

    def _ours(self, name: str) -> list[str]:
        paths = (self._path(unit_name(name)), self._path(timer_name(name)))
        return [each for each in paths if _is_ours(each)]

    def _lost_links(self, name: str) -> list[str]:
        """Give the links to units that somebody deleted; systemctl(1) disables what is there."""
        units = (unit_name(name), timer_name(name))
        return [each for unit in units for each in files.dangling_links(self._place.folder, unit)]

    # changes

    def put(self, applied: Applied) -> None:
        """Write registration and units; nothing is written where :meth:`check` complains."""
        self.check(applied)
        spec = canonical.parse(applied.spec)
        wanted = self._wanted(spec)
        registration = self._registration(applied, spec)
        self._register(registration, spec)
        changed = [path for path, text in wanted.items() if files.read(path) != text]
        for path in changed:
            with files.faults_told():
                whole_file.write(path, wanted[path].encode())
        for act in self._obsolete(spec, wanted):
            self._end_timer(timer_name(spec.name))
            whole_file.delete(act.target)
            changed.append(act.target)
        self._stale = self._stale or bool(changed)
        self._set_enabled(spec, enabled=registration.enabled)

    def _register(self, registration: Registration, spec: ServiceSpec) -> None:
        group = files.group_of(spec.user, spec.group)
        with files.faults_told():
            self._registrations.write(registration, reader=group)

    def _end_timer(self, timer: str) -> None:
        self._bus().stop(timer)
        self._bus().disable([timer])

    def take_away(self, name: str) -> None:
        """Remove every trace of a service; what is not there is no error, others' files stay."""
        ours, lost = self._ours(name), self._lost_links(name)
        if self._path(timer_name(name)) in ours:
            self._end_timer(timer_name(name))
        if self._path(unit_name(name)) in ours:
            self._bus().disable([unit_name(name)])
            self._bus().reset_failed(unit_name(name))
        with files.faults_told():
            for path in (*ours, *lost):
                whole_file.delete(path)
        self._stale = self._stale or bool(ours or lost)
        host = host_paths(self._place.paths, name)
        for folder in (host.state, host.run):
            shutil.rmtree(folder, ignore_errors=True)
        self._registrations.delete(name)

    def enable(self, registration: Registration, *, enabled: bool) -> None:
        """Have the service start by itself, or no longer."""
        spec = canonical.parse(registration.applied.spec)
        self._register(replace(registration, enabled=enabled), spec)
        self._set_enabled(spec, enabled=enabled)

    def _set_enabled(self, spec: ServiceSpec, *, enabled: bool) -> None:
        unit = started_by(spec)
        if files.is_enabled(self._place.folder, unit) == enabled:
            return
        if enabled:
            self._bus().enable([unit])
        else:
            self._bus().disable([unit])
        self._stale = True
        if enabled and by_timer(spec):
            self._timers_due.append(unit)

    def settle(self) -> None:
        """Come back once systemd has read all units that were written, and runs their timers."""
        if self._stale:
            self._bus().reload_units()
            self._stale = False
        while self._timers_due:
            self._bus().start(self._timers_due.pop())


def _is_ours(path: str) -> bool:
    return (files.read(path) or "").startswith(MARK)
