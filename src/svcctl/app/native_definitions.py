"""Definitions that native managers are to keep: what is to be done about them, and doing it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict

from svcctl.app.applying import Planned, definitions
from svcctl.app.arguments import Arguments
from svcctl.app.goals import Goal, Outcome
from svcctl.app.native_standing import Kept, NativeStanding
from svcctl.errors import Conflict, SvcctlError
from svcctl.ports import Act, Applied, Document, ServiceManager
from svcctl.spec import canonical
from svcctl.spec.diff import diff
from svcctl.spec.service import ServiceSpec, Start

AgentsOwn = Callable[[], Collection[str]]
"""Give the services that this user's agent keeps, as far as it can be asked."""


class NativeDefinitions:
    """Has native managers take definitions over and forget them; blocking."""

    def __init__(
        self,
        kept: Kept,
        standing: NativeStanding,
        *,
        forget_logs: Callable[[str], None],
        agents_own: AgentsOwn,
    ) -> None:
        self._kept, self._standing = kept, standing
        self._forget_logs, self._agents_own = forget_logs, agents_own

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
        running = any(each.pid or each.phase == "backoff" for each in self._standing.status([name]))
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
        return any(each.next_at is not None for each in self._standing.status([name]))

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

    def plan_removal(self, names: Iterable[str]) -> list[Document]:
        """Say what :meth:`remove` would do."""
        acts = {name: self._kept.manager_of(name).plan_removal(name) for name in names}
        return [
            Planned(service=name, change="removed", action="stop").document()
            | {"acts": [asdict(act) for act in found]}
            for name, found in acts.items()
        ]

    def remove(self, names: Sequence[str], args: Arguments) -> list[Outcome]:
        """Remove every trace of services that are stopped, in this order."""
        managers = [self._kept.manager_of(name) for name in names]
        outcomes: list[Outcome] = []
        for name in names:
            outcomes.append(self._remove(name))
            if args.flag("logs"):
                self._forget_logs(name)
        self._settle(managers)
        return outcomes

    def _remove(self, name: str) -> Outcome:
        manager = self._kept.manager_of(name)

        try:
            asyncio.run(manager.uninstall(name))
        except SvcctlError as error:
            return _refused(name, error)
        return Outcome(service=name, instance=name, ok=True, phase="stopped")


def _refused(name: str, error: SvcctlError) -> Outcome:
    return Outcome(
        service=name,
        instance=name,
        ok=False,
        phase="stopped",
        problem=error.problem,
        hint=error.hint,
    )
