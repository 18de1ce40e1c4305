"""Records in what native services wrote, as an agent finds them among its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from svcctl.app.arguments import Arguments
from svcctl.app.logs import asked_for
from svcctl.app.searching import found_document, live, record_document, sought
from svcctl.client.journal import STREAM, Entry
from svcctl.observe.logs.query import Line, Source
from svcctl.observe.records.entries import journal_record
from svcctl.observe.records.reader import Reader
from svcctl.observe.records.search import Found, Live, Sought, search
from svcctl.ports import Document
from svcctl.record import Record


def captured_records(
    sources: Sequence[Source], args: Arguments, *, now: float
) -> Iterator[Document]:
    """Give the records of captured files that *args* of ``logs`` ask for; raises UsageError."""
    wanted, last = asked_for(args, now=now)
    return map(found_document, search(sources, wanted, sought(args), last=last))


def found_in_files(sources: Sequence[Source], args: Arguments, *, now: float) -> Iterator[Found]:
    """Give all records of captured files, however many; raises UsageError."""
    wanted, _ = asked_for(args, now=now)
    return search(sources, wanted, sought(args), last=None)


def items_as_they_come(source: Source, args: Arguments) -> Callable[[bytes], Iterator[Document]]:
    """Give what makes items of each line of a file, in which it stands last; raises UsageError."""
    take = live(sought(args))

    def items(text: bytes) -> Iterator[Document]:
        for each in take(source.instance, STREAM, [text], time.time()):
            yield {**each, "service": source.service}

    return items


def found_in_journal(service: str, args: Arguments, entries: Iterable[Entry]) -> Iterator[Found]:
    """Give the records among *entries* of the journal that *args* ask for; raises UsageError."""
    for record, first, _ in _Records(sought(args)).take(entries):
        yield Found(Line(first.at, service, service, STREAM, first.text), record)


class JournalRecords:
    """Makes items of the records that a service writes to the journal; raises UsageError."""

    def __init__(self, service: str, args: Arguments) -> None:
        self._service, self._records = service, _Records(sought(args))

    def items(self, entries: Iterable[Entry]) -> Iterator[tuple[Document, str]]:
        """Give each with the place at which it ends; one may come in parts."""
        name = self._service
        for record, first, last in self._records.take(entries):
            item = record_document(record, at=first.at, service=name, instance=name, stream=STREAM)
            yield item, last.place


class _Records:
    """Reads what was written as lines of a file are read, and adds what the journal knows."""

    def __init__(self, which: Sought) -> None:
        self._reader = Reader()
        self._live = Live[Entry](which, text=lambda each: each.text, record=self._record)

    def take(self, entries: Iterable[Entry]) -> Iterator[tuple[Record, Entry, Entry]]:
        """Give each record with its first and its last entry of these."""
        for record, of_it in self._live.take(entries, at=0.0):
            yield record, of_it[0], of_it[-1]

    def _record(self, entries: list[Entry], _: float) -> Record:
        known = journal_record(entries[0].raw, now=entries[0].at)
        lines = [line for each in entries for line in each.text.split(b"\n")]
        said = self._reader.record(lines, at=known.at)
        return replace(
            said,
            level=said.level or known.level,
            trace=said.trace or known.trace,
            fields={**known.fields, **said.fields},
        )
