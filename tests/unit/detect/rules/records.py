"""Records at the seconds of a made-up day, and what rules make of them."""

from __future__ import annotations

from collections.abc import Iterable

from svcctl.detect.rules.book import Book
from svcctl.detect.rules.watch import Fired, Outcome
from svcctl.record import Level, Record
from svcctl.spec.log_rule import LogRule


def record(at: float, text: str = "", *, level: Level = Level.UNKNOWN, **fields: object) -> Record:
    """Give a record of one line."""
    return Record(raw=text.encode(), at=at, message=text, level=level, fields=fields)


def told(rule: LogRule, records: Iterable[Record], *, until: float = 0.0) -> list[str]:
    """Give what a rule makes of *records*, each as ``fired 12`` or ``ended 300``."""
    book = Book([rule], service="web")
    outcomes = [each for one in records for each in book.feed([one])]
    if until:
        outcomes += book.pass_time(until)
    return [in_short(each) for each in outcomes]


def in_short(outcome: Outcome) -> str:
    """Give what happened, and when."""
    return f"{'fired' if isinstance(outcome, Fired) else 'ended'} {outcome.at:g}"


def fired(rule: LogRule, records: Iterable[Record]) -> list[Fired]:
    """Give each firing of a rule."""
    return [each for each in Book([rule], service="web").feed(records) if isinstance(each, Fired)]
