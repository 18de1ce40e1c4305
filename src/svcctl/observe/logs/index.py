"""When the bytes of a log file were captured, to within a batch: pairs of offset and time.

Nobody parses lines while they are captured, so they carry no time of their own; a small file
beside the log tells when its parts were written.  It is advice: torn or lost, lines get the times
of their neighbours.
"""

from __future__ import annotations

import bisect
import os
import struct
from contextlib import suppress

from svcctl.observe.logs.shared import open_shared, read_at, write_at

_PAIR = struct.Struct("<QQ")  # offset where a batch begins, nanoseconds since 1970
_END = 1 << 64  # an offset behind all others
_CLOSEST = 20_000_000  # nanoseconds between two pairs, at the least
_BLOCK = 256  # pairs read at once
_BLOCKS = 32  # blocks remembered: an index can have a pair for every line


class IndexWriter:
    """Adds pairs to the index of the file being written; the file is made with the first pair."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._end = 0
        self._last = 0

    def note(self, offset: int, at_ns: int) -> None:
        """Say that what begins at *offset* was captured at *at_ns*."""
        if self._last <= at_ns < self._last + _CLOSEST:
            return
        self._last = at_ns
        with suppress(OSError):  # a full disk: lines keep the time of their neighbours
            if self._descriptor is None:
                self._open(offset)
            assert self._descriptor is not None
            # at a place of its own: what a torn write left behind is written over
            if write_at(self._descriptor, _PAIR.pack(offset, at_ns), self._end) == _PAIR.size:
                self._end += _PAIR.size

    def close(self) -> None:
        """Write no more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, offset: int) -> None:
        descriptor = open_shared(self._path, os.O_RDWR | os.O_CREAT)
        self._descriptor = descriptor
        self._end = os.fstat(descriptor).st_size // _PAIR.size * _PAIR.size
        if self._end:
            last, _ = _PAIR.unpack(read_at(descriptor, _PAIR.size, self._end - _PAIR.size))
            if last > offset:  # of another file that had this name
                os.ftruncate(descriptor, 0)
                self._end = 0


class Index:
    """The pairs of one file, in order of their offsets; clocks jump, so times need not grow.

    Only what is asked for is read: a file of short lines that come slowly has more pairs than
    should be held.  Without any pair, everything was captured at *fallback*.
    """

    def __init__(self, path: str, *, fallback: float) -> None:
        self._fallback = fallback
        try:
            self._descriptor = open_shared(path, os.O_RDONLY)
        except OSError:
            self._descriptor = -1
            self._count = 0
        else:
            self._count = os.fstat(self._descriptor).st_size // _PAIR.size
        self._blocks: dict[int, bytes] = {}
        self._span = (0, 0, fallback)  # offsets between which the last answer of at() holds

    def at(self, offset: int) -> float:
        """Give when the byte at *offset* was captured (seconds since 1970)."""
        begin, end, at = self._span
        if not begin <= offset < end:
            self._span = _, _, at = self._around(offset)
        return at

    def first(self, since: float) -> int | None:
        """Give the first offset captured at *since* or later; None where nothing was."""
        if self._count == 0:
            return 0 if self._fallback >= since else None
        place = bisect.bisect_left(range(self._count), since, key=self._time)
        if place == self._count:
            return None
        return self._offset(place) if place else 0  # what came before the first pair has its time

    def close(self) -> None:
        """Read no more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _around(self, offset: int) -> tuple[int, int, float]:
        if self._count == 0:
            return 0, _END, self._fallback
        place = bisect.bisect_right(range(self._count), offset, key=self._offset) - 1
        begin = self._offset(place) if place >= 0 else 0
        end = self._offset(place + 1) if place + 1 < self._count else _END
        return begin, end, self._time(max(place, 0))

    def _offset(self, place: int) -> int:
        return self._pair(place)[0]

    def _time(self, place: int) -> float:
        return self._pair(place)[1] / 1e9

    def _pair(self, place: int) -> tuple[int, int]:
        number, rest = divmod(place, _BLOCK)
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) >= _BLOCKS:
                self._blocks.clear()
            start = number * _BLOCK * _PAIR.size
            block = read_at(self._descriptor, _BLOCK * _PAIR.size, start)
            self._blocks[number] = block
        if len(block) < (rest + 1) * _PAIR.size:
            return _END, 0  # cut short since we looked
        offset, at_ns = _PAIR.unpack_from(block, rest * _PAIR.size)
        return offset, at_ns


def first_time(path: str) -> float | None:
    """Give when the oldest byte was captured (seconds since 1970), if the index at *path* tells."""
    try:
        with open(path, "rb") as file:
            raw = file.read(_PAIR.size)
    except OSError:
        return None
    return float(_PAIR.unpack(raw)[1]) / 1e9 if len(raw) == _PAIR.size else None
