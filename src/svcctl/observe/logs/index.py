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
    """Adds pairs to the index of the file being written."""

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o640)
        self._last = 0

    def note(self, offset: int, at_ns: int) -> None:
        """Say that what begins at *offset* was captured at *at_ns*."""
        if at_ns - self._last >= _CLOSEST or at_ns < self._last:
            self._last = at_ns
            with suppress(OSError):  # a full disk: lines keep the time of their neighbours
                os.write(self._descriptor, _PAIR.pack(offset, at_ns))

    def close(self) -> None:
        """Write no more."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class Index:
    """The pairs of one file, in order."""

    offsets: list[int]
    times: list[float]

    def at(self, offset: int) -> float:
        """Give when the byte at *offset* was captured (seconds since 1970); 0 if nobody knows."""
        place = bisect.bisect_right(self.offsets, offset) - 1
        return self.times[max(place, 0)] if self.times else 0.0

    def before(self, at: float) -> int:
        """Give an offset before which nothing was captured at *at* or later."""
        place = bisect.bisect_left(self.times, at) - 1
        return self.offsets[place] if place >= 0 else 0


def read_index(path: str, *, fallback: str) -> Index:
    """Read an index; without one, everything has the time *fallback* was last written."""
    try:
        raw = Path(path).read_bytes()
    except OSError:
        raw = b""
    pairs = [_PAIR.unpack_from(raw, place) for place in range(0, len(raw) - _PAIR.size + 1, 16)]
    offsets = [offset for offset, _ in pairs]
    if not pairs or offsets != sorted(offsets):
        try:
            return Index([0], [os.stat(fallback).st_mtime])  # noqa: PTH116
        except OSError:
            return Index([], [])
    return Index(offsets, [at / 1e9 for _, at in pairs])
