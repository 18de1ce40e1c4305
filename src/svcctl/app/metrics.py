"""Gathers what scrapers are told: how every instance is, what was counted, and the agent itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from svcctl.app.agent import About
from svcctl.app.arguments import Arguments
from svcctl.app.foreign_logs import ForeignLogs
from svcctl.app.natives import Natives
from svcctl.app.waiting import Emit
from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase
from svcctl.engine.manager import AgentManager
from svcctl.errors import SvcctlError
from svcctl.events import Event, InstanceSpawned
from svcctl.observe.metrics import catalogue
from svcctl.observe.metrics.exposition import TYPE, Family, Samples, read_back, render
from svcctl.observe.metrics.levels import level_of
from svcctl.observe.metrics.tally import Tally
from svcctl.ports import Clock, InstanceStatus, LogSink, Usage
from svcctl.record import Portion
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.spec.watch import WatchSpec

_SUSPECT_EVERY = 300.0  # seconds between two looks at the private memory of one suspect
_FAILED = "crashed"
_PHASES = tuple(map(str, Phase))

_OF_SERVICES = {
    each.name: each
    for each in catalogue.FAMILIES
    if each.labels[:1] == ("service",) and each not in {catalogue.INFO, catalogue.ALERTS}
}
"""What a host can say of its service; who keeps it, and who was told, is known better here."""

Numbers = dict[Family, dict[str, float]]

Trend = Callable[[str], float | None]
"""Gives how many bytes a second the memory of an instance grows; None: it does not leak."""


def _no_trend(_: str) -> None:
    return None


class Metrics:
    """Gives the page of ``/metrics`` and of ``svcctl metrics``; measures only when it is asked."""

    def __init__(
        self,
        manager: AgentManager,
        *,
        about: About,
        tally: Tally,
        natives: Natives,
        foreign: ForeignLogs,
        trend: Trend = _no_trend,
        also: Callable[[], Samples] = tuple,
    ) -> None:
        """*also* gives what others have to tell."""
        self._also = also
        self._manager, self._about, self._tally = manager, about, tally
        self._trend = trend
        self._natives, self._foreign = natives, foreign
        self._clock = manager.world.clock
        self._private: dict[str, tuple[float, int]] = {}

    async def metrics(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Give the page, for the verb of that name."""
        del selection, args, emit
        return {"type": TYPE, "text": self.page(await self._natives.pages())}

    async def exposition(self, open_metrics: bool) -> tuple[str, bytes]:
        """Give media type and text; text 0.0.4, also to those who would like OpenMetrics more."""
        del open_metrics
        return TYPE, self.page(await self._natives.pages()).encode()

    def page(self, of_hosts: Mapping[str, str] = MappingProxyType({})) -> str:
        """Measure everything, and print it with what hosts say of their services, by name."""
        begun = self._clock.monotonic()
        numbers: Numbers = {family: {} for family in catalogue.FAMILIES}
        suspects = self._tally.suspects()
        for keeper, status, usage in self._manager.measure(closely=True):
            self._tell_status(numbers, status)
            _tell_kept(numbers, keeper)
            _tell_probes(numbers, keeper)
            if usage is not None:
                self._tell_usage(numbers, keeper, usage, suspects)
        self._tell_natives(numbers, of_hosts)
        self._tell_agent(numbers)
        for watched in self._foreign.standing():
            where, behind = (watched.spec.owner, watched.spec.name), watched.follower.standing
            _tell(numbers, catalogue.LAG, behind.behind, *where)
        owners = [each.spec.owner for each in self._foreign.standing()]
        known = [*self._manager.names(), *self._natives.kept, *owners]
        for family, values in (*self._tally.samples(known), *self._also()):
            numbers[family] |= values
        took = self._clock.monotonic() - begun
        numbers[catalogue.AGENT_GATHER][catalogue.AGENT_GATHER.series()] = round(took, 6)
        return render(numbers.items())

    def _tell_natives(self, numbers: Numbers, of_hosts: Mapping[str, str]) -> None:
        """Tell what is known of native services, and what their hosts count above all."""
        for status in self._natives.standing:
            self._tell_status(numbers, status)
            where = status.service, status.instance
            _tell(numbers, catalogue.PROCESSES, status.processes, *where)
            _tell(numbers, catalogue.MEMORY, status.memory_bytes, *where, "resident")
        for page in of_hosts.values():
            for family, values in read_back(page, _OF_SERVICES):
                numbers[family] |= values

    def _tell_status(self, numbers: Numbers, status: InstanceStatus) -> None:
        where = status.service, status.instance
        _tell(numbers, catalogue.INFO, 1, *where, status.manager, status.spec_revision[:12])
        _tell(numbers, catalogue.UP, status.pid is not None, *where)
        phases, series = numbers[catalogue.PHASE], catalogue.PHASE.series
        for phase in _PHASES:
            phases[series(*where, phase)] = int(phase == status.phase)
        _tell(numbers, catalogue.READY, status.ready, *where)
        _tell(numbers, catalogue.LIVE, status.live, *where)
        _tell(numbers, catalogue.LAST_EXIT, status.exit_code, *where)
        if status.started_at is not None:
            _tell(numbers, catalogue.START, round(status.started_at, 3), *where)
            uptime = max(0.0, self._clock.now() - status.started_at)
            _tell(numbers, catalogue.UPTIME, round(uptime, 3), *where)

    def _tell_usage(
        self, numbers: Numbers, keeper: Keeper, usage: Usage, suspects: frozenset[str]
    ) -> None:
        where = keeper.spec.name, keeper.name
        user = max(0.0, usage.cpu_seconds - usage.system_seconds)
        _tell(numbers, catalogue.CPU, round(user, 3), *where, "user")
        _tell(numbers, catalogue.CPU, usage.system_seconds, *where, "system")
        _tell(numbers, catalogue.MEMORY, usage.memory_bytes, *where, "resident")
        _tell(numbers, catalogue.MEMORY_TREND, self._trend(keeper.name), *where)
        _tell(numbers, catalogue.PROCESSES, usage.processes, *where)
        _tell(numbers, catalogue.THREADS, usage.threads, *where)
        _tell(numbers, catalogue.FILES, usage.open_files, *where)
        _tell(numbers, catalogue.IO, usage.read_bytes, *where, "read")
        _tell(numbers, catalogue.IO, usage.written_bytes, *where, "written")
        if not suspects.isdisjoint(where):
            _tell(numbers, catalogue.MEMORY, self._private_bytes(keeper), *where, "private")

    def _private_bytes(self, keeper: Keeper) -> int | None:
        """Measure one suspect, but not again and again: it may take 50 ms."""
        now = self._clock.monotonic()
        at, size = self._private.get(keeper.name, (now - _SUSPECT_EVERY, 0))
        if now - at < _SUSPECT_EVERY:
            return size
        child = keeper.program.child
        found = self._manager.world.spawner.private_bytes(child) if child else None
        if found is not None:
            self._private[keeper.name] = now, found
        return found

    def _tell_agent(self, numbers: Numbers) -> None:
        usage = self._about.usage()
        _tell(numbers, catalogue.BUILD, 1, self._about.version)
        _tell(numbers, catalogue.AGENT_START, round(self._about.started_at, 3))
        for family, name in (
            (catalogue.AGENT_CPU, "cpu_seconds"),
            (catalogue.AGENT_MEMORY, "memory_bytes"),
            (catalogue.AGENT_THREADS, "threads"),
            (catalogue.AGENT_FILES, "open_files"),
        ):
            value = usage.get(name)
            _tell(numbers, family, value if isinstance(value, int | float) else None)


def _tell_kept(numbers: Numbers, keeper: Keeper) -> None:
    where, flow = (keeper.spec.name, keeper.name), keeper.sink.flow()
    for reason, count in keeper.entry.restarted.items():
        _tell(numbers, catalogue.RESTARTS, count, *where, reason)
    _tell(numbers, catalogue.CAPTURED, flow.captured_bytes, *where)
    _tell(numbers, catalogue.LAG, flow.waiting_bytes, *where)
    _tell(numbers, catalogue.PAUSED, 0, *where)  # those that are paused are counted


def _tell_probes(numbers: Numbers, keeper: Keeper) -> None:
    for each in keeper.vitals.probing.looked:
        labels = keeper.spec.name, keeper.name, each.probe, str(each.purpose)
        _tell(numbers, catalogue.PROBE_GOOD, each.good, *labels)
        _tell(numbers, catalogue.PROBE_SECONDS, each.seconds, *labels)


def _tell(numbers: Numbers, family: Family, value: float | None, *labels: str) -> None:
    """Add a sample; what is not known has none."""
    if value is not None:
        numbers[family][family.series(*labels)] = +value  # a truth becomes a number


class VerbCount:
    """Counts verbs, by how they ended, and the time they took; see dispatch.Witness."""

    def __init__(self, tally: Tally, *, clock: Clock) -> None:
        self._tally, self._clock = tally, clock

    @contextmanager
    def __call__(
        self, verb: str, *, actor: str, selection: Selection, times: int = 1
    ) -> Iterator[None]:
        """See :class:`svcctl.app.dispatch.Witness`."""
        del actor, selection
        begun, result = self._clock.monotonic(), _FAILED
        try:
            yield
            result = "done"
        except SvcctlError as error:
            result = error.code
            raise
        except asyncio.CancelledError:
            result = "given up"
            raise
        finally:
            seconds = round(self._clock.monotonic() - begun, 6)
            self._tally.add(catalogue.VERBS, verb, result, by=times)
            self._tally.add(catalogue.VERB_SECONDS, verb, by=seconds * times)


class LineCount:
    """Counts the lines of every instance by level; has to see them all, so it is asked for."""

    def __init__(self, manager: AgentManager, tally: Tally, foreign: ForeignLogs) -> None:
        self._manager, self._tally, self._foreign = manager, tally, foreign
        self._followed: dict[str, LogSink] = {}

    def begin(self) -> None:
        """Count from now on, what is started later too."""
        self._manager.world.bus.subscribe(self._noticed)
        self._foreign.listen(self._count_foreign)
        for name in self._manager.names():
            self._follow(name)

    def _noticed(self, event: Event) -> None:
        if isinstance(event, InstanceSpawned):
            self._follow(event.service)

    def _follow(self, service: str) -> None:
        for keeper in self._manager.keepers(service):
            if self._followed.get(keeper.name) is not keeper.sink:
                self._followed[keeper.name] = keeper.sink
                keeper.sink.follow(partial(self._count, service, keeper.name))

    def _count(self, service: str, instance: str, stream: str, lines: list[bytes]) -> None:
        for level, count in Counter(map(level_of, lines)).items():
            name = level.name.lower()
            self._tally.add(catalogue.LINES, service, instance, stream, name, by=count)

    def _count_foreign(self, spec: WatchSpec, portion: Portion) -> None:
        if portion.records:
            levels = Counter(record.level for record in portion.records)
        else:
            levels = Counter(map(level_of, portion.content.removesuffix(b"\n").split(b"\n")))
        for level, count in levels.items():
            labels = spec.owner, spec.name, str(spec.kind), level.name.lower()
            self._tally.add(catalogue.LINES, *labels, by=count)
