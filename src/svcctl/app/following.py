"""New lines and restarts, as they come, for one asker: never faster than it takes them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.app.waiting import Emit
from svcctl.engine.keeper import Keeper, ending_text
from svcctl.engine.manager import AgentManager
from svcctl.events import Event, InstanceExited, InstanceSpawned
from svcctl.ports import Bus, Cancel, Clock, Document, Exit
from svcctl.record import Portion, Record

if TYPE_CHECKING:  # none of it is loaded where nothing is watched
    from svcctl.app.foreign_logs import ForeignLogs
    from svcctl.app.grep import Grep
    from svcctl.observe.records.search import Sought
    from svcctl.spec.watch import WatchSpec

Take = Callable[[str, str, Iterable[bytes], float], Iterable[Document]]
"""Gives records as items, of an instance, a stream and its lines that came at a time."""

_HELD = 1024 * 1024  # bytes that may wait for an asker; what comes then is passed over
_OF_ITS_OWN = 50  # bytes that a line takes in memory besides its text


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    """What came at once: lines of a stream, or (without one) what an event says."""

    at: float
    service: str
    instance: str
    stream: str = ""
    lines: tuple[bytes, ...] = ()
    records: tuple[Record, ...] = ()

    @property
    def size(self) -> int:
        own = _OF_ITS_OWN * self.count
        return own + sum(map(len, self.lines)) + sum(len(each.raw) for each in self.records)

    @property
    def count(self) -> int:
        return len(self.lines) + len(self.records)


class Following:
    """Takes what is new of services from :meth:`begin` on; :meth:`pass_on` hands it over."""

    def __init__(
        self,
        names: Iterable[str],
        *,
        grep: Grep | None,
        stream: str | None,
        clock: Clock,
        take: Take | None = None,
        which: Sought | None = None,
    ) -> None:
        """*take* finds records in lines, *which* those of watches, instead of *grep*."""
        self._names, self._take, self._which = frozenset(names), take, which
        self._grep, self._stream, self._clock = grep, stream, clock
        self._waiting: deque[_New] = deque()
        self._size = 0
        self._missed: Counter[tuple[str, str]] = Counter()
        self._came = asyncio.Event()
        self._ended: dict[str, str] = {}
        self._followed: set[str] = set()
        self._cancels: list[Cancel] = []

    def begin(self, keepers: Iterable[Keeper], manager: AgentManager, bus: Bus) -> None:
        """Take what is new of *keepers* and of those that join them."""
        for keeper in keepers:
            self._follow(keeper)

        def notice(event: Event) -> None:
            if event.instance in self._followed or event.service in self._names:
                self._tell_event(event, manager)

        self._cancels.append(bus.subscribe(notice))

    def listen_to(self, watches: Collection[str], foreign: ForeignLogs) -> None:
        """Take what is new of *watches*, too."""
        from svcctl.app.foreign_reading import Records  # noqa: PLC0415 - where there are some

        records = {name: Records(foreign.specs[name]) for name in watches}

        def take(spec: WatchSpec, portion: Portion) -> None:
            if spec.name in records and self._stream is None:
                now = self._clock.now()
                new = _New(
                    at=now,
                    service=spec.owner,
                    instance=spec.name,
                    stream=portion.stream,
                    records=tuple(records[spec.name].of(portion, now=now)),
                )
                self._put(new)

        self._cancels.append(foreign.listen(take))

    def end(self) -> None:
        """Take no more."""
        for cancel in self._cancels:
            cancel()
        self._cancels.clear()

    async def pass_on(self, emit: Emit) -> None:
        """Hand over what came and what comes, for ever; say how much was passed over."""
        while True:
            await self._came.wait()
            self._came.clear()
            while self._waiting:
                new = self._waiting.popleft()
                self._size -= new.size
                for item in self._items(new):
                    emit(item)
                await emit.room()
            for item in self._passed_over():
                emit(item)

    def _passed_over(self) -> Iterable[Document]:
        missed, self._missed = self._missed, Counter()
        for (service, instance), count in missed.items():
            where: Document = {"at": self._clock.now(), "service": service, "instance": instance}
            yield where | {"event": f"{count} lines left out here: they came faster than read"}

    def _items(self, new: _New) -> Iterable[Document]:
        where: Document = {"at": new.at, "service": new.service, "instance": new.instance}
        if new.records:
            yield from self._of_records(new, where)
            return
        if new.stream and self._take:
            for item in self._take(new.instance, new.stream, new.lines, new.at):
                yield item | {"service": new.service}
            return
        for line in new.lines:
            text = line.decode(errors="replace")
            if not new.stream:
                yield where | {"event": text}
            elif self._grep is None or self._grep.search(text):
                yield where | {"stream": new.stream, "text": text}

    def _of_records(self, new: _New, where: Document) -> Iterable[Document]:
        for record in new.records:
            text = record.raw.decode(errors="replace")
            if self._which is None:
                if self._grep is None or self._grep.search(text):
                    yield where | {"stream": new.stream, "text": text}
            elif self._which.has(record):
                from svcctl.app.searching import record_document  # noqa: PLC0415 - it is there

                yield record_document(
                    record,
                    at=new.at,
                    service=new.service,
                    instance=new.instance,
                    stream=new.stream,
                )

    def _put(self, new: _New) -> None:
        if self._size >= _HELD:
            self._missed[new.service, new.instance] += new.count
            return
        self._waiting.append(new)
        self._size += new.size
        self._came.set()

    def _follow(self, keeper: Keeper) -> None:
        if keeper.name in self._followed:
            return
        self._followed.add(keeper.name)

        def take(stream: str, lines: list[bytes]) -> None:
            if self._stream in {None, stream}:
                self._put(
                    _New(
                        at=self._clock.now(),
                        service=keeper.spec.name,
                        instance=keeper.name,
                        stream=stream,
                        lines=tuple(lines),
                    )
                )

        self._cancels.append(keeper.sink.follow(take))

    def _tell_event(self, event: Event, manager: AgentManager) -> None:
        if isinstance(event, InstanceExited):
            end = ending_text(Exit(code=event.code, signal=event.signal))
            self._ended[event.instance] = end
            self._put_event(event, f"ended, {end}")
        elif isinstance(event, InstanceSpawned):
            self._follow(manager.instance(event.instance))
            if event.instance in self._ended:
                self._put_event(event, f"restarted, {self._ended.pop(event.instance)}")

    def _put_event(self, event: Event, text: str) -> None:
        self._put(
            _New(
                at=event.at,
                service=event.service,
                instance=event.instance,
                lines=(text.encode(),),
            )
        )
