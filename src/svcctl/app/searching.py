"""``logs`` where lines are understood: records by level, field and trace, and their sum."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from svcctl.app.arguments import Arguments
from svcctl.app.grep import grep
from svcctl.app.waiting import Emit
from svcctl.detect.templates import Templates
from svcctl.errors import SpecError, UsageError
from svcctl.observe.records.reader import Reader
from svcctl.observe.records.search import Found, Live, Sought
from svcctl.ports import Document
from svcctl.record import Level, Record
from svcctl.spec.where import parse_where

_BATCH = 200  # records read between two looks at whether the asker keeps up
_BATCH_BYTES = 32 * 1024  # of records, which stand in an item three times, and as JSON
_MOST_TEMPLATES = 10  # shown of each service


def sought(args: Arguments) -> Sought:
    """Give which records were asked for; raises UsageError."""
    level = args.text("level")
    try:
        where = parse_where(args.text("where") or "") if args.text("where") else ()
    except SpecError as error:
        raise UsageError(error.problem, hint=error.hint) from error
    return Sought(
        level=Level[level.upper()] if level else Level.UNKNOWN,
        where=where,
        trace=args.text("trace") or "",
        grep=grep(args.text("grep")),
    )


def record_document(
    record: Record, *, at: float, service: str, instance: str, stream: str
) -> Document:
    """Give a record in a form JSON can hold; *at* is when it was captured."""
    return {
        "at": at,
        "service": service,
        "instance": instance,
        "stream": stream,
        "text": record.raw.decode(errors="replace"),
        "time": record.at,
        "level": record.level.name.lower(),
        "message": record.message,
        "trace": record.trace,
        "fields": dict(record.fields),
    }


async def emit_records(records: Iterator[Found], *, emit: Emit) -> int:
    """Hand over records, reading in a thread, no faster than they are taken; give how many."""
    count = 0

    def batch() -> list[Found]:
        found: list[Found] = []
        size = 0
        while len(found) < _BATCH and size < _BATCH_BYTES and (each := next(records, None)):
            found.append(each)
            size += len(each.record.raw)
        return found

    while found := await asyncio.to_thread(batch):
        for each in found:
            emit(found_document(each))
        count += len(found)
        await emit.room()
    return count


def live(which: Sought) -> Callable[[str, str, Iterable[bytes], float], Iterator[Document]]:
    """Give what finds records in lines of an instance's stream as they come."""
    streams: dict[tuple[str, str], Live[bytes]] = {}

    def begun() -> Live[bytes]:
        reader = Reader()
        return Live(which, text=bytes, record=lambda lines, at: reader.record(lines, at=at))

    def take(instance: str, stream: str, lines: Iterable[bytes], at: float) -> Iterator[Document]:
        taking = streams.get((instance, stream)) or streams.setdefault((instance, stream), begun())
        for record, _ in taking.take(lines, at=at):
            yield record_document(record, at=at, service="", instance=instance, stream=stream)

    return take


@dataclass
class _Sum:
    """What there is of one service."""

    lines: int = 0
    size: int = 0
    first: float = 0.0
    last: float = 0.0
    levels: Counter[str] = field(default_factory=Counter)
    templates: Templates = field(default_factory=Templates)
    seen: Counter[str] = field(default_factory=Counter)

    def take(self, found: Sequence[Found]) -> None:
        """Count records."""
        for each in found:
            self.lines += each.record.raw.count(b"\n") + 1
            self.size += len(each.record.raw) + 1
            self.levels[each.record.level.name.lower()] += 1
            self.first = min(self.first or each.line.at, each.line.at)
            self.last = max(self.last, each.line.at)
        firsts = (each.record.message.partition("\n")[0] for each in found)
        self.seen.update(self.templates.learn(firsts))

    def document(self, service: str) -> Document:
        """Give it in a form JSON can hold."""
        return {
            "at": self.last,
            "service": service,
            "instance": service,
            "lines": self.lines,
            "bytes": self.size,
            "records": sum(self.levels.values()),
            "first": self.first,
            "last": self.last,
            "levels": dict(self.levels.most_common()),
            "templates": [
                {"count": count, "template": text} for text, count in self._most_common()
            ],
        }

    def _most_common(self) -> list[tuple[str, int]]:
        merged: Counter[str] = Counter()
        for known, count in self.seen.items():
            merged[self.templates.resolve(known)] += count
        found = ((self.templates.get(known), count) for known, count in merged.most_common())
        texts = [(template.text, count) for template, count in found if template]
        return texts[:_MOST_TEMPLATES]


async def emit_stats(records: Mapping[str, Sequence[Iterator[Found]]], *, emit: Emit) -> int:
    """Hand over what there is of each service, by its name; give of how many."""
    for name in sorted(records):
        emit(await asyncio.to_thread(sum_of, name, records[name]))
        await emit.room()
    return len(records)


def sum_of(service: str, records: Iterable[Iterator[Found]]) -> Document:
    """Give what there is of one service."""
    total = _Sum()
    for each in records:
        while found := _some(each):
            total.take(found)
    return total.document(service)


def _some(records: Iterator[Found]) -> list[Found]:
    found: list[Found] = []
    while len(found) < _BATCH and (each := next(records, None)):
        found.append(each)
    return found


def found_document(found: Found) -> Document:
    """Give a record that was found in a form JSON can hold."""
    line = found.line
    return record_document(
        found.record, at=line.at, service=line.service, instance=line.instance, stream=line.stream
    )
