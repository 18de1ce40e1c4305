"""Replays a log to rules: what would have fired, when, and with which lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from svcctl.app.replaying import Extent, Replay
from svcctl.detect.rules.book import Book
from svcctl.detect.rules.watch import Outcome
from svcctl.record import Record
from svcctl.spec.log_rule import LogRule


class Rehearsal:
    """Feeds one log, in the order in which it was written, to the rules of services."""

    def __init__(self, rules: Mapping[str, Sequence[LogRule]], *, form: str, now: float) -> None:
        """Begin at *now* (seconds since 1970); *form* is for the Reader.

        Raises SpecError for a pattern that rules cannot use, UsageError for an unknown form.
        """
        self._books = [Book(each, service=service) for service, each in rules.items()]
        self._replay = Replay(form=form, now=now)

    @property
    def extent(self) -> Extent:
        """What was replayed so far."""
        return self._replay.extent

    @property
    def form(self) -> str:
        """The form in which the log is read."""
        return self._replay.form

    def feed(self, content: bytes) -> list[Outcome]:
        """Take the next part of the log, wherever it is cut; give what rules make of it."""
        return self._judge(self._replay.feed(content))

    def end(self) -> list[Outcome]:
        """Take what is left for whole: there is no more."""
        return self._judge(self._replay.end())

    def _judge(self, records: list[Record]) -> list[Outcome]:
        found = [each for book in self._books for each in book.feed(records)] if records else []
        return sorted(found, key=lambda each: each.at)
