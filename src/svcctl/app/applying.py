"""Makes what the manager keeps agree with what the files define: first the plan, then the deed."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, cast

from svcctl.app.arguments import Arguments
from svcctl.app.goals import Goal, Outcome
from svcctl.app.services import Services
from svcctl.app.waiting import Emit, Waiting
from svcctl.engine.life import Phase
from svcctl.engine.manager import AgentManager
from svcctl.errors import UsageError
from svcctl.ports import Applied, Document
from svcctl.spec import canonical
from svcctl.spec.diff import Change, diff
from svcctl.spec.service import ServiceSpec, Start
from svcctl.wire import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What will become of one service: *change* of its definition, *action* on what runs."""

    service: str
    change: str
    action: str
    changes: tuple[tuple[str, object, object], ...] = ()

    def document(self) -> Document:
        """Give it in a form JSON can hold."""
        return {
            "service": self.service,
            "change": self.change,
            "action": self.action,
            "changes": [list(each) for each in self.changes],
        }


class Settings(Protocol):
    """What is said once for all services."""

    def plan(self, wanted: object, files: Collection[str], *, prune: bool) -> list[Planned]:
        """Say what would become of it where *files* say *wanted* (None: nothing).

        Raises UsageError for what cannot be.
        """

    def take(self, wanted: object, planned: Iterable[Planned]) -> None:
        """Make it so."""


class Applying:
    """Carries out ``apply`` and ``remove``; *forget_logs* deletes what a service wrote.

    *settings* go by the name of the argument that has what files say of them.
    """

    def __init__(
        self,
        manager: AgentManager,
        *,
        services: Services,
        waiting: Waiting,
        forget_logs: Callable[[str], None],
        settings: Mapping[str, Settings],
    ) -> None:
        self._manager, self._services, self._waiting = manager, services, waiting
        self._forget_logs, self._settings = forget_logs, settings

    async def apply(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Take over definitions; nothing changes unless all of them are good."""
        del selection
        wanted = {each.name: each for each in definitions(args.values["services"])}
        specs = {name: canonical.parse(applied.spec) for name, applied in wanted.items()}
        self._manager.refuse_clashes(specs.values())
        plan = self._plan(wanted, specs, prune=args.flag("prune"))
        files = {path for each in wanted.values() for path in each.sources}
        common = {
            name: each.plan(args.values[name], files, prune=args.flag("prune"))
            for name, each in self._settings.items()
        }
        outcomes: list[Outcome] = []
        if not args.flag("dry_run"):
            for name, each in self._settings.items():
                each.take(args.values[name], common[name])
            within = 0.0 if args.flag("no_wait") else args.seconds("timeout")
            start = not args.flag("no_start")
            outcomes = await self._carry_out(plan, wanted, emit=emit, within=within, start=start)
        return {
            "plan": [each.document() for each in (*chain(*common.values()), *plan)],
            "outcomes": [each.document() for each in outcomes],
        }

    async def remove(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Stop services and forget them."""
        names = self._services.chosen(selection)
        unknown = [name for name in names if name not in self._manager.specs]
        if unknown:
            raise UsageError(
                f"{unknown[0]!r} is one instance; only a whole service can be removed",
                hint=f"to run fewer instances: svcctl scale {unknown[0].rpartition('.')[0]} N",
            )
        plan = [Planned(service=name, change="removed", action="stop") for name in names]
        outcomes: list[Outcome] = []
        if not args.flag("dry_run"):
            outcomes = await self._remove(names, emit=emit, within=args.seconds("timeout"))
            if args.flag("logs"):
                for name in names:
                    self._forget_logs(name)
        return {
            "plan": [each.document() for each in plan],
            "outcomes": [each.document() for each in outcomes],
        }

    # the plan

    def _plan(
        self, wanted: dict[str, Applied], specs: dict[str, ServiceSpec], *, prune: bool
    ) -> list[Planned]:
        planned = [self._plan_one(wanted[name], specs[name]) for name in sorted(wanted)]
        planned += [
            Planned(service=name, change="removed", action="stop")
            if prune
            else Planned(service=name, change="orphaned", action="none")
            for name in self._orphans(wanted.values())
        ]
        return planned

    def _plan_one(self, applied: Applied, new: ServiceSpec) -> Planned:
        known = applied.name in self._manager.specs
        change = diff(self._manager.specs[applied.name] if known else None, new)
        return Planned(
            service=applied.name,
            change=change.kind,
            action=self._action(applied.name, new, change),
            changes=tuple((path, old, value) for path, old, value in change.options),
        )

    def _action(self, name: str, new: ServiceSpec, change: Change) -> str:
        if change.kind == "unchanged":
            return "none"
        if change.kind == "created":
            return "start" if new.start in {Start.AUTO, Start.DELAYED} else "none"
        keepers = self._manager.keepers(name)
        running = any(keeper.state.child for keeper in keepers)
        broken = any(
            keeper.state.wanted and keeper.state.phase in {Phase.FAILED, Phase.BACKOFF}
            for keeper in keepers
        )
        return "restart" if broken or (running and change.needs_restart) else "update"

    def _orphans(self, wanted: Iterable[Applied]) -> list[str]:
        """Name services that came from these files, or from files now gone, and are in none."""
        wanted = list(wanted)
        names = {each.name for each in wanted}
        files = {path for each in wanted for path in each.sources}

        def orphaned(name: str) -> bool:
            sources = self._manager.query(name).sources
            return bool(sources) and all(
                path in files or not os.path.exists(path)  # noqa: PTH110
                for path in sources
            )

        return [name for name in self._manager.names() if name not in names and orphaned(name)]

    # the deed

    async def _carry_out(
        self,
        plan: list[Planned],
        wanted: dict[str, Applied],
        *,
        emit: Emit,
        within: float | None,
        start: bool,
    ) -> list[Outcome]:
        doomed = [each.service for each in plan if each.change == "removed"]
        outcomes = await self._remove(doomed, emit=emit, within=None) if doomed else []
        created = [each for each in plan if each.change == "created"]
        for each in created:
            await self._manager.install(wanted[each.service])
        for each in plan:
            if each.change == "changed":
                await self._manager.configure(wanted[each.service])
            elif each.change == "unchanged":
                await self._manager.configure(wanted[each.service])  # its place may have moved
        try:
            await self._manager.settle()
        finally:  # what is there and never started would be "no change" for every further apply
            await self._manager.start_many(
                each.service for each in created if each.action == "start" and start
            )
        goals = self._goals(plan)
        if within == 0.0:
            return outcomes
        return outcomes + await self._waiting.until(goals, emit=emit, within=within)

    def _goals(self, plan: list[Planned]) -> dict[str, Goal]:
        return {
            keeper.name: Goal.UP
            for each in plan
            if each.action in {"start", "restart"}
            for keeper in self._manager.keepers(each.service)
            if keeper.state.phase is not Phase.STOPPED or keeper.state.wanted
        }

    async def _remove(self, names: list[str], *, emit: Emit, within: float | None) -> list[Outcome]:
        outcomes = await self._services.stop_in_order(names, emit=emit, within=within)
        for name in names:
            await self._manager.uninstall(name)
        await self._manager.settle()
        return outcomes


def definitions(document: object) -> list[Applied]:
    """Read the ``services`` argument of apply, or raise UsageError."""
    try:
        return [
            Applied(
                name=str(each["name"]),
                spec=each["spec"],
                revision=canonical.revision(each["spec"]),
                origins=cast("Document", each.get("origins") or {}),
                sources=cast("dict[str, str]", each.get("sources") or {}),
            )
            for each in cast("list[dict[str, dict[str, object]]]", document)
        ]
    except (TypeError, KeyError, AttributeError) as error:
        raise UsageError("the definitions are not a list of services") from error
