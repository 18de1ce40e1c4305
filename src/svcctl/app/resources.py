"""Learns what every program uses, and tells what leaks, is nearly exhausted or is unusual."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from svcctl.app.arguments import Arguments
from svcctl.app.found_in import found_in, over_in
from svcctl.app.own_folders import OwnFolders
from svcctl.app.sampling import Sample, Sampler
from svcctl.app.selection import choose
from svcctl.app.using import Using
from svcctl.app.waiting import Emit
from svcctl.engine.keeper import Keeper
from svcctl.engine.manager import AgentManager
from svcctl.events import Event, FindingMade, InstanceExited, SpecApplied
from svcctl.ports import Cancel, Document, Identity
from svcctl.wire import Selection

if TYPE_CHECKING:  # the agent loads what judges with the first sample
    from svcctl.detect.finding import Finding
    from svcctl.detect.resource_watch import Change, Outlook, ResourceWatch

log = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds between two samples, where nobody says otherwise."""

_SAVE_EVERY = 1_800.0  # seconds: what is learnt in them is lost by a kill
_URGENT = "P1"
_KINDS = frozenset(("leak", "unusual value"))


class Told(Protocol):
    """Knows what was told of a service, also before a restart, and what nobody wants to hear."""

    def open_of(self, service: str) -> list[FindingMade]:
        """Give what was found of *service* and is not over."""

    def is_quiet(self, pattern: str) -> bool:
        """Say whether somebody has called findings of *pattern* false."""


@dataclass(slots=True, kw_only=True)
class _Watched:
    """One process: who it is, and what is learnt of it."""

    service: str
    who: str
    watch: ResourceWatch
    using: Using
    saved_at: float


class Resources:
    """Watches what runs and wants it (``detect``); loads nothing before the first sample."""

    def __init__(
        self, manager: AgentManager, sampler: Sampler, *, told: Told, folders: OwnFolders
    ) -> None:
        self._manager, self._sampler, self._told = manager, sampler, told
        self._folders = folders
        self._clock, self._bus = manager.world.clock, manager.world.bus
        self._store = manager.world.store
        self._every = EVERY
        self._watched: dict[str, _Watched] = {}
        self._read_back: dict[str, dict[str, Document]] = {}
        self._forget: Cancel | None = None

    def begin(self, *, every: float = EVERY) -> None:
        """Watch from now on; what was found of programs that are gone is over."""
        self._every = every
        self._forget = self._bus.subscribe(self._noticed)
        for name in self._manager.names():
            for each in self._open_of(name):
                if not self._runs(each):
                    self._end(name, each.instance)
        self._sampler.every(every, self._read)

    def close(self) -> None:
        """Watch no more; what was learnt is kept."""
        if self._forget:
            self._forget()
        self._folders.close()
        for name, each in self._watched.items():
            self._save(name, each)
        self._watched.clear()

    # for those who ask

    def trend(self, instance: str) -> float | None:
        """Give how many bytes a second the memory of *instance* grows; None: it does not leak."""
        for each in self._outlook(instance):
            if each.resource == "memory" and each.trend is not None:
                return each.trend.hour / 3_600
        return None

    async def trends(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Say what instances use more and more of, and when all of it is used up."""
        del args, emit
        return [
            _row(keeper, each)
            for name in choose(selection, self._manager.specs)
            for keeper in self._manager.keepers(name)
            for each in self._outlook(keeper.name)
        ]

    def _outlook(self, instance: str) -> Iterable[Outlook]:
        watched = self._watched.get(instance)
        return () if watched is None else watched.watch.outlook()

    # what happens

    def _noticed(self, event: Event) -> None:
        match event:
            case InstanceExited(service=service, instance=instance):
                self._drop(service, instance)
            case SpecApplied(change="removed", service=service):
                for instance in self._instances_of(service):
                    del self._watched[instance]
                for instance, _ in self._store.items(_kind(service)):
                    self._store.delete(_kind(service), instance)
            case SpecApplied(service=service) if not self._is_wanted(service):
                for instance in self._instances_of(service):
                    self._drop(service, instance)
            case _:
                pass

    def _instances_of(self, service: str) -> list[str]:
        return [name for name, each in self._watched.items() if each.service == service]

    def _is_wanted(self, service: str) -> bool:
        spec = self._manager.specs.get(service)
        return spec is not None and spec.detect.on

    def _drop(self, service: str, instance: str) -> None:
        """Its program has ended, or nobody wants to know any more."""
        self._end(service, instance)
        if watched := self._watched.pop(instance, None):
            self._save(instance, watched)

    def _read(self, samples: Sequence[Sample]) -> float | None:
        left = self._manager.world.spawner.memory_left()
        wanted = [each for each in samples if each.keeper.spec.detect.on]
        sooner = [self._look_at(each, left=left) for each in wanted]
        self._folders.look(self._manager.specs, [each.keeper.spec.name for each in wanted])
        self._read_back.clear()
        return min((each for each in sooner if each is not None), default=None)

    def _look_at(self, sample: Sample, *, left: int | None) -> float | None:
        keeper, now = sample.keeper, self._clock.now()
        child = keeper.program.child
        if child is None:
            return None
        watched = self._watched.get(keeper.name)
        if watched is None or watched.who != _who(child.identity):
            watched = self._watched[keeper.name] = self._begin(keeper, child.identity)
        folder = self._folders.of(keeper.spec.name) if keeper.number == 1 else None
        used = watched.using.read(sample.usage, left=left, folder=folder)
        change = watched.watch.read(used.amounts, at=now, age=used.age, rooms=used.rooms)
        if change.begun or change.ended:
            self._tell(keeper, watched, change)
        if change.begun or change.ended or self._is_due(watched):
            self._save(keeper.name, watched)
        return watched.using.hurry(used, every=self._every)

    def _begin(self, keeper: Keeper, identity: Identity) -> _Watched:
        from svcctl.detect.resource_watch import ResourceWatch  # noqa: PLC0415 - 0.4 MB

        learning = max(1, round(keeper.spec.detect.learning / self._every))
        started = keeper.entry.started_at
        watch = ResourceWatch(keeper.name, started=started, learning=learning)
        is_same = False
        if document := self._kept(keeper):
            is_same, state = document.get("who") == _who(identity), document.get("state")
            try:
                watch.restore(state if isinstance(state, dict) else {}, same_process=is_same)
            except (ValueError, TypeError, LookupError) as error:
                fields = {"instance": keeper.name, "problem": str(error)}
                log.warning("resources.unreadable", extra=fields)
                is_same = False
                watch = ResourceWatch(keeper.name, started=started, learning=learning)
        still = watch.open if is_same else ()
        self._end(keeper.spec.name, keeper.name, lambda pattern: pattern not in still)
        return _Watched(
            service=keeper.spec.name,
            who=_who(identity),
            watch=watch,
            using=Using(keeper),
            saved_at=self._spread(),
        )

    def _kept(self, keeper: Keeper) -> Document | None:
        """Give what was kept of an instance; those of one service are read together."""
        service = keeper.spec.name
        if service not in self._read_back:
            self._read_back[service] = dict(self._store.items(_kind(service)))
        return self._read_back[service].get(keeper.name)

    def _spread(self) -> float:
        """Give a time of saving to each, so that not all are saved at once."""
        return self._clock.monotonic() - len(self._watched) * self._every % _SAVE_EVERY

    def _is_due(self, watched: _Watched) -> bool:
        return self._clock.monotonic() - watched.saved_at >= _SAVE_EVERY

    def _save(self, instance: str, watched: _Watched) -> None:
        watched.saved_at = self._clock.monotonic()
        document: Document = {"who": watched.who, "state": watched.watch.state()}
        self._store.put(_kind(watched.service), instance, document)

    # what is told

    def _tell(self, keeper: Keeper, watched: _Watched, change: Change) -> None:
        for finding in change.begun:
            if not self._told.is_quiet(finding.pattern):
                urgent = finding.pattern in change.urgent
                self._bus.publish(self._event(keeper, watched.watch, finding, urgent=urgent))
        self._end(keeper.spec.name, keeper.name, lambda pattern: pattern in change.ended)

    def _event(
        self, keeper: Keeper, watch: ResourceWatch, finding: Finding, *, urgent: bool
    ) -> FindingMade:
        found, now = finding.deviation, self._clock.now()
        ends = [e.exhausted_in for e in watch.outlook() if e.resource == found.subject]
        return found_in(
            keeper.name,
            finding,
            service=keeper.spec.name,
            at=now,
            priority=_URGENT if urgent and not _is_seen_to(keeper, found.subject) else "",
            exhausted_at=next((now + each for each in ends if each is not None), None),
        )

    def _end(
        self, service: str, instance: str, is_over: Callable[[str], bool] = lambda _: True
    ) -> None:
        """Say that what was told of *instance* is over, where its pattern *is_over*."""
        for each in tuple(self._open_of(service)):
            if each.instance == instance and is_over(each.pattern):
                at = self._clock.now()
                self._bus.publish(over_in(instance, each.pattern, service=service, at=at))

    def _open_of(self, service: str) -> Iterator[FindingMade]:
        """Give what we have told of *service*: what is found in logs has no instance."""
        for each in self._told.open_of(service):
            if each.instance and each.kind in _KINDS:
                yield each

    def _runs(self, made: FindingMade) -> bool:
        keepers = self._manager.keepers(made.service)
        return any(each.name == made.instance and each.program.child for each in keepers)


def _is_seen_to(keeper: Keeper, resource: str) -> bool:
    """Say whether it is started anew in good time: then nobody has to hurry."""
    limits = keeper.spec.limits
    return resource == "memory" and limits.memory is None and limits.memory_restart is not None


def _row(keeper: Keeper, outlook: Outlook) -> Document:
    trend = outlook.trend
    return {
        "service": keeper.spec.name,
        "instance": keeper.name,
        "resource": outlook.resource,
        "per_hour": None if trend is None else trend.hour,
        "confidence": None if trend is None else round(trend.confidence, 3),
        "confirmed": trend is not None and trend.confirmed,
        "since": None if trend is None else trend.since,
        "exhausted_in": outlook.exhausted_in,
    }


def _kind(service: str) -> str:
    """Give a kind for each service: all at once would take megabytes to read."""
    return f"resources of {service}"


def _who(identity: Identity) -> str:
    return f"{identity.pid}:{identity.start_ticks}:{identity.boot_id}"
