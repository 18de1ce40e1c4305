"""Has rules judge what is logged, wherever it comes from, and tells what they find as events."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from svcctl.events import FindingEnded, FindingMade
from svcctl.ports import Bus, Clock, Timer
from svcctl.record import Record
from svcctl.spec.log_rule import ALERT, LogRule

if TYPE_CHECKING:  # the agent loads what judges where there are rules
    from svcctl.detect.rules.book import Book, Gather
    from svcctl.detect.rules.watch import Fired, Outcome
    from svcctl.observe.records.reader import Reader

_SLACK = 0.1  # seconds after which a time is surely over

Running = Callable[[], str | None]
"""Names an instance that runs; empty for what always does, None while nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What findings are about: *service*, in messages called *said* (``service 'web'``).

    Where nothing is *running*, no line is missing, and nothing can be done.
    """

    service: str
    said: str
    running: Running


class Judge:
    """The rules of one subject over all that is logged of it, and what they have seen.

    Loads what it takes to judge, so it is made where there are rules only.  Raises SpecError for
    a rule that cannot be used.
    """

    def __init__(
        self, rules: Sequence[LogRule], subject: Subject, *, clock: Clock, bus: Bus
    ) -> None:
        from svcctl.detect.rules.book import Book  # noqa: PLC0415 - where there are rules only

        self._subject, self._clock, self._bus = subject, clock, bus
        self._book: Book = Book(rules, service=subject.service)
        self._latest = -math.inf
        self._timer: Timer | None = None

    def resume(self) -> None:
        """What is judged has begun to run: nothing was missed before."""
        self._tell(self._book.resume(self._clock.now()), self._subject.running())
        self._set_timer()

    def take_lines(
        self,
        content: bytes,
        *,
        reader: Reader,
        gather: Gather,
        seen_in: str | None,
        timed: bool = False,
    ) -> None:
        """Judge lines that came now; if they are *timed*, each counts when it says.

        That is between the line before and now, as they may have been written while nobody looked.
        Whoever gave the last of them says so with :meth:`pass_time`.
        """
        now = self._clock.now()

        def read(said: list[bytes]) -> Record:
            record = reader.record(said, at=now)
            return replace(record, at=self._time(record, now) if timed else now)

        if not timed:
            self._tell(self._book.pass_time(now), seen_in)
        self._tell(self._book.sift(content, gather=gather, read=read), seen_in)
        if not timed:
            self._set_timer()

    def take_records(self, records: Iterable[Record], *, seen_in: str | None) -> None:
        """Judge records that came now, as lines that are timed."""
        now = self._clock.now()

        def in_order() -> Iterator[Record]:
            for record in records:
                yield replace(record, at=self._time(record, now))

        self._tell(self._book.feed(in_order()), seen_in)

    def pass_time(self) -> None:
        """Nothing older than now is still to come."""
        seen_in = self._subject.running()
        if seen_in is None:
            return
        self._latest = self._clock.now()
        self._tell(self._book.pass_time(self._latest), seen_in)
        self._set_timer()

    def close(self) -> None:
        """Judge no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _time(self, record: Record, now: float) -> float:
        self._latest = min(max(record.at, self._latest), now)
        return self._latest

    def _set_timer(self) -> None:
        """Look again when time alone may decide; never while nothing runs."""
        self.close()
        if math.isfinite(self._book.due):
            wait = max(self._book.due - self._clock.now(), 0.0) + _SLACK
            self._timer = self._clock.later(wait, self._look)

    def _look(self) -> None:
        self._timer = None
        self.pass_time()

    def _tell(self, outcomes: list[Outcome], seen_in: str | None) -> None:
        from svcctl.detect.rules.watch import Fired  # noqa: PLC0415 - as above

        for each in outcomes:
            if isinstance(each, Fired):
                self._bus.publish(self._event(each, seen_in))
            else:
                service = self._subject.service
                at = self._clock.now()
                self._bus.publish(FindingEnded(at=at, service=service, pattern=each.pattern))

    def _event(self, fired: Fired, seen_in: str | None) -> FindingMade:
        """Say what was found; where nothing runs there is nothing to be done about it."""
        finding = fired.finding
        found = finding.deviation
        action = fired.rule.action if seen_in else ALERT
        return FindingMade(
            at=self._clock.now(),
            service=finding.service,
            kind=str(found.what),
            subject=found.subject,
            pattern=finding.pattern,
            observed=found.observed,
            expected=found.expected,
            since=found.since,
            score=found.score,
            explanation=f"rule '{found.subject}' of {self._subject.said}: "
            f"{found.observed}, expected {found.expected}",
            samples=finding.samples,
            priority=str(fired.rule.severity or ""),
            action="" if action == ALERT else action,
            seen_in=seen_in or "",
        )
