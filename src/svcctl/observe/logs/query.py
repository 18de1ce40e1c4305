"""Reads captured logs back: merged by time over instances, streams and rotated files."""

from __future__ import annotations

import heapq
import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, cast

from svcctl.observe.logs.files import STREAMS, Piece, pieces
from svcctl.observe.logs.index import Index, read_index
from svcctl.observe.logs.lines import LONGEST

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
    """Which lines: from *since* (0: the beginning) to *until*, that match *grep*, of *streams*.

    Without *packed*, compressed files and what is older are left out.
    """

    since: float = 0.0
    until: float | None = None
    grep: re.Pattern[bytes] | None = None
    streams: frozenset[str] = frozenset(STREAMS)
    packed: bool = True

    def has(self, at: float, text: bytes) -> bool:
        """Say whether a line is wanted."""
        if at < self.since or (self.until is not None and at > self.until):
            return False
        return self.grep is None or self.grep.search(text) is not None

    @property
    def ends_now(self) -> bool:
        """The last lines of a file are the last ones wanted."""
        return self.until is None and self.grep is None


def read(sources: Sequence[Source], wanted: Wanted, *, last: int | None) -> Iterator[Line]:
    """Give the lines *wanted*, or only the *last* so many of them, by time.

    The order within a stream is never changed, whatever the clock did meanwhile.  An unfinished
    last line is included, and one longer than LONGEST is given in parts.
    """
    streams = [(source, name) for source in sources for name in STREAMS if name in wanted.streams]
    if last is None:
        return heapq.merge(
            *(_lines(source, name, wanted) for source, name in streams), key=lambda line: line.at
        )
    ends = [_last_lines(source, name, wanted, last) for source, name in streams]
    merged = heapq.merge(*ends, key=lambda line: line.at)
    return iter(deque(merged, maxlen=last))


@dataclass(frozen=True, slots=True)
class _Open:
    """A file that is being read."""

    file: IO[bytes]
    index: Index
    packed: bool


def _lines(source: Source, stream: str, wanted: Wanted) -> Iterator[Line]:
    full, current = _present(source.folder, stream, wanted)
    try:
        for piece in full:
            if opened := _open_full(piece):
                with opened.file:
                    yield from _wanted_lines(source, stream, opened, wanted)
        if current:
            yield from _wanted_lines(source, stream, current, wanted)
    finally:
        if current:
            current.file.close()


def _last_lines(source: Source, stream: str, wanted: Wanted, count: int) -> list[Line]:
    """Read files backwards in time until *count* lines are found."""
    full, opened = _present(source.folder, stream, wanted)
    found: list[Line] = []
    while True:
        if opened:
            with opened.file:
                missing = count - len(found)
                lines = _wanted_lines(source, stream, opened, wanted, about_last=missing)
                found = [*deque(lines, maxlen=missing), *found]
        if not full or len(found) >= count:
            return found
        opened = _open_full(full.pop())


def _present(folder: str, stream: str, wanted: Wanted) -> tuple[list[Piece], _Open | None]:
    """Give the full files and the one being written, as they were at one and the same instant."""
    path = f"{folder}/{stream}.log"
    full = _full(folder, stream)
    while True:
        newest = full[-1:]
        current = _open(path, f"{path}.idx", packed=False)
        full = _full(folder, stream)
        if [piece.number for piece in newest] == [piece.number for piece in full[-1:]]:
            break
        if current:  # a rotation happened under our eyes
            current.file.close()
    if not wanted.packed:
        oldest = max((place for place, piece in enumerate(full, 1) if piece.packed), default=0)
        full = full[oldest:]
    return full, current


def _full(folder: str, stream: str) -> list[Piece]:
    return [piece for piece in pieces(folder, stream) if piece.full]


def _open_full(piece: Piece) -> _Open | None:
    """Open a full file; None where it was deleted meanwhile."""
    plain = piece.path.removesuffix(".gz")
    return _open(plain, piece.index, packed=False) or _open(f"{plain}.gz", piece.index, packed=True)


def _open(path: str, index: str, *, packed: bool) -> _Open | None:
    try:
        file = _unpacking(path) if packed else open(path, "rb")  # noqa: PTH123, SIM115 - closed by callers
    except FileNotFoundError:
        return None
    pairs = read_index(index, fallback=os.fstat(file.fileno()).st_mtime)
    return _Open(file, pairs, packed)


def _unpacking(path: str) -> IO[bytes]:
    import gzip  # noqa: PLC0415 - not before a rotated file is read

    return cast("IO[bytes]", gzip.open(path))


def _wanted_lines(
    source: Source, stream: str, opened: _Open, wanted: Wanted, *, about_last: int | None = None
) -> Iterator[Line]:
    """Give the wanted lines of one file; *about_last* allows to begin near its end."""
    offset = opened.index.first(wanted.since) if wanted.since else 0
    if offset is None:
        return
    if about_last is not None and wanted.ends_now and not opened.packed:
        offset = max(offset, _near_end(opened.file, about_last))
    offset = _go_to_line(opened.file, offset)
    for raw in iter(partial(opened.file.readline, LONGEST), b""):
        at, text = opened.index.at(offset), raw.removesuffix(b"\n").removesuffix(b"\r")
        offset += len(raw)
        if wanted.has(at, text):
            yield Line(at, source.service, source.instance, stream, text)


def _go_to_line(file: IO[bytes], offset: int) -> int:
    """Go to the first line that begins at *offset* or after it."""
    if offset == 0:
        return file.seek(0)
    file.seek(offset - 1)
    return offset - 1 + len(file.readline())


def _near_end(file: IO[bytes], count: int) -> int:
    """Give an offset after which there are at least *count* lines, or 0."""
    place, newlines = file.seek(0, os.SEEK_END), 0
    while place > 0 and newlines <= count:
        size = min(_BLOCK, place)
        place -= size
        file.seek(place)
        newlines += file.read(size).count(b"\n")
    return place
