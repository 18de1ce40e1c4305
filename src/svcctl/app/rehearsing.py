"""Replays a log to rules: what would have fired, when, and with which lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from svcctl.detect.rules.book import Book
from svcctl.detect.rules.watch import Outcome
from svcctl.observe.records.joining import whole
from svcctl.observe.records.reader import Reader
from svcctl.record import Record
from svcctl.spec.log_rule import LogRule

_MOST = 8 << 20  # bytes of a line or a record that are waited for


@dataclass(slots=True, kw_only=True)
class Extent:
    """What was replayed: records, how many of them said no time, and the times they span."""

    records: int = 0
    timeless: int = 0
    first: float | None = None
    last: float | None = None


class Rehearsal:
    """Feeds one log, in the order in which it was written, to the rules of services.

    A record that says no time is taken to be of that of the record before it.
    """

    def __init__(self, rules: Mapping[str, Sequence[LogRule]], *, form: str, now: float) -> None:
        """Begin at *now* (seconds since 1970); *form* is for the Reader.

        Raises SpecError for a pattern that rules cannot use, UsageError for an unknown form.
        """
        self._books = [Book(each, service=service) for service, each in rules.items()]
        self._reader, self._now = Reader(form), now
        self._rest = b""
        self.extent = Extent()

    @property
    def form(self) -> str:
        """The form in which the log is read."""
        return self._reader.form

    def feed(self, content: bytes) -> list[Outcome]:
        """Take the next part of the log, wherever it is cut; give what rules make of it."""
        self._rest += content
        lines = self._rest[: self._rest.rfind(b"\n") + 1]
        end = whole(lines) if lines else 0
        if not end and len(self._rest) < _MOST:
            return []
        ready, self._rest = self._rest[: end or None], self._rest[end or len(self._rest) :]
        return self._judge(ready)

    def end(self) -> list[Outcome]:
        """Take what is left for whole: there is no more."""
        rest, self._rest = self._rest, b""
        return self._judge(rest)

    def _judge(self, content: bytes) -> list[Outcome]:
        content = content.removesuffix(b"\n")
        if not content:
            return []
        records = [self._timed(each) for each in self._reader.records(content, at=self._now)]
        found = [each for book in self._books for each in book.feed(records)]
        return sorted(found, key=lambda each: each.at)

    def _timed(self, record: Record) -> Record:
        extent = self.extent
        extent.records += 1
        if record.at == self._now:
            extent.timeless += 1
            return record if extent.last is None else replace(record, at=extent.last)
        extent.first = record.at if extent.first is None else extent.first
        extent.last = record.at
        return record
