"""Reads captured logs back: merged by time over instances, streams and rotated files."""

from __future__ import annotations

import heapq
import logging
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import IO, Protocol, cast

from svcctl.observe.logs.files import STREAMS, Piece, pieces
from svcctl.observe.logs.index import Index
from svcctl.observe.logs.lines import LONGEST
from svcctl.observe.logs.shared import open_to_read

log = logging.getLogger(__name__)

_BLOCK = 64 * 1024
_FARTHEST = 1 << 40  # bytes into a file: some file systems refuse to go much farther


Spot = tuple[int, int]
"""A place in a stream: the number of the file it is in, or will be when that is full; bytes."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, and when it was captured (seconds since 1970, within a batch).

    *begin* and *end* are where it stands in its stream, as far as that is known.
    """

    at: float
    service: str
    instance: str
    stream: str
    text: bytes
    begin: Spot = (0, 0)
    end: Spot = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The files of one instance."""

    service: str
    instance: str
    folder: str


class Grep(Protocol):
    """Looks for a pattern, as :meth:`re.Pattern.search` does."""

    def search(self, line: bytes, /) -> object | None:
        """Give something where it is in *line*, else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines: from *since* (0: the beginning) to *until*, that match *grep*, of *streams*.

    Without *packed*, compressed files and what is older are left out.  Without *unfinished*, so is
    a last line whose end was not captured yet: who begins to follow in the same turn of the loop
    gets it from there.
    """

    since: float = 0.0
    until: float | None = None
    grep: Grep | None = None
    streams: frozenset[str] = frozenset(STREAMS)
    packed: bool = True
    unfinished: bool = True

    def has(self, at: float, text: bytes) -> bool:
        """Say whether a line is wanted."""
        if at < self.since or (self.until is not None and at > self.until):
            return False
        return self.grep is None or self.grep.search(text) is not None


def read(sources: Sequence[Source], wanted: Wanted, *, last: int | None) -> Iterator[Line]:
    """Give the lines *wanted*, or only the *last* so many of them, by time.

    What is captured after this call does not count, whenever the lines are taken; rotation,
    compression and deletion may go on meanwhile.  The order within a stream is never changed,
    whatever the clock did meanwhile.  A line longer than LONGEST is given in parts.
    """
    readers = [
        _StreamReader(source, name, wanted)
        for source in sources
        for name in STREAMS
        if name in wanted.streams
    ]
    if last is None:
        return heapq.merge(*(reader.lines() for reader in readers), key=_time)
    return _ends(readers, last)


def read_on(
    sources: Sequence[Source], wanted: Wanted, *, after: Mapping[tuple[str, str], Spot]
) -> Iterator[Line]:
    """Give all lines *wanted* that stand behind a spot of their instance and stream, by time.

    A stream of which no spot is said is read from its beginning.  Otherwise as :func:`read`.
    """
    readers = [
        _StreamReader(source, name, wanted, after=after.get((source.instance, name)))
        for source in sources
        for name in STREAMS
        if name in wanted.streams
    ]
    return heapq.merge(*(reader.lines() for reader in readers), key=_time)


def end_of(source: Source, stream: str) -> Spot:
    """Give where the line begins that is not complete yet, or will come next."""
    number, size = _extent(source.folder, stream)
    try:
        with open_to_read(f"{source.folder}/{stream}.log") as file:
            begin = max(0, size - LONGEST)
            file.seek(begin)
            block = file.read(size - begin)
    except FileNotFoundError:
        return number, 0
    return number, begin + block.rfind(b"\n") + 1


def _ends(readers: Sequence[_StreamReader], last: int) -> Iterator[Line]:
    ends = [reader.last_lines(last) for reader in readers]
    yield from deque(heapq.merge(*ends, key=_time), maxlen=last)


def _time(line: Line) -> float:
    return line.at


@dataclass(frozen=True, slots=True)
class _Open:
    """A file that is being read, up to *size* (None: to its end)."""

    file: IO[bytes]
    index: Index
    packed: bool
    size: int | None = None
    number: int = 0

    def close(self) -> None:
        self.file.close()
        self.index.close()


class _StreamReader:
    """Reads one stream of one instance, over all of its files, as they were when it was made."""

    def __init__(
        self, source: Source, stream: str, wanted: Wanted, *, after: Spot | None = None
    ) -> None:
        self._source, self._stream, self._wanted = source, stream, wanted
        self._after = after or (0, 0)
        self._number, self._size = _extent(source.folder, stream)

    def lines(self) -> Iterator[Line]:
        """Give the wanted lines, oldest first."""
        full, current = self._present()
        try:
            for piece in full:
                if opened := self._open_full(piece):
                    with closing(opened):
                        yield from self._forward(opened)
            if current:
                yield from self._forward(current)
        finally:
            if current:
                current.close()

    def last_lines(self, count: int) -> list[Line]:
        """Give the last *count* wanted lines, oldest first; no more files are read than needed."""
        full, opened = self._present()
        found: list[Line] = []
        while True:
            if opened:
                with closing(opened):
                    found = [*self._end(opened, count - len(found)), *found]
            if not full or len(found) >= count:
                return found
            opened = self._open_full(full.pop())

    def _present(self) -> tuple[list[Piece], _Open | None]:
        full, current = _present(self._source.folder, self._stream, self._wanted)
        if current and any(piece.number >= self._number for piece in full):
            current.close()  # what was being written then has been rotated since
            current = None
        if current:
            current = replace(current, size=self._size, number=self._number)
        first = self._after[0]
        return [piece for piece in full if first <= piece.number <= self._number], current

    def _open_full(self, piece: Piece) -> _Open | None:
        opened = _open_full(piece)
        if opened is None:
            return None
        size = self._size if piece.number == self._number else None
        return replace(opened, size=size, number=int(piece.number))

    def _forward(self, opened: _Open) -> Iterator[Line]:
        """Give the wanted lines of a file, oldest first, as far as the disk has kept it."""
        import zlib  # noqa: PLC0415 - gzip has it anyway, and few files are packed

        try:
            yield from self._onward(opened)
        except (OSError, EOFError, zlib.error) as error:
            name = getattr(opened.file, "name", "")
            log.warning("logs.damaged", extra={"path": name, "problem": str(error)})

    def _onward(self, opened: _Open) -> Iterator[Line]:
        offset = opened.index.first(self._wanted.since) if self._wanted.since else 0
        if offset is None:
            return
        if opened.number == self._after[0]:
            offset = max(offset, self._after[1])
        offset = _go_to_line(opened, offset)
        while opened.size is None or offset < opened.size:
            most = LONGEST if opened.size is None else min(LONGEST, opened.size - offset)
            raw = opened.file.readline(most)
            if not raw:
                return
            if line := self._line(opened, offset, raw):
                yield line
            offset += len(raw)

    def _end(self, opened: _Open, count: int) -> list[Line]:
        if opened.packed:
            return list(deque(self._forward(opened), maxlen=count))
        if self._wanted.since and opened.index.first(self._wanted.since) is None:
            return []
        size = os.fstat(opened.file.fileno()).st_size if opened.size is None else opened.size
        found: list[Line] = []
        for offset, raw in _backward(opened.file, size):
            if len(found) >= count or opened.index.at(offset) < self._wanted.since:
                break
            if line := self._line(opened, offset, raw):
                found.append(line)
        return found[::-1]

    def _line(self, opened: _Open, offset: int, raw: bytes) -> Line | None:
        if not (raw.endswith(b"\n") or self._wanted.unfinished or len(raw) >= LONGEST):
            return None
        at, text = opened.index.at(offset), raw.removesuffix(b"\n").removesuffix(b"\r")
        if not self._wanted.has(at, text):
            return None
        return Line(
            at,
            self._source.service,
            self._source.instance,
            self._stream,
            text,
            (opened.number, offset),
            (opened.number, offset + len(raw)),
        )


def _extent(folder: str, stream: str) -> tuple[int, int]:
    """Give the number that the file being written will have, and its size."""
    full = _full(folder, stream)
    while True:
        newest = full[-1:]
        try:
            size = os.stat(f"{folder}/{stream}.log").st_size
        except FileNotFoundError:
            size = 0
        full = _full(folder, stream)
        if [piece.number for piece in newest] == [piece.number for piece in full[-1:]]:
            return int(full[-1].number) + 1 if full else 1, size


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
            current.close()
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
        file = _unpacking(path) if packed else open_to_read(path)
    except FileNotFoundError:
        return None
    return _Open(file, Index(index, fallback=os.fstat(file.fileno()).st_mtime), packed)


def _unpacking(path: str) -> IO[bytes]:
    import gzip  # noqa: PLC0415 - not before a rotated file is read

    return cast("IO[bytes]", gzip.open(path))


def _go_to_line(opened: _Open, offset: int) -> int:
    """Go to the first line that begins at *offset* or after it."""
    if offset == 0:
        return opened.file.seek(0)
    offset = min(offset, _FARTHEST)  # the index may be garbage
    opened.file.seek(offset - 1)
    return offset - 1 + len(opened.file.readline())


def _backward(file: IO[bytes], place: int) -> Iterator[tuple[int, bytes]]:
    """Give offset and text of each line before *place*, the last one first."""
    rest = b""
    while place > 0:
        size = min(_BLOCK, place)
        place -= size
        file.seek(place)
        block = file.read(size) + rest
        rest, *lines = block.split(b"\n")
        end = place + len(block)
        last = b""  # the newline that ended the line is split off; the very last may have none
        for line in reversed(lines):
            if line or last:
                end -= len(line) + len(last)
                yield end, line + last
            last = b"\n"
        rest += last
        if len(rest) >= LONGEST:
            yield place, rest
            rest = b""
    if rest:
        yield 0, rest
