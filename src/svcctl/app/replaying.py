"""Reads a log again, on the time of its records: for whoever would have judged it then."""

from __future__ import annotations

from dataclasses import dataclass, replace

from svcctl.observe.records.joining import whole
from svcctl.observe.records.reader import Reader
from svcctl.record import Record

_MOST = 8 << 20  # bytes of a line or a record that are waited for


@dataclass(slots=True, kw_only=True)
class Extent:
    """What was replayed: records, how many of them said no time, and the times they span."""

    records: int = 0
    timeless: int = 0
    first: float | None = None
    last: float | None = None


class Replay:
    """Gives the records of one log, in the order in which it was written.

    A record that says no time is taken to be of that of the record before it.
    """

    def __init__(self, *, form: str, now: float) -> None:
        """Begin at *now* (seconds since 1970); raises UsageError for an unknown *form*."""
        self._reader, self._now = Reader(form), now
        self._rest = b""
        self.extent = Extent()

    @property
    def form(self) -> str:
        """The form in which the log is read."""
        return self._reader.form

    def feed(self, content: bytes) -> list[Record]:
        """Take the next part of the log, wherever it is cut; give the records that are whole."""
        self._rest += content
        lines = self._rest[: self._rest.rfind(b"\n") + 1]
        end = whole(lines) if lines else 0
        if not end and len(self._rest) < _MOST:
            return []
        ready, self._rest = self._rest[: end or None], self._rest[end or len(self._rest) :]
        return self._read(ready)

    def end(self) -> list[Record]:
        """Take what is left for whole: there is no more."""
        rest, self._rest = self._rest, b""
        return self._read(rest)

    def _read(self, content: bytes) -> list[Record]:
        content = content.removesuffix(b"\n")
        if not content:
            return []
        return [self._timed(each) for each in self._reader.records(content, at=self._now)]

    def _timed(self, record: Record) -> Record:
        extent = self.extent
        extent.records += 1
        if record.at == self._now:
            extent.timeless += 1
            return record if extent.last is None else replace(record, at=extent.last)
        extent.first = record.at if extent.first is None else extent.first
        extent.last = record.at
        return record
