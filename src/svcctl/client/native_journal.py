"""Lines that services write to the journal of systemd, as ``logs`` asks for them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from svcctl.app.arguments import Arguments
from svcctl.app.log_lines import line_document
from svcctl.app.logs import asked_for, needs_records
from svcctl.client.journal import STREAM, Coming, Entry, Journal
from svcctl.errors import UsageError, quoted
from svcctl.observe.logs.query import Line
from svcctl.ports import Document

if TYPE_CHECKING:  # 1 MB, rare
    from svcctl.observe.records.search import Found

_WINDOWS = (2_000, 50_000)  # entries from the end in which the last that fit are looked for first
_PLACE = re.compile(r"[a-z]=[0-9a-f]+(;[a-z]=[0-9a-f]+)*")

Items = Callable[[Iterable[Entry]], Iterator[Document]]
"""Makes items of ``logs`` of entries, some at a time."""


class JournalLog:
    """What *service* wrote to the *journal*, as far as *args* of ``logs`` ask for it at *now*.

    Raises UsageError for what cannot be asked for.  Blocks.
    """

    def __init__(self, service: str, args: Arguments, *, journal: Journal, now: float) -> None:
        if args.text("stream") == "stderr":
            raise UsageError(
                f"{service!r} writes to the journal, which does not tell stderr from stdout",
                hint="leave out --stream; or: host = true, log.to = 'capture'",
            )
        self._service, self._args, self._journal = service, args, journal
        self._wanted, self._last = asked_for(args, now=now)
        self._after = _insist_on_place(args.text("after") or "")
        self._tells_places = args.flag("places") or bool(self._after)
        self._in_records = needs_records(args.values)
        self._end = self._after or (journal.end() if args.flag("follow") else "")
        self._items = self._reader()

    def past(self) -> Iterator[Document]:
        """Give what stands written, or the last so many of that, oldest first."""
        last = None if self._after else self._last
        if last is None or not (self._in_records or self._wanted.grep):
            yield from self._read(last)
            return
        for most in (*_WINDOWS, None):
            entries = _Counted(self._entries(most, whole=self._in_records))
            kept = deque(self._taken(entries), maxlen=last)
            if len(kept) == last or most is None or entries.count < most:
                yield from kept
                return

    def found(self) -> Iterator[Found]:
        """Give all records that stand written."""
        from svcctl.client.native_records import found_in_journal  # noqa: PLC0415 - 1 MB, rare

        return found_in_journal(self._service, self._args, self._entries(None, whole=True))

    def follow(self) -> JournalTail:
        """Begin to give what comes, after all that :meth:`past` has read."""
        return JournalTail(self._journal.follow(self._service, after=self._end), self._items)

    def _read(self, most: int | None) -> Iterator[Document]:
        return self._taken(self._entries(most, whole=self._in_records))

    def _taken(self, entries: Iterable[Entry]) -> Iterator[Document]:
        self._items = self._reader()
        return self._items(self._noted(entries))

    def _noted(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for each in entries:
            if self._wanted.until is None:
                self._end = each.place
            yield each

    def _entries(self, most: int | None, *, whole: bool) -> Iterator[Entry]:
        return self._journal.past(
            self._service,
            since=self._wanted.since,
            until=self._wanted.until,
            after=self._after,
            most=most,
            whole=whole,
        )

    def _reader(self) -> Items:
        if not self._in_records:
            return self._lines
        from svcctl.client.native_records import JournalRecords  # noqa: PLC0415 - 1 MB, rare

        records = JournalRecords(self._service, self._args)
        return lambda entries: (self._placed(*each) for each in records.items(entries))

    def _lines(self, entries: Iterable[Entry]) -> Iterator[Document]:
        for each in entries:
            if self._wanted.has(each.at, each.text):
                line = Line(each.at, self._service, self._service, STREAM, each.text)
                yield self._placed(line_document(line), each.place)

    def _placed(self, item: Document, place: str) -> Document:
        return {**item, "place": place} if self._tells_places else item


class JournalTail:
    """What comes of one service, as items of ``logs``; see :class:`Coming`."""

    def __init__(self, coming: Coming, items: Items) -> None:
        self._coming, self._items = coming, items

    def fileno(self) -> int:
        """Give what can be read when there may be more."""
        return self._coming.fileno()

    def take(self) -> list[Document]:
        """Give the items that came."""
        return list(self._items(self._coming.take()))

    def wait(self, seconds: float) -> None:
        """Come back when there may be more, or after *seconds*."""
        self._coming.wait(seconds)

    def close(self) -> None:
        """Take no more."""
        self._coming.close()


class _Counted:
    """Gives entries, and counts them."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = entries
        self.count = 0

    def __iter__(self) -> Iterator[Entry]:
        for each in self._entries:
            self.count += 1
            yield each


def _insist_on_place(text: str) -> str:
    if text and not _PLACE.fullmatch(text):
        raise UsageError(
            f"{quoted(text[:100])} is no place in the journal", hint="as a line told it"
        )
    return text
