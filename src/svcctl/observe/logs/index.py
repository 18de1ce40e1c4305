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
from dataclasses import dataclass
from pathlib import Path

_PAIR = struct.Struct("<QQ")  # offset where a batch begins, nanoseconds since 1970
_CLOSEST = 20_000_000  # nanoseconds between two pairs, at the least


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
            if os.pwrite(self._descriptor, _PAIR.pack(offset, at_ns), self._end) == _PAIR.size:
                self._end += _PAIR.size

    def close(self) -> None:
        """Write no more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, offset: int) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._descriptor = descriptor
        self._end = os.fstat(descriptor).st_size // _PAIR.size * _PAIR.size
        if self._end:
            last, _ = _PAIR.unpack(os.pread(descriptor, _PAIR.size, self._end - _PAIR.size))
            if last > offset:  # of another file that had this name
                os.ftruncate(descriptor, 0)
                self._end = 0


@dataclass(frozen=True, slots=True)
class Index:
    """The pairs of one file, in order of their offsets; clocks jump, so times need not grow."""

    offsets: list[int]
    times: list[float]

    def at(self, offset: int) -> float:
        """Give when the byte at *offset* was captured (seconds since 1970); 0 if nobody knows."""
        place = bisect.bisect_right(self.offsets, offset) - 1
        return self.times[max(place, 0)] if self.times else 0.0

    def first(self, since: float) -> int | None:
        """Give the first offset captured at *since* or later; None where nothing was."""
        if not self.times:
            return 0
        pairs = zip(self.offsets, self.times, strict=True)
        found = next(
            ((place, offset) for place, (offset, at) in enumerate(pairs) if at >= since), None
        )
        if found is None:
            return None
        place, offset = found
        return offset if place else 0  # what came before the first pair has its time


def read_index(path: str, *, fallback: float) -> Index:
    """Read an index; without a sound one, everything was captured at *fallback*."""
    try:
        raw = Path(path).read_bytes()
    except OSError:
        raw = b""
    whole = raw[: len(raw) // _PAIR.size * _PAIR.size]
    pairs = list(_PAIR.iter_unpack(whole))
    offsets = [offset for offset, _ in pairs]
    if not pairs or offsets != sorted(offsets):
        return Index([0], [fallback])
    return Index(offsets, [at / 1e9 for _, at in pairs])


def first_time(path: str) -> float | None:
    """Give when the oldest byte was captured (seconds since 1970), if the index at *path* tells."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            raw = file.read(_PAIR.size)
    except OSError:
        return None
    return float(_PAIR.unpack(raw)[1]) / 1e9 if len(raw) == _PAIR.size else None
