"""Reads one file of a log from a place on, in blocks of whole lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from svcctl.observe.logs.lines import LONGEST
from svcctl.observe.logs.tail.encoding import Encoding, by_mark
from svcctl.observe.logs.tail.mark import BEFORE, HEAD, Mark, make_mark
from svcctl.observe.logs.tail.opened import Opened

Whole = Callable[[bytes], int]
"""Gives how many of some bytes, which are whole lines, are whole records."""

_MOST_LEFT_OUT = 64  # blocks left out at once of a line that is too long
_LONGEST_RECORD = 256 * 1024


class Flaw(StrEnum):
    """What is not right with a block."""

    NONE = ""
    CUT = "cut"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of the log at *path*, in UTF-8 where the encoding is known; from *start* on.

    *start* is in bytes of the file the lines came from.  CUT: this is the beginning of a line
    longer than LONGEST, the rest of which is left out.  UNFINISHED: a line without its end, which
    did not come for so long that it is given as it is.
    """

    path: str
    content: bytes
    start: int
    flaw: Flaw = Flaw.NONE

    def lines(self) -> list[bytes]:
        """Give its lines, without their ends."""
        lines = self.content.removesuffix(b"\n").split(b"\n")
        return [line.removesuffix(b"\r") for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a log is read: *encoding* (None: by its byte order mark) and *whole* (None: by lines).

    *unfinished_after* and *record_after* are the seconds after which a line without its end, and a
    record that might go on, are given as they are.  A rotated file is let go of *grace* seconds
    after the last byte came.
    """

    encoding: Encoding | None = None
    whole: Whole | None = None
    unfinished_after: float = 5.0
    record_after: float = 1.0
    grace: float = 5.0


class TurnedBack(Exception):
    """What was seen is no more in the file, or may not be: it was emptied, or written anew."""


class Generation:
    """One file, how far it was read, and since when nothing came."""

    def __init__(self, path: str, opened: Opened, *, offset: int, manner: Manner) -> None:
        self.path, self.opened = path, opened
        self.offset, self.skipping = offset, False
        self.size = opened.content.size()
        self._manner = manner
        content = opened.content
        self._head = content.read(min(HEAD, offset), 0)
        self._before = content.read(min(BEFORE, offset), max(0, offset - BEFORE))
        self._first = b""
        self.notice_beginning()
        self._encoding = manner.encoding
        self._end, self._quiet_since = -1, inf

    @property
    def ids(self) -> tuple[int, int]:
        """Device and inode."""
        return self.opened.device, self.opened.inode

    def mark(self) -> Mark:
        """Mark how far it was read."""
        return make_mark(
            (*self.ids, self.opened.changed_ns),
            offset=self.offset,
            head=self._head,
            before=self._before,
            skipping=self.skipping,
        )

    def mark_end(self) -> Mark:
        """Mark it as read, with when it was last written to."""
        self.opened.changed_ns = self.opened.content.state().st_mtime_ns
        return self.mark()

    def shared_with(self, other: Opened) -> int:
        """Give how many bytes it and *other* both begin with, where one is a copy of the other."""
        ours, theirs = self.opened.content, other.content
        plain = [each.content.size() for each in (self.opened, other) if not each.packed]
        size = min(plain, default=self.offset)
        place, head = max(0, size - BEFORE), min(HEAD, size)
        same_head = bool(size) and ours.read(head, 0) == theirs.read(head, 0)
        if same_head and ours.read(size - place, place) == theirs.read(size - place, place):
            return size
        return self.offset if self.mark().fits(theirs) else 0  # what was read, though not there now

    def is_turned_back(self) -> bool:
        """Say whether what was read does not stand there any more."""
        if self.opened.packed:
            return False
        if not self.offset:
            return not self._stands(self._first, 0)
        # lines may well end alike, so that what follows an emptied file fits at the offset
        before = self._before
        return not (self._stands(before, self.offset - len(before)) and self._stands(self._head, 0))

    def _stands(self, known: bytes, offset: int) -> bool:
        return self.opened.content.read(len(known), offset) == known

    def behind(self) -> int:
        """Give the bytes that were written and not yet read."""
        return max(0, self.opened.content.size() - self.offset)

    def waits(self) -> bool:
        """Say whether bytes were seen that are not given yet."""
        return self._end > self.offset

    def quiet_for(self, now: float) -> float:
        """Give the seconds since a look first saw that nothing had come."""
        return now - self._quiet_since

    def notice_beginning(self) -> None:
        """Remember what there is to read first, so that it is missed should it not be read."""
        if not self.offset and len(self._first) < BEFORE and not self.is_turned_back():
            self._first = self.opened.content.read(BEFORE, 0)

    def restart(self) -> None:
        """Go on at the beginning: the file was emptied."""
        self.offset, self.skipping = 0, False
        self._head = self._before = self._first = b""
        self.notice_beginning()
        self._encoding = self._manner.encoding
        self._end = -1

    def read(self, now: float, *, over: bool = False, older: bool = False) -> Block | None:
        """Give the next block; None where nothing whole has come.

        *over*: nothing comes any more; *older*: what comes now goes into another file, so that no
        record waits for more.  Raises TurnedBack, and OSError.
        """
        for _ in range(_MOST_LEFT_OUT):
            found = self.opened.content.read(LONGEST, self.offset)
            unnoticed = found and not self.offset and not self._first  # not there at the last look
            if unnoticed or self.is_turned_back():  # after reading on, not before
                raise TurnedBack
            self._notice(found, now)
            if not found:
                return None
            if not self._leave_out(found):
                quiet = self.quiet_for(now)
                ripe = older or over or quiet >= self._manner.record_after
                return self._take(found, over=over, ripe=ripe, quiet=quiet)
        return None

    def _notice(self, found: bytes, now: float) -> None:
        if self.offset + len(found) != self._end:
            self._end, self._quiet_since = self.offset + len(found), now
        if not self.offset:
            self._first = found[:BEFORE]

    def _leave_out(self, found: bytes) -> bool:
        """Pass over the rest of a line that is too long, and bytes nobody ever wrote."""
        if self.skipping:
            end = self._lines(found).first_end(found)
            self._advance(found[: end or len(found)])
            self.skipping = not end
            return True
        if found[0] or self._lines(found).wide:
            return False
        hole = len(found) - len(found.lstrip(b"\0"))
        self._advance(found[:hole])
        if hole == len(found):
            self._jump(self.opened.content.next_content(self.offset))
        return True

    def _jump(self, offset: int) -> None:
        self.offset = max(offset, self.offset)
        count = min(BEFORE, self.offset)
        self._before = self.opened.content.read(count, self.offset - count)

    def _take(self, found: bytes, *, over: bool, ripe: bool, quiet: float) -> Block | None:
        manner, lines = self._manner, self._lines(found)
        end = lines.last_end(found)
        if end:
            return self._give(self._records(found[:end], ripe=ripe), Flaw.NONE)
        if len(found) >= LONGEST:
            self.skipping = True
            return self._give(found, Flaw.CUT)
        if over or (manner.unfinished_after and quiet >= manner.unfinished_after):
            return self._give(found, Flaw.UNFINISHED)
        return None

    def _records(self, lines: bytes, *, ripe: bool) -> bytes:
        """Give as much of *lines* as is whole records, or not going to be."""
        whole = self._manner.whole
        if whole is None or ripe:
            return lines
        count = whole(lines)
        return lines[:count] if count or len(lines) < _LONGEST_RECORD else lines

    def _give(self, taken: bytes, flaw: Flaw) -> Block | None:
        if not taken:
            return None
        start, lines = self.offset, self._lines(taken)
        self._advance(taken)
        content = lines.utf8(taken) if lines.name or not start else taken
        return Block(self.path, content, start, flaw) if content else None

    def _advance(self, taken: bytes) -> None:
        if len(self._head) < HEAD and len(self._head) == self.offset:
            self._head += taken[: HEAD - len(self._head)]
        self.offset += len(taken)
        self._before = (self._before + taken[-BEFORE:])[-BEFORE:]

    def _lines(self, found: bytes) -> Encoding:
        if self._encoding is None:
            self._encoding = by_mark(self._head or found)
        return self._encoding
