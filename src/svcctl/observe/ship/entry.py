"""What a receiver is given: records, each with who wrote it and an id that stays the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from svcctl.observe.records.joining import split
from svcctl.observe.records.reader import Reader
from svcctl.observe.ship.frame import Frame, What, Writer
from svcctl.record import Level, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record of *writer*, captured at *at*; *id* is the same whenever it is sent again.

    *lines* is how many lines of the log it takes, empty ones before it included.
    """

    id: str
    writer: Writer
    at: float
    record: Record
    lines: int = 1

    @property
    def text(self) -> str:
        """What was written, as text."""
        return self.record.raw.decode(errors="replace")

    @property
    def level(self) -> str:
        """The level's name in small letters, empty where it has none."""
        level = self.record.level
        return "" if level is Level.UNKNOWN else level.name.lower()


class Readers:
    """Makes entries of frames; each stream is read in the form that its lines have."""

    def __init__(self) -> None:
        self._readers: dict[Writer, Reader] = {}

    def entries(self, frame: Frame, *, id: str) -> Iterator[Entry]:  # noqa: A002 - what it is
        """Give the entries of *frame*; their ids begin with *id*."""
        if frame.what is What.CRASH:
            yield _crash(frame, f"{id}-0")
            return
        reader = self._readers.setdefault(frame.writer, Reader())
        lines = frame.content.removesuffix(b"\n").split(b"\n")
        for number, each in enumerate(split(line.removesuffix(b"\r") for line in lines)):
            yield Entry(
                id=f"{id}-{number}",
                writer=frame.writer,
                at=frame.at,
                record=reader.record(each, at=frame.at),
                lines=len(each),
            )


def _crash(frame: Frame, number: str) -> Entry:
    try:
        found = json.loads(frame.content)
    except ValueError:
        found = {}
    report: dict[str, Any] = found if isinstance(found, dict) else {}
    error = report.get("error")
    error = error if isinstance(error, dict) else {}
    where = report.get("where") or "unknown place"
    record = Record(
        raw=frame.content,
        at=frame.at,
        message=f"crash in {where}: {error.get('kind', 'error')}: {error.get('message', '')}",
        level=Level.CRITICAL,
        fields=report,
    )
    return Entry(id=number, writer=frame.writer, at=frame.at, record=record)
