"""svcctl as its own init: the same ServiceManager port as the SCM, systemd and launchd."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from svcctl.engine import adoption, clashes, journal, order
from svcctl.engine.census import Census
from svcctl.engine.dismissal import dismiss, until_quiet
from svcctl.engine.keeper import Keeper, instance_name
from svcctl.engine.kept import KIND, Kept, from_document, to_document
from svcctl.engine.leaving import Leaving
from svcctl.engine.life import QUIET, Phase, Told
from svcctl.engine.needs import Needs
from svcctl.engine.survivors import Survivors
from svcctl.engine.world import World
from svcctl.errors import Conflict, SpecError, UnknownService
from svcctl.events import SpecApplied
from svcctl.ports import Act, Applied, Document, InstanceStatus, Timer, Usage
from svcctl.spec import canonical
from svcctl.spec.diff import diff
from svcctl.spec.instance import for_instance
from svcctl.spec.service import ServiceSpec, Start

log = logging.getLogger(__name__)

_AT_A_TIME = 8  # starts between two turns of the loop, so that it never stands still for long
_DELAYED = 60.0  # seconds after the agent's start at which `start = "delayed"` services start


class AgentManager:
    """Keeps services in this process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[str, Kept] = {}
        self.needs = Needs(self._kept)
        self._census = Census(world.spawner, clock=world.clock, needs=self.needs)
        self._leaving = Leaving(bus=world.bus, drop=self._drop)
        self._survivors = Survivors(world)
        self._delayed: Timer | None = None
        self._forget = world.bus.subscribe(self.needs.notice)

    @property
    def world(self) -> World:
        """The outside."""
        return self._world

    # what there is

    def names(self) -> list[str]:
        """Give the names of all services, sorted."""
        return sorted(self._kept)

    @property
    def specs(self) -> Mapping[str, ServiceSpec]:
        """Every service's definition."""
        return {name: kept.spec for name, kept in self._kept.items()}

    def query(self, name: str) -> Applied:
        """Give what was applied."""
        return self._find(name).applied

    def keepers(self, target: str) -> list[Keeper]:
        """Give the keepers of a service, or the one of an instance (``web.1``, ``web.2``)."""
        if target in self._kept:
            return self._kept[target].keepers
        service, _, number = target.rpartition(".")
        if service in self._kept and number.isdecimal():
            found = [each for each in self._kept[service].keepers if each.number == int(number)]
            if found:
                return found
        raise self._unknown(target)

    def instance(self, name: str) -> Keeper:
        """Give the keeper of the instance called *name*; the first is called as its service."""
        return self.keepers(name)[0]

    def is_enabled(self, name: str) -> bool:
        """Say whether the service starts by itself."""
        return self._find(name).enabled

    def status(self, names: Iterable[str]) -> list[InstanceStatus]:
        """Say how each instance of *names* (services or instances) is, and what it uses."""
        keepers = [keeper for name in names for keeper in self.keepers(name)]
        return self._census.take([(keeper, self._kept[keeper.spec.name]) for keeper in keepers])

    def measure(self, *, closely: bool) -> list[tuple[Keeper, InstanceStatus, Usage | None]]:
        """Say how every instance is, and all it uses: None for what does not run."""
        keepers = [keeper for kept in self._kept.values() for keeper in kept.keepers]
        asked = [(keeper, self._kept[keeper.spec.name]) for keeper in keepers]
        found = self._census.measure(asked, closely=closely)
        return [(keeper, *each) for keeper, each in zip(keepers, found, strict=True)]

    def glance(self, keeper: Keeper) -> InstanceStatus:
        """Say how *keeper* is, without measuring what it uses."""
        return self._census.glance(keeper, self._kept[keeper.spec.name])

    # definitions

    def plan(self, applied: Applied) -> tuple[Act, ...]:
        """Give what install or configure would do; nothing where the definition is the same."""
        kept = self._kept.get(applied.name)
        before = canonical.text(kept.applied.spec) if kept else None
        wanted = canonical.text(applied.spec)
        if wanted == before:
            return ()
        return (Act(kind="set", target=f"service {applied.name}", text=wanted, before=before),)

    def plan_removal(self, name: str) -> tuple[Act, ...]:
        """Give what uninstall would do."""
        before = canonical.text(self._find(name).applied.spec)
        return (Act(kind="delete", target=f"service {name}", before=before),)

    async def install(self, applied: Applied) -> None:
        """Take a new service; it is not started."""
        if applied.name in self._kept:
            raise Conflict(f"service {applied.name!r} is there already")
        for keeper in self._add(applied, enabled=None).keepers:
            _take_over(keeper, self._survivors.claim(keeper, None))
        self._say(applied, "created")

    async def settle(self) -> None:
        """Come back once every change made so far survives a power failure."""
        await self._world.store.settle()

    async def uninstall(self, name: str) -> None:
        """Forget a service; raises Conflict while it runs."""
        kept = self._find(name)
        keepers = [*kept.keepers, *self._leaving.of(name)]
        running = [keeper.name for keeper in keepers if keeper.state.phase not in QUIET]
        if running:
            raise Conflict(
                f"service {name!r} still runs: {', '.join(running)}", hint=f"svcctl stop {name}"
            )
        for keeper in kept.keepers:
            self._drop(keeper)
        del self._kept[name]
        self._world.store.delete(KIND, name)
        self._say(kept.applied, "removed")

    async def configure(self, applied: Applied) -> str:
        """Take a changed definition; see :class:`svcctl.ports.ServiceManager`."""
        kept = self._find(applied.name)
        old, new = kept.spec, _parse(applied)
        self.refuse_clashes([new])
        change = diff(old, new)
        kept.applied, kept.spec = applied, new
        if old.start is not new.start:
            kept.enabled = new.start in {Start.AUTO, Start.DELAYED}
        self._save(kept)
        if change.kind == "unchanged":
            return "unchanged"
        outdated = [keeper for keeper in kept.keepers[: new.instances] if keeper.state.child]
        self._resize(kept)
        for keeper in kept.keepers:
            keeper.respec(self._spec_of(kept, keeper.number), applied.revision)
        for keeper in kept.keepers:
            if change.needs_restart and keeper in outdated:
                keeper.tell(Told.RESTART)
            elif keeper.state.phase in {Phase.FAILED, Phase.BACKOFF}:
                keeper.tell(Told.RESET)  # a new definition deserves a new try
        self._say(applied, "changed")
        return "restarted" if change.needs_restart and outdated else "updated"

    async def scale(self, name: str, instances: int) -> None:
        """Run that many instances, until the definition is applied anew."""
        applied = self.query(name)
        spec = applied.spec | {"instances": instances}
        origins = applied.origins | {"instances": {"layer": "scale"}}
        await self.configure(
            replace(applied, spec=spec, revision=canonical.revision(spec), origins=origins)
        )

    def _resize(self, kept: Kept) -> None:
        """Have as many keepers as the definition wants; those past the end stop and go."""
        wanted = kept.spec.instances
        started = any(keeper.state.wanted for keeper in kept.keepers)
        for keeper in kept.keepers[wanted:]:
            keeper.tell(Told.STOP)
        kept.keepers, leaving = kept.keepers[:wanted], kept.keepers[wanted:]
        for keeper in leaving:
            self._leaving.see_off(keeper)
        for number in range(len(kept.keepers) + 1, wanted + 1):
            back = self._leaving.take_back(instance_name(kept.spec.name, number))
            keeper = back or self._make(kept, number)
            kept.keepers.append(keeper)
            if started:
                keeper.tell(Told.START)

    def _drop(self, keeper: Keeper) -> None:
        self.needs.forget(keeper)
        self._census.forget(keeper)
        keeper.discard()

    async def enable(self, name: str, *, enabled: bool) -> None:
        """Have the service start by itself, or no longer."""
        kept = self._find(name)
        kept.enabled = enabled
        self._save(kept)

    def _add(self, applied: Applied, *, enabled: bool | None) -> Kept:
        spec = _parse(applied)
        self.refuse_clashes([spec])
        by_itself = spec.start in {Start.AUTO, Start.DELAYED} if enabled is None else enabled
        kept = Kept(applied=applied, spec=spec, enabled=by_itself, keepers=[])
        kept.keepers = [self._make(kept, number) for number in range(1, spec.instances + 1)]
        self._kept[applied.name] = kept
        self._save(kept)
        return kept

    def refuse_clashes(self, wanted: Iterable[ServiceSpec]) -> None:
        """Raise Conflict where *wanted* has the name of an instance; nothing is changed.

        Raises SpecError where this machine cannot do what it says.
        """
        wanted = list(wanted)
        for spec in wanted:
            self._world.as_here(spec)
        clashes.refuse(wanted, known=self.specs)

    def _make(self, kept: Kept, number: int) -> Keeper:
        return Keeper(
            self._spec_of(kept, number),
            number=number,
            revision=kept.applied.revision,
            world=self._world,
            await_needs=self.needs.wait,
        )

    def _spec_of(self, kept: Kept, number: int) -> ServiceSpec:
        return for_instance(self._world.as_here(kept.spec), number, kept.spec.instances)

    def _save(self, kept: Kept) -> None:
        self._world.store.put(KIND, kept.applied.name, to_document(kept))

    def _say(self, applied: Applied, change: str) -> None:
        self._world.bus.publish(
            SpecApplied(
                at=self._world.clock.now(),
                service=applied.name,
                change=change,
                revision=applied.revision,
            )
        )

    # verbs

    def start(self, name: str) -> None:
        """Start a service or instance, and first what it needs."""
        for keeper in order.needed_by(self.instance(name).spec.name, self._kept):
            keeper.tell(Told.START)
        for keeper in self.keepers(name):
            self._refuse_disabled(keeper.spec)
            keeper.tell(Told.START)

    def stop(self, name: str) -> None:
        """Stop it."""
        self._tell(name, Told.STOP)

    def restart(self, name: str) -> None:
        """Stop it and start it again; start it where it does not run."""
        for keeper in order.needed_by(self.instance(name).spec.name, self._kept):
            keeper.tell(Told.START)
        self._tell(name, Told.RESTART)

    def pause(self, name: str) -> None:
        """Freeze it."""
        self._tell(name, Told.PAUSE)

    def resume(self, name: str) -> None:
        """Let it go on."""
        self._tell(name, Told.RESUME)

    def reload(self, name: str) -> None:
        """Make it read its configuration again."""
        self._tell(name, Told.RELOAD)

    def reset(self, name: str) -> None:
        """Forget its failures."""
        self._tell(name, Told.RESET)

    def signal(self, name: str, signal: str) -> None:
        """Send a signal to its main process; raises Conflict where there is none."""
        for keeper in self.keepers(name):
            if keeper.program.child is None:
                raise Conflict(f"{keeper.name!r} has no process", hint=f"svcctl status {name}")
            keeper.program.child.signal(signal)

    def _tell(self, name: str, kind: Told) -> None:
        for keeper in self.keepers(name):
            keeper.tell(kind, reason="asked")

    def _refuse_disabled(self, spec: ServiceSpec) -> None:
        if spec.start is Start.DISABLED:
            raise Conflict(
                f"service {spec.name!r} is disabled by its definition",
                hint='change start = "disabled" and apply it',
            )

    def start_order(self, names: Iterable[str]) -> list[list[str]]:
        """Give *names* in waves: each needs, or comes after, only what is in earlier ones."""
        return order.start_order(names, self._kept)

    # the agent's own life

    def load(self) -> int:
        """Take over what an earlier agent kept; give how many programs were found running."""
        entries, unreadable = journal.read(self._world.store.items(journal.KIND))
        for name, document in self._world.store.items(KIND):
            self._reload_service(name, document)
        adopted = 0
        for keeper in [each for kept in self._kept.values() for each in kept.keepers]:
            if entry := self._survivors.claim(keeper, entries.pop(keeper.name, None)):
                adopted += _take_over(keeper, entry)
                if entry.resume:
                    keeper.tell(Told.ARM if keeper.spec.schedule else Told.START)
            elif keeper.name in unreadable:  # its program may run: there must never be two
                reason = "what was written of it cannot be read, and its program may still run"
                adoption.doubt(keeper, reason)
            elif self._kept[keeper.spec.name].enabled:
                self._start_by_itself(keeper)
        for key, entry in entries.items():
            if entry.service in self._kept:
                self._end_unwanted(key, entry)
        self._survivors.end(self._kept)
        return adopted

    def _end_unwanted(self, name: str, entry: journal.Entry) -> None:
        """End an instance past the last one: an earlier agent died while it was leaving."""
        if entry.token and entry.boot_id == self._world.boot_id:
            self._world.spawner.strays(name, entry.token, lambda _: None)
        self._world.store.delete(journal.KIND, name)

    def _reload_service(self, name: str, document: Document) -> None:
        try:
            applied, enabled = from_document(name, document)
            self._add(applied, enabled=enabled)
        except (SpecError, Conflict, KeyError, TypeError):
            log.exception("service.unreadable", extra={"service": name})

    def _start_by_itself(self, keeper: Keeper) -> None:
        if keeper.spec.start is Start.DELAYED:
            if self._delayed is None:
                self._delayed = self._world.clock.later(_DELAYED, self._start_delayed)
        elif keeper.spec.schedule:
            keeper.tell(Told.ARM)
        else:
            asyncio.get_running_loop().call_soon(keeper.tell, Told.START)

    def _start_delayed(self) -> None:
        for kept in self._kept.values():
            if kept.spec.start is Start.DELAYED and kept.enabled:
                for keeper in kept.keepers:
                    keeper.tell(Told.START)

    async def start_many(self, names: Iterable[str]) -> None:
        """Start services in the order of their needs, and let the loop breathe meanwhile."""
        count = 0
        for wave in self.start_order(names):
            for name in wave:
                for keeper in self._kept[name].keepers:
                    keeper.tell(Told.ARM if keeper.spec.schedule else Told.START)
                    count += 1
                    if count % _AT_A_TIME == 0:
                        await asyncio.sleep(0)

    async def stop_all(self) -> None:
        """Stop everything, dependants first; what ran is started again by the next agent."""
        for wave in reversed(self.start_order(self._kept)):
            keepers = [keeper for name in wave for keeper in self._kept[name].keepers]
            for keeper in keepers:
                dismiss(keeper)
            await until_quiet(keepers, bus=self._world.bus)
        await until_quiet(self._leaving.all(), bus=self._world.bus)

    def kill_all(self) -> None:
        """Stop everything at once, by killing it; what ran is started again by the next agent."""
        for kept in self._kept.values():
            for keeper in kept.keepers:
                dismiss(keeper)
                keeper.program.kill()
        for keeper in self._leaving.all():
            keeper.program.kill()

    def close(self) -> int:
        """Let go of everything and touch no program; give how many still run."""
        if self._delayed:
            self._delayed.cancel()
        self._forget()
        keepers = [keeper for kept in self._kept.values() for keeper in kept.keepers]
        keepers += self._leaving.all()
        left = sum(keeper.program.child is not None for keeper in keepers)
        for keeper in keepers:
            keeper.close()
        return left

    def _find(self, name: str) -> Kept:
        try:
            return self._kept[name]
        except KeyError:
            raise self._unknown(name) from None

    def _unknown(self, name: str) -> UnknownService:
        return UnknownService(
            f"no service {name!r}", hint=f"known: {', '.join(self.names()) or 'none yet'}"
        )


def _take_over(keeper: Keeper, entry: journal.Entry | None) -> bool:
    """Have *keeper* carry on; one page of the journal that is no good must not stop the agent."""
    try:
        return entry is not None and adoption.take_over(keeper, entry)
    except Exception:
        log.exception("journal.unusable", extra={"instance": keeper.name})
        return False


def _parse(applied: Applied) -> ServiceSpec:
    return canonical.parse(applied.spec)
