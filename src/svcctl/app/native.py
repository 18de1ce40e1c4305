"""The verbs on services that the system's own manager keeps: what an agent does for its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from svcctl.app.arguments import Arguments
from svcctl.app.drifting import Reread, drift
from svcctl.app.goals import Goal, Outcome, what_became
from svcctl.app.native_definitions import AgentsOwn, NativeDefinitions
from svcctl.app.native_standing import Kept, LastSeen, NativeStanding, Tail
from svcctl.app.selection import service_of
from svcctl.engine import graph
from svcctl.errors import Conflict
from svcctl.ports import Document, InstanceStatus, ServiceManager
from svcctl.spec import canonical
from svcctl.spec.hostless import in_journal, is_hosted
from svcctl.spec.service import ServiceSpec


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
        self._kept, self._reread = kept, reread
        self._standing = NativeStanding(kept, tail=tail, last_seen=last_seen)
        self._definitions = NativeDefinitions(
            kept, self._standing, forget_logs=forget_logs, agents_own=agents_own
        )

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
        return self._definitions.apply(args)

    def refuse_needs(self, specs: Iterable[ServiceSpec], theirs: Collection[str]) -> None:
        """Raise Conflict where a native service needs one of *theirs*, which the agent keeps."""
        self._definitions.refuse_needs(specs, theirs)

    def remove(self, names: Sequence[str], args: Arguments) -> Document:
        """Stop services and remove every trace of them."""
        plan = self._definitions.plan_removal(names)
        outcomes: list[Outcome] = []
        if not args.flag("dry_run"):
            self._change(names, args, lambda manager, name: manager.stop(name), Goal.DOWN)
            outcomes = self._definitions.remove(self._dependants_first(names), args)
        return {"plan": plan, "outcomes": [each.document() for each in outcomes]}

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
