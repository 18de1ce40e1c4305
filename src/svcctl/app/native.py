"""The verbs on services that the system's own manager keeps: what an agent does for its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict

from svcctl.app.applying import Planned, definitions
from svcctl.app.arguments import Arguments
from svcctl.app.drifting import Reread, drift
from svcctl.app.goals import Goal, Outcome, what_became
from svcctl.app.native_standing import Kept, LastSeen, NativeStanding, Tail
from svcctl.app.selection import service_of
from svcctl.engine import graph
from svcctl.errors import Conflict, SvcctlError
from svcctl.ports import Act, Applied, Document, InstanceStatus, ServiceManager
from svcctl.spec import canonical
from svcctl.spec.diff import diff
from svcctl.spec.hostless import in_journal, is_hosted
from svcctl.spec.service import ServiceSpec, Start

AgentsOwn = Callable[[], Collection[str]]
"""Give the services that this user's agent keeps, as far as it can be asked."""


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
        self._kept, self._forget_logs = kept, forget_logs
        self._reread, self._agents_own = reread, agents_own
        self._standing = NativeStanding(kept, tail=tail, last_seen=last_seen)

    # what there is

    def specs(self) -> dict[str, ServiceSpec]:
        """Give the definition of every service that is kept natively."""
        return self._standing.specs()

    def status(self, names: Iterable[str]) -> list[InstanceStatus]:
        """Say how each instance of *names* (services or instances) is."""
        return self._standing.status(names)

    def keeps(self, spec: ServiceSpec) -> bool:
        """Say whether *spec* is for a native manager."""
        return self._kept.manager_for(spec) is not None

    def in_journal(self, spec: ServiceSpec) -> bool:
        """Say whether the journal has the output of *spec*."""
        return in_journal(spec, self._kept.manager_name(spec))

    def is_hosted(self, spec: ServiceSpec) -> bool:
        """Say whether a host keeps the program of *spec*, and can be asked about it."""
        return is_hosted(spec, self._kept.manager_name(spec))

    def show(self, names: Iterable[str]) -> list[Document]:
        """Give effective definitions, with the origin of each value."""
        return [self._show(name, standing) for name, standing in self._standing.rows(names).items()]

    def _show(self, name: str, standing: Sequence[InstanceStatus]) -> Document:
        applied = self._standing.query(name)
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
        return drift([self._standing.query(name) for name in services], self._reread)

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
        found = self._standing.until(names, goal, within=args.seconds("timeout"), since=0.0)
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
        change = diff(canonical.parse(self._standing.query(name).spec) if known else None, new)
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
        return failed + self._standing.until(due, Goal.UP, within=within, since=before)

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
        found = self._standing.until(names, goal, within=args.seconds("timeout"), since=before)
        return [each.document() for each in found]

    def _as_they_are(self, names: Sequence[str]) -> list[Document]:
        return [what_became(each, "", []).document() for each in self.status(names)]


def _branch(spec: ServiceSpec, *, phase: str) -> Document:
    return {
        "needs": {needed: str(need) for needed, need in spec.needs.items()},
        "after": list(spec.after),
        "phase": phase,
    }


def _refused(name: str, error: SvcctlError) -> Outcome:
    return Outcome(
        service=name,
        instance=name,
        ok=False,
        phase="stopped",
        problem=error.problem,
        hint=error.hint,
    )
