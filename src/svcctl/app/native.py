"""The verbs on services that the system's own manager keeps: what an agent does for its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from svcctl.app.applying import Planned, definitions
from svcctl.app.arguments import Arguments
from svcctl.app.drifting import Reread, drift
from svcctl.app.goals import Goal, Outcome, problem, what_became
from svcctl.app.selection import service_of
from svcctl.engine import graph
from svcctl.engine.journal import Entry
from svcctl.engine.last_seen import as_it_ended, at_rest
from svcctl.errors import Conflict, SvcctlError, TimedOut
from svcctl.ports import Act, Applied, Document, InstanceStatus, ServiceManager
from svcctl.spec import canonical
from svcctl.spec.diff import diff
from svcctl.spec.hostless import in_journal, is_hosted
from svcctl.spec.service import ServiceSpec, Start

_LOOK_AGAIN = 0.1  # seconds; another process' manager tells nobody when a job is done
_BEGINNING = 2.0  # seconds a job may take to show at all: until then "stopped" means "not yet"

_PROVING = 0.2  # seconds a program that merely has to start must survive before it counts as up

Tail = Callable[[str, str, int], list[bytes]]
"""Give the last so many lines of an instance, by service and instance."""

AgentsOwn = Callable[[], Collection[str]]
"""Give the services that this user's agent keeps, as far as it can be asked."""

LastSeen = Callable[[str], Mapping[str, Entry]]
"""Give what the last host of a service wrote down of its instances."""


class Kept(Protocol):
    """Which services are kept natively, and by which managers."""

    def names(self) -> list[str]:
        """Give them, sorted."""

    def manager_of(self, name: str) -> ServiceManager:
        """Give the manager that keeps *name*; raises UnknownService."""

    def manager_for(self, spec: ServiceSpec) -> ServiceManager | None:
        """Give the manager that is to keep *spec*; None: the agent."""

    def manager_name(self, spec: ServiceSpec) -> str:
        """Name the manager that is to keep *spec*: ``systemd``, ``scm``, ``launchd``, ``agent``."""


class NativeServices:
    """Carries out verbs through :class:`svcctl.ports.ServiceManager`; blocking."""

    def __init__(
        self,
        kept: Kept,
        *,
        tail: Tail,
        forget_logs: Callable[[str], None],
        last_seen: LastSeen,
        reread: Reread,
        agents_own: AgentsOwn = tuple,
    ) -> None:
        self._kept, self._tail, self._forget_logs = kept, tail, forget_logs
        self._last_seen, self._reread, self._agents_own = last_seen, reread, agents_own

    # what there is

    def specs(self) -> dict[str, ServiceSpec]:
        """Give the definition of every service that is kept natively."""
        return {name: canonical.parse(self._query(name).spec) for name in self._kept.names()}

    def keeps(self, spec: ServiceSpec) -> bool:
        """Say whether *spec* is for a native manager."""
        return self._kept.manager_for(spec) is not None

    def in_journal(self, spec: ServiceSpec) -> bool:
        """Say whether the journal has the output of *spec*."""
        return in_journal(spec, self._kept.manager_name(spec))

    def is_hosted(self, spec: ServiceSpec) -> bool:
        """Say whether a host keeps the program of *spec*, and can be asked about it."""
        return is_hosted(spec, self._kept.manager_name(spec))

    def _query(self, name: str) -> Applied:
        return self._kept.manager_of(name).query(name)

    def status(self, names: Iterable[str]) -> list[InstanceStatus]:
        """Say how each instance of *names* (services or instances) is."""
        return self._status(names, ended_after=0.0)

    def _status(self, names: Iterable[str], *, ended_after: float) -> list[InstanceStatus]:
        """Say how they are; a program that was started before *ended_after* has not ended yet."""
        known = set(self._kept.names())
        services = {name: name if name in known else name.rpartition(".")[0] for name in names}
        rows = self._rows(dict.fromkeys(services.values()))
        found: list[InstanceStatus] = []
        for name, service in services.items():
            number = name.removeprefix(f"{service}.") if name != service else ""
            own = service if number == "1" else name
            found += [
                self._as_it_ended(each, after=ended_after)
                for each in rows[service]
                if not number or each.instance == own
            ]
        return found

    def _rows(self, services: Iterable[str]) -> dict[str, list[InstanceStatus]]:
        """Ask each manager once for all that it keeps of *services*."""
        found: dict[str, list[InstanceStatus]] = {name: [] for name in services}
        managers = {name: self._kept.manager_of(name) for name in found}
        for manager in {id(each): each for each in managers.values()}.values():
            theirs = [name for name, keeper in managers.items() if keeper is manager]
            for row in manager.status(theirs):
                found[row.service].append(row)
        return found

    def _as_it_ended(self, row: InstanceStatus, *, after: float) -> InstanceStatus:
        return as_it_ended(row, self._last_seen(row.service), after=after) if at_rest(row) else row

    def show(self, names: Iterable[str]) -> list[Document]:
        """Give effective definitions, with the origin of each value."""
        return [self._show(name, standing) for name, standing in self._rows(names).items()]

    def _show(self, name: str, standing: Sequence[InstanceStatus]) -> Document:
        applied = self._query(name)
        spec = canonical.parse(applied.spec)
        return {
            "name": name,
            "spec": canonical.effective(spec),
            "origins": applied.origins,
            "revision": applied.revision,
            "sources": dict(applied.sources),
            "enabled": standing[0].enabled if standing else False,
        }

    def drift(self, names: Iterable[str]) -> list[Document]:
        """Compare what was applied with what stands in its files now."""
        specs = self.specs()
        services = dict.fromkeys(service_of(name, specs) for name in names)
        return drift([self._query(name) for name in services], self._reread)

    def tree(self, names: Sequence[str]) -> Document:
        """Say what needs what."""
        specs = self.specs()
        phases = {each.service: each.phase for each in reversed(self.status(names))}
        return {
            "services": {
                name: _branch(specs[name], phase=phases.get(name, "stopped")) for name in names
            }
        }

    # verbs

    def start(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """Start them; what they need is started by the native manager."""
        return self._change(names, args, lambda manager, name: manager.start(name), Goal.UP)

    def stop(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """Stop them, dependants first."""
        ordered = self._dependants_first(names)
        return self._change(ordered, args, lambda manager, name: manager.stop(name), Goal.DOWN)

    def _dependants_first(self, names: Iterable[str]) -> list[str]:
        specs = self.specs()
        edges = {name: tuple(spec.needs) for name, spec in specs.items()}
        waves = graph.start_order(names, edges)
        return [name for wave in reversed(waves) for name in wave]

    def restart(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """Restart them."""
        return self._change(names, args, lambda manager, name: manager.restart(name), Goal.UP)

    def pause(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """Freeze them."""
        return self._change(names, args, lambda manager, name: manager.pause(name), Goal.PAUSED)

    def resume(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """Let them go on."""
        return self._change(names, args, lambda manager, name: manager.resume(name), Goal.UP)

    def reload(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """Make them read their configuration again."""
        for each in self.status(names):
            if each.phase != "running":
                raise Conflict(
                    f"{each.instance!r} is {each.phase}: only what runs can be reloaded",
                    hint=f"svcctl start {each.service}",
                )
        return self._change(names, args, lambda manager, name: manager.reload(name), Goal.UP)

    def reset(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """Forget their failures; those that gave up start again."""
        failed = {each.service for each in self.status(names) if each.phase == "failed"}

        def again(manager: ServiceManager, name: str) -> None:
            manager.reset(name)
            if name in failed:
                manager.start(name)

        again_names = [name for name in names if name in failed]
        rest = [name for name in names if name not in failed]
        for name in rest:
            self._kept.manager_of(name).reset(name)
        return [
            *self._change(again_names, args, again, Goal.UP),
            *self._as_they_are(rest),
        ]

    def kill(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """Send a signal to their main processes."""
        signal = (args.text("signal") or "KILL").upper().removeprefix("SIG")
        for name in names:
            self._kept.manager_of(name).signal(name, signal)
        return self._as_they_are(names)

    def enable(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """Have them start by themselves."""
        del args
        return self._set_enabled(names, enabled=True)

    def disable(self, names: Sequence[str], args: Arguments) -> list[Document]:
        """No longer start them by themselves."""
        del args
        return self._set_enabled(names, enabled=False)

    def _set_enabled(self, names: Sequence[str], *, enabled: bool) -> list[Document]:
        async def work() -> None:
            for name in names:
                await self._kept.manager_of(name).enable(name, enabled=enabled)

        asyncio.run(work())
        return self._as_they_are(names)

    def wait(self, names: Sequence[str], args: Arguments, goal: Goal) -> list[Document]:
        """Wait until each instance fulfils a condition."""
        found = self._until(names, goal, within=args.seconds("timeout"), since=0.0)
        return [each.document() for each in found]

    # definitions

    def apply(self, args: Arguments) -> Document:
        """Take over definitions; nothing changes unless all of them are good."""
        wanted = {each.name: each for each in definitions(args.values["services"])}
        specs = {name: canonical.parse(applied.spec) for name, applied in wanted.items()}
        self._refuse_agents_own(specs)
        acts = {name: self._acts(wanted[name], specs[name]) for name in sorted(wanted)}
        plan = [self._plan(wanted[name], specs[name], acts[name]) for name in acts]
        outcomes: list[Outcome] = []
        if not args.flag("dry_run"):
            outcomes = self._carry_out(plan, wanted, specs, args)
        return {
            "plan": [
                each.document()
                | {
                    "manager": self._kept.manager_name(specs[each.service]),
                    "acts": [asdict(act) for act in acts[each.service]],
                }
                for each in plan
            ],
            "outcomes": [each.document() for each in outcomes],
        }

    def _refuse_agents_own(self, specs: Mapping[str, ServiceSpec]) -> None:
        """Raise Conflict where one of *specs* needs what the agent keeps."""
        native = {*self._kept.names(), *specs}
        if any(name not in native for spec in specs.values() for name in spec.needs):
            theirs = set(self._agents_own()) - native
            self.refuse_needs(specs.values(), theirs)

    def refuse_needs(self, specs: Iterable[ServiceSpec], theirs: Collection[str]) -> None:
        """Raise Conflict where a native service needs one of *theirs*, which the agent keeps.

        The native manager knows nothing of those, and could only fail to start them first.
        """
        for spec in specs:
            for name in spec.needs:
                if name in theirs:
                    keeper = self._kept.manager_name(spec)
                    raise Conflict(
                        f"service {spec.name!r} needs {name!r}, "
                        f"which is kept by the agent, not by {keeper}",
                        hint=f"keep both in one place: svcctl uninstall {name}, "
                        f"then: svcctl install {name} {spec.name}",
                    )

    def _acts(self, applied: Applied, spec: ServiceSpec) -> tuple[Act, ...]:
        manager = self._kept.manager_for(spec)
        assert manager is not None
        if applied.name in self._kept.names() and manager is not self._kept.manager_of(spec.name):
            raise Conflict(
                f"service {spec.name!r} is kept by another manager",
                hint=f"svcctl uninstall {spec.name}, then install it anew",
            )
        return manager.plan(applied)

    def _plan(self, applied: Applied, new: ServiceSpec, acts: tuple[Act, ...]) -> Planned:
        name = applied.name
        known = name in self._kept.names()
        change = diff(canonical.parse(self._query(name).spec) if known else None, new)
        if not known:
            by_itself = new.start in {Start.AUTO, Start.DELAYED}
            return Planned(service=name, change="created", action="start" if by_itself else "none")
        if not acts:
            return Planned(service=name, change="unchanged", action="none")
        running = any(each.pid or each.phase == "backoff" for each in self.status([name]))
        return Planned(
            service=name,
            change="changed",
            action="restart" if running and change.needs_restart else "update",
            changes=tuple((path, old, value) for path, old, value in change.options),
        )

    def _carry_out(
        self,
        plan: Sequence[Planned],
        wanted: Mapping[str, Applied],
        specs: Mapping[str, ServiceSpec],
        args: Arguments,
    ) -> list[Outcome]:
        failed: list[Outcome] = []
        done: list[Planned] = []
        for each in plan:
            try:
                asyncio.run(self._put(each, wanted[each.service], specs[each.service]))
                done.append(each)
            except SvcctlError as error:
                failed.append(_refused(each.service, error))
        self._settle(self._kept.manager_of(each.service) for each in done)
        before = time.monotonic()
        due: list[str] = []
        for each in done:
            manager = self._kept.manager_of(each.service)
            if each.action == "start" and not args.flag("no_start"):
                if not self._is_due(each.service):
                    manager.start(each.service)
                due.append(each.service)
            elif each.action == "restart":
                manager.restart(each.service)
                due.append(each.service)
        if args.flag("no_wait"):
            return failed
        within = args.seconds("timeout")
        return failed + self._until(due, Goal.UP, within=within, since=before)

    def _is_due(self, name: str) -> bool:
        """Say whether the clock will start it: to start it now would be one run too many."""
        return any(each.next_at is not None for each in self.status([name]))

    def _settle(self, managers: Iterable[ServiceManager]) -> None:
        """Have each manager take all that was changed, at once."""
        for manager in {id(each): each for each in managers}.values():
            asyncio.run(manager.settle())

    async def _put(self, planned: Planned, applied: Applied, spec: ServiceSpec) -> None:
        manager = self._kept.manager_for(spec)
        assert manager is not None
        match planned.change:
            case "created":
                await manager.install(applied)
            case "changed":
                await manager.configure(applied)

    def remove(self, names: Sequence[str], args: Arguments) -> Document:
        """Stop services and remove every trace of them."""
        acts = {name: self._kept.manager_of(name).plan_removal(name) for name in names}
        outcomes: list[Outcome] = []
        if not args.flag("dry_run"):
            stopped = self._change(names, args, lambda manager, name: manager.stop(name), Goal.DOWN)
            del stopped
            managers = [self._kept.manager_of(name) for name in names]
            for name in self._dependants_first(names):
                outcomes.append(self._remove(name))
                if args.flag("logs"):
                    self._forget_logs(name)
            self._settle(managers)
        plan = [Planned(service=name, change="removed", action="stop") for name in names]
        return {
            "plan": [
                each.document() | {"acts": [asdict(act) for act in acts[each.service]]}
                for each in plan
            ],
            "outcomes": [each.document() for each in outcomes],
        }

    def _remove(self, name: str) -> Outcome:
        manager = self._kept.manager_of(name)

        try:
            asyncio.run(manager.uninstall(name))
        except SvcctlError as error:
            return _refused(name, error)
        return Outcome(service=name, instance=name, ok=True, phase="stopped")

    # shared

    def _change(
        self,
        names: Sequence[str],
        args: Arguments,
        verb: Callable[[ServiceManager, str], None],
        goal: Goal,
    ) -> list[Document]:
        before = time.monotonic()
        for name in names:
            verb(self._kept.manager_of(name), name)
        if args.flag("no_wait"):
            return self._as_they_are(names)
        found = self._until(names, goal, within=args.seconds("timeout"), since=before)
        return [each.document() for each in found]

    def _as_they_are(self, names: Sequence[str]) -> list[Document]:
        return [what_became(each, "", []).document() for each in self.status(names)]

    def _until(
        self, names: Sequence[str], goal: Goal, *, within: float | None, since: float
    ) -> list[Outcome]:
        """Look until each instance of *names* has reached *goal* or cannot any more.

        *since* (monotonic): when it was asked for.  Raises TimedOut after *within* seconds.
        """
        deadline = None if within is None else time.monotonic() + within
        asked_at = time.time() - (time.monotonic() - since) if since else 0.0
        outcomes: dict[str, Outcome] = {}
        while names:
            fresh = time.monotonic() - since < _BEGINNING
            standing = self._status(names, ended_after=asked_at)
            for each in standing:
                outcomes.pop(each.instance, None)
                if outcome := self._reached(each, goal, fresh=fresh):
                    outcomes[each.instance] = outcome
            if len(outcomes) == len(standing):
                break
            missing = [each.instance for each in standing if each.instance not in outcomes]
            if deadline is not None and time.monotonic() > deadline:
                raise TimedOut(
                    f"not within {within:g}s: {', '.join(missing)} ({goal})",
                    hint="the work goes on: svcctl status",
                )
            time.sleep(_LOOK_AGAIN)
        if goal is Goal.UP:
            self._prove(outcomes)
        return list(outcomes.values())

    def _prove(self, outcomes: dict[str, Outcome]) -> None:
        """Look once more at programs that count as up only because they could be started."""
        specs = self.specs()
        fresh = {
            each.service
            for each in outcomes.values()
            if each.ok and each.phase == "running" and _merely_started(specs.get(each.service))
        }
        if fresh:
            time.sleep(_PROVING)
            for each in self.status(sorted(fresh)):
                outcome = self._reached(each, Goal.UP, fresh=False)
                outcomes[each.instance] = outcome or outcomes[each.instance]

    def _reached(self, status: InstanceStatus, goal: Goal, *, fresh: bool) -> Outcome | None:
        healthy = status.live is not False
        found = problem(goal, status, blocked_by="", healthy=healthy)
        if found is None or (found and fresh and status.phase in {"stopped", "failed"}):
            return None
        lines = self._tail(status.service, status.instance, 10) if found else []
        return what_became(status, found, lines)


def _branch(spec: ServiceSpec, *, phase: str) -> Document:
    return {
        "needs": {needed: str(need) for needed, need in spec.needs.items()},
        "after": list(spec.after),
        "phase": phase,
    }


def _merely_started(spec: ServiceSpec | None) -> bool:
    return spec is not None and spec.ready == "exec" and not spec.health


def _refused(name: str, error: SvcctlError) -> Outcome:
    return Outcome(
        service=name,
        instance=name,
        ok=False,
        phase="stopped",
        problem=error.problem,
        hint=error.hint,
    )
