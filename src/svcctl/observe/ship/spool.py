"""What waits on disk for a receiver: written once, read once, bounded.

A spool is a row of segments.  What is appended counts once it is *committed*: the position up to
which logs were read, and the end of the spool, are one file that is there whole or not at all.
What a killed process appended without that is cut off by the next one and read from the logs
again, so nothing is kept twice.  Where there is no room the oldest segment goes, and its lines are
counted.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import IO

from svcctl.observe.logs.shared import open_shared, open_to_read
from svcctl.observe.logs.tail.positions import Place
from svcctl.observe.ship.frame import Frame, Read, Torn, encoded, read_frame

log = logging.getLogger(__name__)

_SEGMENT = 8 << 20  # bytes after which another segment is begun
_PARTS = 8  # segments that a small buffer has
_SUFFIX = ".spool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in a spool: a frame, by *segment* and *offset*, and how many of its records are done.

    *lines* is how many lines were ever kept before it.
    """

    segment: int = 0
    offset: int = 0
    done: int = 0
    lines: int = 0


class Damaged(Exception):
    """A frame cannot be read; *beyond* is the next place where one may stand."""

    def __init__(self, beyond: Spot) -> None:
        super().__init__(beyond)
        self.beyond = beyond


class Spool:
    """Frames in *folder*, at most *limit* bytes of them; *ends* is where commits are kept.

    One thread appends and commits, another reads; *told* is called when there is more to read.
    """

    def __init__(
        self, folder: str, *, ends: Place, limit: int, told: Callable[[], None] = lambda: None
    ) -> None:
        """Raises OSError where the folder cannot be used."""
        self._folder, self._ends, self._limit, self._told = folder, ends, limit, told
        self._most = max(1, min(_SEGMENT, limit // _PARTS))
        self._lock = threading.Lock()
        os.makedirs(folder, mode=0o700, exist_ok=True)
        kept = _load(ends.read())
        self._positions, self._end = kept.positions, kept.end
        self.name, self.note = kept.name, kept.note
        self._sizes = self._recover()
        self._committed = self._end
        self._file: IO[bytes] | None = None
        self._reading: tuple[int, IO[bytes]] | None = None

    # who appends

    def append(self, frames: Iterable[Frame]) -> None:
        """Keep *frames*; raises OSError, and then nothing of them is kept."""
        parts, end, size = [], self._end, 0
        for each in frames:
            parts.append(encoded(each, before=end.lines))
            end = replace(end, lines=end.lines + each.lines)
            size += len(parts[-1])
        if not parts:
            return
        if self._end.offset >= self._most:
            self._begin_segment()
        file = self._opened()
        try:
            file.seek(self._end.offset)
            file.write(b"".join(parts))
            file.flush()
        except OSError:
            self._forget_file()  # with what its buffer may still hold
            raise
        offset = self._end.offset + size
        with self._lock:
            self._end = replace(self._end, offset=offset, lines=end.lines)
            self._sizes[self._end.segment] = offset
        self._make_room()

    def read(self) -> bytes | None:
        """Give the positions of the last commit; see :class:`.positions.Place`."""
        return self._positions

    def commit(self, note: Sequence[str]) -> None:
        """Commit what was appended without any log being read; *note* is kept for the caller.

        Raises OSError, as :meth:`write`.
        """
        before, self.note = self.note, tuple(note)
        try:
            self.write(self._positions or b"")
        except OSError:
            self.note = before
            raise

    def write(self, content: bytes) -> None:
        """Commit what was appended, with the positions up to which logs were read for it.

        It survives a power failure.  Raises OSError, and what was committed before holds then.
        """
        end = self._end
        if self._file is not None:
            os.fsync(self._file.fileno())
        document = {
            "version": 1,
            "name": self.name,
            "segment": end.segment,
            "offset": end.offset,
            "lines": end.lines,
            "note": self.note,
            "positions": content.decode(),
        }
        self._ends.write(json.dumps(document).encode())
        self._positions = content
        with self._lock:
            self._committed = end
        self._told()

    @property
    def is_committed(self) -> bool:
        """All that was appended counts."""
        return self._committed == self._end

    # who reads

    def next_after(self, spot: Spot) -> tuple[Read, Spot] | None:
        """Give the committed frame at *spot*, and the spot after it; None where there is none.

        Where that is gone it is the oldest one that is left.  Raises Damaged.
        """
        while True:
            with self._lock:
                committed = self._committed
                last = committed.segment == spot.segment
                end = committed.offset if last else self._sizes.get(spot.segment, 0)
                later = [each for each in self._sizes if spot.segment < each <= committed.segment]
            if spot.offset < end:
                return self._read_at(spot, end)
            if not later:
                return None
            spot = Spot(segment=min(later), lines=spot.lines)

    def reachable(self, spot: Spot) -> Spot:
        """Give *spot*; the beginning where that is beyond all there is, as after a restore."""
        with self._lock:
            end = self._committed
        beyond = (spot.segment, spot.offset) > (end.segment, end.offset)
        return Spot(lines=min(spot.lines, end.lines)) if beyond else spot

    def forget(self, spot: Spot) -> None:
        """Let go of all segments before *spot*."""
        with self._lock:
            gone = [each for each in self._sizes if each < spot.segment]
            for each in gone:
                del self._sizes[each]
        for each in gone:
            self._delete(each)

    def waiting(self, spot: Spot) -> tuple[int, int]:
        """Give the bytes and the lines that are kept from *spot* on."""
        with self._lock:
            size = sum(size for number, size in self._sizes.items() if number >= spot.segment)
            return max(0, size - spot.offset), max(0, self._end.lines - spot.lines)

    def close(self) -> None:
        """Let go of files; what was not committed is not kept."""
        self._forget_file()
        if self._reading is not None:
            self._reading[1].close()
            self._reading = None

    # segments

    def _recover(self) -> dict[int, int]:
        """Cut off what was not committed, and give the size of each segment."""
        sizes: dict[int, int] = {}
        for name in sorted(os.listdir(self._folder)):
            number = name.removesuffix(_SUFFIX)
            if not name.endswith(_SUFFIX) or not number.isdecimal():
                continue
            path, segment = self._path(int(number)), int(number)
            if segment > self._end.segment:
                os.unlink(path)
            else:
                sizes[segment] = os.path.getsize(path)
        last = self._end.segment
        if sizes.get(last, 0) > self._end.offset:
            os.truncate(self._path(last), self._end.offset)
        if sizes.get(last, 0) < self._end.offset:  # lost with the disk: go on in another one
            self._end = Spot(segment=last + 1, lines=self._end.lines)
        elif last in sizes:
            sizes[last] = self._end.offset
        return sizes

    def _begin_segment(self) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())
        self._forget_file()
        with self._lock:
            self._end = Spot(segment=self._end.segment + 1, lines=self._end.lines)

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            path = self._path(self._end.segment)
            descriptor = open_shared(path, os.O_RDWR | os.O_CREAT, 0o600)
            self._file = os.fdopen(descriptor, "r+b")
        return self._file

    def _forget_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:  # its buffer: what was not written is appended again
                log.warning("ship.not-written", extra={"problem": str(error)})

    def _make_room(self) -> None:
        gone: list[int] = []
        with self._lock:
            while len(self._sizes) > 1 and sum(self._sizes.values()) > self._limit:
                oldest = min(self._sizes)
                del self._sizes[oldest]
                gone.append(oldest)
        for each in gone:
            self._delete(each)

    def _read_at(self, spot: Spot, end: int) -> tuple[Read, Spot]:
        path = self._path(spot.segment)
        try:
            file = self._opened_to_read(spot.segment)
            file.seek(spot.offset)
            found = read_frame(file)
        except (OSError, Torn) as error:
            log.warning("ship.damaged", extra={"path": path, "problem": str(error)})
            raise Damaged(Spot(segment=spot.segment, offset=end, lines=spot.lines)) from error
        offset, lines = spot.offset + found.size, found.before + found.frame.lines
        return found, Spot(segment=spot.segment, offset=offset, lines=lines)

    def _opened_to_read(self, segment: int) -> IO[bytes]:
        if self._reading is None or self._reading[0] != segment:
            if self._reading is not None:
                self._reading[1].close()
            self._reading = None
            self._reading = (segment, open_to_read(self._path(segment)))
        return self._reading[1]

    def _path(self, segment: int) -> str:
        return os.path.join(self._folder, f"{segment:012d}{_SUFFIX}")

    def _delete(self, segment: int) -> None:
        try:
            os.unlink(self._path(segment))
        except OSError as error:  # Windows: it is being read; the next start takes it away
            log.info("ship.not-deleted", extra={"segment": segment, "problem": str(error)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What a commit has: positions in logs, the end of the spool, and a note of the caller's.

    *name* is that of the spool, so that no record of it has the id of one of another.
    """

    name: str = field(default_factory=lambda: secrets.token_hex(6))
    positions: bytes | None = None
    end: Spot = Spot(segment=1)
    note: tuple[str, ...] | None = None


def _load(content: bytes | None) -> _Kept:
    if content is None:
        return _Kept()
    try:
        document = json.loads(content)
        if document["version"] != 1:
            raise ValueError(f"version {document['version']}")
        end = Spot(
            segment=int(document["segment"]),
            offset=int(document["offset"]),
            lines=int(document["lines"]),
        )
        positions = str(document["positions"]).encode() or None
        note = document["note"]
        return _Kept(
            name=str(document["name"]),
            positions=positions,
            end=end,
            note=None if note is None else tuple(map(str, note)),
        )
    except (ValueError, TypeError, KeyError) as error:
        log.warning("ship.positions-unusable", extra={"problem": str(error)})
        return _Kept()
