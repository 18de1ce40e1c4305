"""The chain that the audit log is: every row is sealed together with the seal of the one before.

Pure.  A seal is the SHA-256 of the seal before, a line feed, and the row as a JSON array of its
columns in the order of :data:`COLUMNS`, all in ASCII and without spaces.  The seals are kept a
second time, outside the table, one a line as ``NUMBER SEAL``: so rows that were sealed anew are
found, and so are those cut off at the end.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

COLUMNS = (
    *("number", "at", "asked", "actor", "way", "source"),
    *("verb", "target", "args", "reason", "outcome"),
)
"""What a row says; ``before`` (the seal of the row before) and ``seal`` follow."""

BEGINNING = ""
"""The seal before the first row."""

Row = tuple[object, ...]
"""The columns, ``before`` and ``seal``; whatever SQLite found there."""

_ENCODED = json.JSONEncoder(separators=(",", ":")).encode
_HEAD = re.compile(rb"([0-9]{1,18}) ([0-9a-f]{64})")
_MOST = 100  # findings that are told


@dataclass(frozen=True, slots=True)
class Head:
    """The seal of one row, as it was kept outside the table."""

    number: int
    seal: str

    def __str__(self) -> str:
        return f"{self.number}:{self.seal}"


@dataclass(frozen=True, slots=True)
class Tampering:
    """Something was done to row *number*, or to the heads (0), that svcctl does not do."""

    number: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found: *rows* are those looked at, *head* the last of them."""

    rows: int
    head: Head | None
    found: tuple[Tampering, ...]

    @property
    def sound(self) -> bool:
        """Every row is as it was written, and none is missing."""
        return not self.found


def seal(before: str, columns: Row) -> str:
    """Give the seal of a row whose *columns* are as in :data:`COLUMNS`."""
    text = _ENCODED(columns)
    return hashlib.sha256(f"{before}\n{text}".encode("ascii")).hexdigest()


def chained(rows: Iterable[Row], *, after: Head | None) -> Iterator[Row]:
    """Give *rows* (columns without a number) numbered and sealed, to be put behind *after*."""
    number, before = (after.number, after.seal) if after else (0, BEGINNING)
    for each in rows:
        number += 1
        columns = (number, *each)
        sealed = seal(before, columns)
        yield (*columns, before, sealed)
        before = sealed


def read_head(line: bytes) -> Head | None:
    """Read one line of the heads, without its end; None where it is none."""
    found = _HEAD.fullmatch(line)
    return Head(int(found[1]), found[2].decode()) if found else None


def head_line(head: Head) -> bytes:
    """Give the line that :func:`read_head` reads, with its end."""
    return f"{head.number} {head.seal}\n".encode()


def verify(
    rows: Iterable[Row], heads: Iterable[Head | None], *, known: Head | None = None
) -> Verdict:
    """Compare *rows*, by number, with themselves and with *heads*; None is an unreadable line.

    *known* is a head that somebody kept elsewhere.
    """
    kept = _Heads(iter(heads))
    found: list[Tampering] = []
    last: Head | None = None
    before: str | None = BEGINNING  # the seal that the next row should name; None: nobody knows
    count = 0
    met = known is None
    for row in rows:
        count += 1
        number, sealed = row[0], row[-1]
        if not isinstance(number, int):  # the table is another
            found.append(Tampering(0, "a row has no number"))
            continue
        if known and number == known.number:
            met = sealed == known.seal
        wrong = list(_judged(row, last.number + 1 if last else 1, before, kept))
        if len(found) < _MOST:
            found += wrong
        last = Head(number, str(sealed))
        before = None if wrong else last.seal
    found += kept.further(last.number if last else 0)
    if known and not met:
        problem = f"row {known.number} is not the one that was known"
        found.append(Tampering(known.number, problem))
    return Verdict(rows=count, head=last, found=(*found[:_MOST], *kept.changed[:_MOST]))


def _judged(row: Row, expected: int, before: str | None, kept: _Heads) -> Iterator[Tampering]:
    number, named, sealed = row[0], row[-2], row[-1]
    assert isinstance(number, int)
    if number > expected:
        yield Tampering(expected, f"{_rows(expected, number - 1)} missing")
    head = kept.at(number)
    if number < 1:
        yield Tampering(number, f"row {number} was put in before the first")
    elif not _is_sealed(row[:-2], named, sealed):
        yield Tampering(number, f"row {number} was changed")
    elif head and head.seal != sealed:
        yield Tampering(number, f"row {number} was changed, and sealed anew")
    elif head is None and not kept.ended:
        yield Tampering(number, f"row {number} was put in: its seal was never kept")
    elif number == expected and before is not None and named != before:
        yield Tampering(number, f"row {number} does not follow the one before it")


class _Heads:
    """The seals that were kept, read alongside the rows; ``changed`` is what is wrong with them."""

    def __init__(self, heads: Iterator[Head | None]) -> None:
        self._heads, self._last = heads, 0
        self.changed: list[Tampering] = []
        self._next = self._read()

    @property
    def ended(self) -> bool:
        """There are no more."""
        return self._next is None

    def at(self, number: int) -> Head | None:
        """Give that of the row *number*; those before it are passed over."""
        while self._next and self._next.number < number:
            self._next = self._read()
        if self._next is None or self._next.number != number:
            return None
        found, self._next = self._next, self._read()
        return found

    def further(self, number: int) -> Iterator[Tampering]:
        """Say which rows are missing behind *number*, the last there is."""
        while self._next:
            self._next = self._read()
        if self._last > number:
            missing = _rows(number + 1, self._last)
            yield Tampering(number + 1, f"{missing} missing: cut off at the end")

    def _read(self) -> Head | None:
        for head in self._heads:
            if head and head.number == self._last + 1:
                self._last = head.number
                return head
            problem = f"the seals that were kept were changed behind that of row {self._last}"
            self.changed.append(Tampering(0, problem))
            if head and head.number > self._last:
                self._last = head.number
                return head
        return None


def _is_sealed(columns: Row, before: object, sealed: object) -> bool:
    try:
        return isinstance(before, str) and seal(before, columns) == sealed
    except TypeError:  # bytes, which were never written
        return False


def _rows(first: int, last: int) -> str:
    return f"row {first} is" if first == last else f"rows {first} to {last} are"
