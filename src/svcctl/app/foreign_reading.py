"""Reads back the logs that others keep, as the records that a person asks for."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial

from svcctl.app.foreign_logs import ForeignLogs, reader_of
from svcctl.observe.logs.query import Grep, Line, Wanted
from svcctl.observe.records.multiline import multiline
from svcctl.observe.records.reader import Reader
from svcctl.observe.records.search import Found, Sought
from svcctl.ports import Clock
from svcctl.record import Portion, Record
from svcctl.spec.watch import WatchSpec
from svcctl.wire import Selection

_ENDS = (
    64 << 10,
    1 << 20,
    16 << 20,
)  # bytes from the end in which the last records are looked for first
_STREAMS = frozenset(("stdout", "stderr"))


class Records:
    """Makes records of what comes of one watch."""

    def __init__(self, spec: WatchSpec) -> None:
        self._spec, self._way = spec, multiline(spec.multiline)
        self._readers: dict[str, Reader] = {}

    def of(self, portion: Portion, *, now: float, grep: Grep | None = None) -> Iterator[Record]:
        """Give the records in *portion*, read *now*; with *grep* those that have it."""
        if portion.records:
            yield from (each for each in portion.records if _has(grep, each.raw))
            return
        if portion.stream not in self._readers:
            self._readers[portion.stream] = reader_of(self._spec)
        reader = self._readers[portion.stream]
        lines = portion.content.removesuffix(b"\n").split(b"\n")
        for each in self._way.split(line.removesuffix(b"\r") for line in lines):
            if grep is None or _has(grep, b"\n".join(each)):  # before it is understood
                yield reader.record(each, at=now)


def chosen_watches(
    selection: Selection, foreign: ForeignLogs, services: Collection[str], *, named: str | None
) -> tuple[Selection | None, list[str]]:
    """Give what of *selection* are services (None: nothing), and the watches it means.

    *named* is a watch that is asked for besides; without names everything is meant.
    """
    specs = foreign.specs
    more = [named] if named else []
    if not selection.names:
        alone = bool(named) and not selection.labels
        everything = [] if selection.labels or named else list(specs)
        return None if alone else selection, [*more, *everything]
    found = {name: _matching(name, specs) for name in selection.names}
    rest = tuple(
        name
        for name, watches in found.items()
        if not watches or any(fnmatchcase(service, name) for service in services)
    )
    left = Selection(names=rest, labels=selection.labels, all=selection.all)
    wanted = [*more, *(each for watches in found.values() for each in watches)]
    return left if rest else None, list(dict.fromkeys(wanted))


def watches_of(services: Iterable[str], foreign: ForeignLogs) -> list[str]:
    """Name the watches whose logs are those of *services*."""
    owners = set(services)
    return [name for name, spec in foreign.specs.items() if spec.service in owners]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignPast:
    """What stands in logs of others already: the records that are *wanted*, and *which* are sought.

    There are none where only some streams of services are wanted.
    """

    foreign: ForeignLogs
    wanted: Wanted
    which: Sought
    clock: Clock

    def found(self, names: Iterable[str], *, last: int | None) -> Iterator[Found]:
        """Give the records of watches, or the *last* so many, by the time they say."""
        specs = [self.foreign.specs[name] for name in names if self.wanted.streams >= _STREAMS]
        return self._last(specs, last) if last is not None else self._all(specs, most=None)

    def _last(self, specs: Sequence[WatchSpec], count: int) -> Iterator[Found]:
        """Look at the ends first: the last records are rarely far from them."""
        for most in _ENDS:
            kept = deque(self._all(specs, most=most), maxlen=count)
            if len(kept) == count:
                yield from kept
                return
        yield from deque(self._all(specs, most=None), maxlen=count)

    def _all(self, specs: Iterable[WatchSpec], *, most: int | None) -> Iterator[Found]:
        sources, since, now = self.foreign.sources, self.wanted.since, self.clock.now()
        streams = [
            self._records(spec, part)
            for spec in specs
            for part in sources.past(
                spec, since=since, most=most, time_of=partial(reader_of(spec).time_of, now=now)
            )
        ]
        return heapq.merge(*streams, key=_time)

    def _records(self, spec: WatchSpec, part: Iterator[Portion]) -> Iterator[Found]:
        records = Records(spec)
        for portion in part:
            for record in records.of(portion, now=self.clock.now(), grep=self.wanted.grep):
                if self.wanted.has(record.at, record.raw) and self.which.has(record):
                    line = Line(record.at, spec.owner, spec.name, portion.stream, b"")
                    yield Found(line, record)


def merged(ours: Iterable[Found], theirs: Iterable[Found], *, last: int | None) -> Iterator[Found]:
    """Give both by time, or the *last* so many."""
    both = heapq.merge(ours, theirs, key=_time)
    return both if last is None else iter(deque(both, maxlen=last))


def _matching(pattern: str, specs: Iterable[str]) -> list[str]:
    return [name for name in specs if name == pattern or fnmatchcase(name, pattern)]


def _has(grep: Grep | None, raw: bytes) -> bool:
    return grep is None or grep.search(raw) is not None


def _time(found: Found) -> float:
    return found.line.at
