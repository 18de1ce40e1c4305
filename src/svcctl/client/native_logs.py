"""What native services wrote: read where it stands, and followed where no host tells of it."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

from svcctl.app.arguments import Arguments
from svcctl.app.log_lines import line_document
from svcctl.app.logs import asked_for, needs_records
from svcctl.app.native import NativeServices
from svcctl.app.selection import service_of
from svcctl.client.everywhere import Answers
from svcctl.client.journal import Journal
from svcctl.client.native_journal import JournalLog
from svcctl.client.tailing import follow, size_of
from svcctl.errors import UsageError
from svcctl.observe.logs.query import Line, Source, read
from svcctl.ports import Document
from svcctl.spec.service import ServiceSpec

_QUIET = 60.0  # seconds until it is looked whether the journal can still be read


class WrittenLogs:
    """What *names* (services or instances) wrote, as far as *args* of ``logs`` ask for it.

    *sources* gives where the files of a service are.  Raises UsageError for what cannot be asked
    for.  Blocks.
    """

    def __init__(
        self,
        names: Sequence[str],
        args: Arguments,
        *,
        services: NativeServices,
        sources: Callable[[ServiceSpec], list[Source]],
        journal: Journal,
    ) -> None:
        self._args, self._now = args, time.time()
        specs = services.specs()
        chosen = {name: specs[name] for name in (service_of(each, specs) for each in names)}
        self._journals = {
            name: JournalLog(name, args, journal=journal, now=self._now)
            for name, spec in chosen.items()
            if services.in_journal(spec)
        }
        captured = [spec for name, spec in chosen.items() if name not in self._journals]
        self._sources = [
            each
            for spec in captured
            for each in sources(spec)
            if spec.name in names or each.instance in names
        ]
        self._alone = {spec.name for spec in captured if not services.is_hosted(spec)}
        self._in_records = needs_records(args.values)

    def past(self) -> Iterator[Document]:
        """Give what stands written, by time; where it ends is where :meth:`coming` begins."""
        _, last = asked_for(self._args, now=self._now)
        journals = [list(each.past()) for each in self._journals.values()]
        items = heapq.merge(self._captured(), *journals, key=_at)
        return items if last is None else iter(deque(items, maxlen=last))

    def sums(self) -> Iterator[Document]:
        """Give what there is of each service."""
        from svcctl.app.searching import sum_of  # noqa: PLC0415 - 1 MB, rare
        from svcctl.client.native_records import found_in_files  # noqa: PLC0415

        if self._args.flag("follow"):
            raise UsageError("--stats does not follow", hint="leave out one of --stats and -f")
        for name in sorted({*self._journals, *(each.service for each in self._sources)}):
            if name in self._journals:
                found = self._journals[name].found()
            else:
                own = [each for each in self._sources if each.service == name]
                found = found_in_files(own, self._args, now=self._now)
            yield sum_of(name, [found])

    def coming(self) -> list[Answers]:
        """Give what follows those that no host tells of, for ever; each to be read in a thread."""
        alone = [each for each in self._sources if each.service in self._alone]
        return [*map(self._tail, alone), *map(_journal_tail, self._journals.values())]

    def _captured(self) -> Iterator[Document]:
        if not self._sources:
            return iter(())
        if self._in_records:
            from svcctl.client.native_records import captured_records  # noqa: PLC0415 - 1 MB, rare

            return captured_records(self._sources, self._args, now=self._now)
        wanted, last = asked_for(self._args, now=self._now)
        return map(line_document, read(self._sources, wanted, last=last))

    def _tail(self, source: Source) -> Answers:
        """Follow what a service without a host writes: one file, from now on."""
        path = Path(source.folder) / "stdout.log"
        begin, items = size_of(path), self._items_of(source)
        return ((False, each) for text in follow(path, begin) for each in items(text))

    def _items_of(self, source: Source) -> Callable[[bytes], Iterator[Document]]:
        """Give what makes items of each line of a file as it comes."""
        if self._in_records:
            from svcctl.client.native_records import items_as_they_come  # noqa: PLC0415 - as above

            return items_as_they_come(source, self._args)
        wanted, _ = asked_for(self._args, now=self._now)

        def items(text: bytes) -> Iterator[Document]:
            line = Line(time.time(), source.service, source.instance, "stdout", text)
            if wanted.has(line.at, text):
                yield line_document(line)

        return items


def _journal_tail(log: JournalLog) -> Answers:
    with closing(log.follow()) as tail:
        while True:
            yield from ((False, each) for each in tail.take())
            tail.wait(_QUIET)


def _at(item: Document) -> float:
    return float(cast("float", item["at"]))
