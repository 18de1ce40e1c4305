"""Finds records in what services wrote: by level, fields, trace and pattern, merged by time."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Generic, TypeVar

from svcctl.observe.logs.query import Grep, Line, Source, Wanted, read
from svcctl.observe.records.joining import split_by
from svcctl.observe.records.reader import Reader
from svcctl.record import Level, Record
from svcctl.spec.where import Where

T = TypeVar("T")

WINDOWS = (2_000, 50_000)
"""Lines from the end in which the last records are looked for first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which records: at least as bad as *level*, with all of *where*, of *trace*, with *grep*.

    A record whose level is not known is of no level.  *grep* looks at all of its lines.
    """

    level: Level = Level.UNKNOWN
    where: tuple[Where, ...] = ()
    trace: str = ""
    grep: Grep | None = None

    def has(self, record: Record) -> bool:
        """Say whether *record* is one of them."""
        return (
            record.level >= self.level
            and (not self.trace or record.trace == self.trace)
            and (self.grep is None or self.grep.search(record.raw) is not None)
            and all(each.holds(record.fields) for each in self.where)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A record, and its first line: of which service it is, and when that was captured."""

    line: Line
    record: Record


def search(
    sources: Sequence[Source], wanted: Wanted, sought: Sought, *, last: int | None
) -> Iterator[Found]:
    """Give the records *sought* among lines *wanted*, or the *last* so many of them.

    They come by the time at which they were captured.  As with
    :func:`svcctl.observe.logs.query.read`, what is captured after this call does not count.
    """
    plain = replace(wanted, grep=None)
    everything = _merged(sources, plain, sought)
    if last is None:
        return everything
    ends = [(each, read(sources, plain, last=each)) for each in WINDOWS]
    return _last(ends, everything, sought, last)


def _last(
    ends: Iterable[tuple[int, Iterable[Line]]],
    everything: Iterable[Found],
    sought: Sought,
    count: int,
) -> Iterator[Found]:
    """Look at the end first: the last records are rarely far from it."""
    for window, end in ends:
        lines = list(end)
        found = [each for each in _sorted(lines) if sought.has(each.record)]
        if len(found) >= count or len(lines) < window:
            yield from found[-count:] if count else []
            return
    yield from deque(everything, maxlen=count)


def _sorted(lines: Iterable[Line]) -> list[Found]:
    streams: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        streams.setdefault((line.instance, line.stream), []).append(line)
    found = [each for stream in streams.values() for each in _records(stream)]
    return sorted(found, key=_time)


def _merged(sources: Sequence[Source], wanted: Wanted, sought: Sought) -> Iterator[Found]:
    streams = [
        _records(read([source], replace(wanted, streams=frozenset({stream})), last=None))
        for source in sources
        for stream in sorted(wanted.streams)
    ]
    merged = heapq.merge(*streams, key=_time)
    return (each for each in merged if sought.has(each.record))


def _records(lines: Iterable[Line]) -> Iterator[Found]:
    """Give the records of one stream."""
    reader = Reader()
    for each in split_by(lines, _text):
        yield Found(each[0], reader.record([line.text for line in each], at=each[0].at))


def _text(line: Line) -> bytes:
    return line.text


def _time(found: Found) -> float:
    return found.line.at


class Live(Generic[T]):
    """Records of one stream as its lines come, some at a time; a record may come in parts.

    *text* gives what a line says, *record* the record of lines that were read at some time.
    """

    def __init__(
        self,
        sought: Sought,
        *,
        text: Callable[[T], bytes],
        record: Callable[[list[T], float], Record],
    ) -> None:
        self._sought, self._text, self._record = sought, text, record
        self._last: list[T] = []
        self._wanted = False

    def take(self, lines: Iterable[T], *, at: float) -> Iterator[tuple[Record, list[T]]]:
        """Give the records sought, each with its lines that are new.

        What goes on with a record that was given is given too.
        """
        before = len(self._last)
        for each in split_by(chain(self._last, lines), self._text):
            new = each[before:]
            record = self._record(each, at)
            self._wanted = self._sought.has(record) or (before > 0 and self._wanted)
            if new and self._wanted:
                raw = b"\n".join(map(self._text, new)) if before else record.raw
                yield replace(record, raw=raw), new
            self._last, before = each, 0
