"""Reads captured logs back: merged by time over instances, streams and rotated files."""

from __future__ import annotations

import heapq
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, cast

from svcctl.observe.logs.files import STREAMS, Piece, pieces
from svcctl.observe.logs.index import Index, read_index

_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, and when it was captured (seconds since 1970, within a batch)."""

    at: float
    service: str
    instance: str
    stream: str
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The files of one instance."""

    service: str
    instance: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines: from *since* (0: the beginning) to *until*, that match *grep*, of *streams*."""

    since: float = 0.0
    until: float | None = None
    grep: re.Pattern[bytes] | None = None
    streams: frozenset[str] = frozenset(STREAMS)

    def has(self, at: float, text: bytes) -> bool:
        """Say whether a line is wanted."""
        if at < self.since or (self.until is not None and at > self.until):
            return False
        return self.grep is None or self.grep.search(text) is not None


def read(sources: Sequence[Source], wanted: Wanted, *, last: int | None) -> Iterator[Line]:
    """Give the lines *wanted*, or only the *last* so many of them, by time.

    The order within a stream is never changed, whatever the clock did meanwhile.
    """
    streams = [(source, name) for source in sources for name in STREAMS if name in wanted.streams]
    if last is None:
        return heapq.merge(
            *(_lines(source, name, wanted) for source, name in streams), key=lambda line: line.at
        )
    ends = [_last_lines(source, name, wanted, last) for source, name in streams]
    merged = heapq.merge(*ends, key=lambda line: line.at)
    return iter(deque(merged, maxlen=last))


def _lines(source: Source, stream: str, wanted: Wanted) -> Iterator[Line]:
    for piece in pieces(source.folder, stream):
        yield from _piece_lines(source, stream, piece, wanted)


def _last_lines(source: Source, stream: str, wanted: Wanted, count: int) -> list[Line]:
    """Read whole files backwards in time until *count* lines are found."""
    found: list[Line] = []
    for piece in reversed(pieces(source.folder, stream)):
        if len(found) >= count:
            break
        missing = count - len(found)
        lines = _piece_lines(source, stream, piece, wanted, about_last=missing)
        found = [*deque(lines, maxlen=missing), *found]
    return found


def _piece_lines(
    source: Source, stream: str, piece: Piece, wanted: Wanted, *, about_last: int | None = None
) -> Iterator[Line]:
    """Give the wanted lines of one file; *about_last* allows to begin near its end."""
    index = read_index(piece.index, fallback=piece.path)
    try:
        file = _open(piece)
    except FileNotFoundError:
        return  # rotated away or deleted between the listing and now
    with file:
        offset = index.before(wanted.since) if wanted.since else 0
        if about_last is not None and not piece.packed and wanted.grep is None:
            offset = max(offset, _near_end(file, about_last))
        file.seek(offset)
        if offset and not _at_line_start(file, offset):
            offset += len(file.readline())
        for at, text in _timed(file, offset, index):
            if wanted.has(at, text):
                yield Line(at, source.service, source.instance, stream, text)


def _open(piece: Piece) -> IO[bytes]:
    if piece.packed:
        import gzip  # noqa: PLC0415 - not before a rotated file is read

        return cast("IO[bytes]", gzip.open(piece.path))
    return open(piece.path, "rb")  # noqa: PTH123 - the caller closes it


def _timed(file: IO[bytes], offset: int, index: Index) -> Iterator[tuple[float, bytes]]:
    for raw in file:
        yield index.at(offset), raw.removesuffix(b"\n").removesuffix(b"\r")
        offset += len(raw)


def _at_line_start(file: IO[bytes], offset: int) -> bool:
    file.seek(offset - 1)
    return file.read(1) == b"\n"


def _near_end(file: IO[bytes], count: int) -> int:
    """Give an offset after which there are at least *count* lines, or 0."""
    place, newlines = file.seek(0, 2), 0
    while place > 0 and newlines <= count:
        size = min(_BLOCK, place)
        place -= size
        file.seek(place)
        newlines += file.read(size).count(b"\n")
    return place
