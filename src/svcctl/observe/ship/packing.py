"""Puts records together into batches, in the order in which they were kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.observe.ship.entry import Entry, Readers
from svcctl.observe.ship.frame import Read
from svcctl.observe.ship.spool import Damaged, Spool, Spot
from svcctl.record import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a batch has at most: records, bytes, and seconds for which its first one waits."""

    count: int
    size: int
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records that are sent together; with them all is done up to *end*.

    *lost* lines before or among them are gone, as there was no room for them.
    """

    entries: tuple[Entry, ...]
    end: Spot
    lost: int


class Packer:
    """Makes batches of what *spool* has from *spot* on, of records of *level* or worse.

    *name* makes the ids of this spool's records unlike those of others.
    """

    def __init__(
        self, spool: Spool, spot: Spot, *, limits: Limits, name: str, level: Level = Level.UNKNOWN
    ) -> None:
        self._spool, self._limits, self._level, self._name = spool, limits, level, name
        self._spot = spool.reachable(spot)
        self._readers = Readers()
        self._ahead: Iterator[tuple[Entry, Spot]] = iter(())
        self._entries: list[Entry] = []
        self._size = self._lost = 0
        self._begun = 0.0

    @property
    def first(self) -> Entry | None:
        """The first record that waits here."""
        return self._entries[0] if self._entries else None

    def take(self, now: float) -> Batch | None:
        """Give a batch that is full, or whose time is over at *now* (monotonic); else None.

        Where all that was read is not wanted, or lost, a batch has no records.
        """
        before = self._spot
        self._fill(now)
        if self._entries and not (self._is_full or now - self._begun >= self._limits.wait):
            return None
        if not self._entries and self._spot == before:
            return None
        batch = Batch(entries=tuple(self._entries), end=self._spot, lost=self._lost)
        self._entries, self._size, self._lost = [], 0, 0
        return batch

    def due(self, now: float) -> float | None:
        """Give the seconds after which there is a batch, whatever comes; None: there is none."""
        return max(0.0, self._begun + self._limits.wait - now) if self._entries else None

    @property
    def _is_full(self) -> bool:
        return len(self._entries) >= self._limits.count or self._size >= self._limits.size

    def _fill(self, now: float) -> None:
        while not self._is_full:
            found = next(self._ahead, None) or self._next()
            if found is None:
                return
            entry, self._spot = found
            if self._level and entry.record.level < self._level:
                continue
            if not self._entries:
                self._begun = now
            self._entries.append(entry)
            self._size += len(entry.record.raw)

    def _next(self) -> tuple[Entry, Spot] | None:
        """Open the next frame that has a record, and give that."""
        while True:
            try:
                found = self._spool.next_after(self._spot)
            except Damaged as error:
                self._spot = error.beyond
                continue
            if found is None:
                return None
            self._ahead = self._opened(*found)
            if first := next(self._ahead, None):
                return first
            self._spot = found[1]

    def _opened(self, read: Read, after: Spot) -> Iterator[tuple[Entry, Spot]]:
        """Give the records of a frame that are not done, each with the spot behind it."""
        start = Spot(segment=after.segment, offset=after.offset - read.size, lines=read.before)
        same = (start.segment, start.offset) == (self._spot.segment, self._spot.offset)
        done = self._spot.done if same else 0
        if not done:
            self._lost += max(0, read.before - self._spot.lines)
        number = f"{self._name}-{start.segment}-{start.offset}"
        held: tuple[Entry, Spot] | None = None
        spot = start
        for entry in self._readers.entries(read.frame, id=number):
            spot = Spot(
                segment=start.segment,
                offset=start.offset,
                done=spot.done + 1,
                lines=spot.lines + entry.lines,
            )
            if spot.done <= done:
                continue
            if held is not None:
                yield held
            held = entry, spot
        if held is not None:
            yield held[0], after
