"""Reads what one stream of a service says, no closer than detectors need it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from svcctl.detect.said import Said
from svcctl.observe.metrics.levels import level_of
from svcctl.observe.records.joining import split_by
from svcctl.observe.records.outcome import MAY_SAY, seconds_of, status_of
from svcctl.observe.records.reader import Reader
from svcctl.record import Level, Record

_STRUCTURED = (b"{", b"<")  # JSON and syslog say their level in their own way
_LOOSE = (b" ", b"\t", b"Traceback ")


class Listener:
    """Knows the form of one stream; nothing is read of a line that cannot say anything."""

    def __init__(self) -> None:
        self._reader = Reader()

    def hear(self, lines: list[bytes], *, at: float) -> tuple[list[str], Said]:
        """Give the texts of lines that came *at* some time, and what they say."""
        sums = _Sums()
        for first, raw in _records(lines):
            if len(raw) > 1 or raw[0].startswith(_STRUCTURED) or MAY_SAY.search(raw[0]):
                sums.take(first, self._reader.record(raw, at=at))
            else:
                sums.count(first, is_error=level_of(raw[0]) >= Level.ERROR)
        return [line.decode(errors="replace") for line in lines], sums.said()


def said_of(records: Iterable[Record]) -> tuple[list[str], Said]:
    """Give the lines of *records*, and what they say."""
    sums, lines = _Sums(), list[str]()
    for record in records:
        sums.take(len(lines), record)
        lines += record.raw.decode(errors="replace").split("\n")
    return lines, sums.said()


@dataclass(slots=True)
class _Sums:
    records: int = 0
    failed: list[int] = field(default_factory=list)
    requests: int = 0
    broke: int = 0
    took: dict[int, float] = field(default_factory=dict)

    def count(self, first: int, *, is_error: bool) -> None:
        self.records += 1
        if is_error:
            self.failed.append(first)

    def take(self, first: int, record: Record) -> None:
        status = status_of(record.fields)
        self.count(first, is_error=record.level >= Level.ERROR or status >= 500)
        if status:
            self.requests += 1
            self.broke += status >= 500
        if (seconds := seconds_of(record)) is not None:
            self.took[first] = seconds

    def said(self) -> Said:
        return Said(
            records=self.records,
            failed=tuple(self.failed),
            requests=self.requests,
            broke=self.broke,
            took=self.took,
        )


def _records(lines: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Give the records among *lines*, each with the number of its first."""
    if not any(line.startswith(_LOOSE) for line in lines):
        for first, line in enumerate(lines):
            yield first, [line]
        return
    for record in split_by(enumerate(lines), itemgetter(1)):
        yield record[0][0], [line for _, line in record]
