"""Has their rules judge what services log, as it comes: what is found is an event."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from svcctl.engine.keeper import Keeper
from svcctl.engine.manager import AgentManager
from svcctl.errors import SvcctlError
from svcctl.events import Event, FindingEnded, FindingMade, InstanceSpawned, SpecApplied
from svcctl.ports import Cancel, LogSink, Timer
from svcctl.record import Record
from svcctl.spec.log_rule import ALERT, LogRule

if TYPE_CHECKING:  # the agent loads what judges where there are rules
    from svcctl.detect.rules.book import Book
    from svcctl.detect.rules.watch import Fired, Outcome
    from svcctl.observe.records.reader import Reader

log = logging.getLogger(__name__)

_SLACK = 0.1  # seconds after which a time is surely over


class Watching:
    """Follows every service that has rules; loads and costs nothing where none has.

    A line counts at the time it came.  What was written while no agent ran is not judged.
    """

    def __init__(self, manager: AgentManager) -> None:
        self._manager = manager
        self._watched: dict[str, _Watched] = {}
        self._forget: Cancel | None = None

    def begin(self) -> None:
        """Watch from now on, what is applied later too."""
        self._forget = self._manager.world.bus.subscribe(self._noticed)
        for name in self._manager.names():
            self._look_at(name)

    def close(self) -> None:
        """Watch no more."""
        if self._forget:
            self._forget()
        for each in self._watched.values():
            each.close()
        self._watched.clear()

    def _noticed(self, event: Event) -> None:
        if isinstance(event, SpecApplied):
            self._look_at(event.service)
        elif isinstance(event, InstanceSpawned) and event.service in self._watched:
            self._watched[event.service].go_on()

    def _look_at(self, service: str) -> None:
        spec = self._manager.specs.get(service)
        rules = spec.rules if spec else ()
        old = self._watched.get(service)
        if old and old.rules == rules:
            return
        if old:
            self._watched.pop(service).close()
        if rules:
            self._watch(service, rules)

    def _watch(self, service: str, rules: tuple[LogRule, ...]) -> None:
        try:
            watched = _Watched(service, rules, manager=self._manager)
        except SvcctlError as error:  # a definition that another version took
            log.error("rules.refused", extra={"service": service, "problem": error.problem})
            return
        self._watched[service] = watched
        watched.go_on()


class _Watched:
    """One service, its rules, and what they have seen."""

    def __init__(self, service: str, rules: tuple[LogRule, ...], *, manager: AgentManager) -> None:
        from svcctl.detect.rules.book import Book  # noqa: PLC0415 - where there are rules only

        self.service, self.rules = service, rules
        self._manager = manager
        self._clock, self._bus = manager.world.clock, manager.world.bus
        self._book: Book = Book(rules, service=service)
        self._readers: dict[tuple[str, str], Reader] = {}
        self._followed: dict[str, tuple[LogSink, Cancel]] = {}
        self._timer: Timer | None = None

    def go_on(self) -> None:
        """The service, or one more instance of it, has begun: nothing was missed before."""
        for keeper in self._manager.keepers(self.service):
            sink, cancel = self._followed.get(keeper.name, (None, None))
            if sink is keeper.sink:
                continue
            if cancel:
                cancel()
            call = partial(self._take, keeper)
            self._followed[keeper.name] = keeper.sink, keeper.sink.follow(call)
        self._tell(self._book.resume(self._clock.now()), self._running())
        self._set_timer()

    def close(self) -> None:
        """Judge no more."""
        for _, cancel in self._followed.values():
            cancel()
        if self._timer:
            self._timer.cancel()

    def _take(self, keeper: Keeper, stream: str, lines: list[bytes]) -> None:
        from svcctl.observe.records.around import around  # noqa: PLC0415 - as above

        reader, now = self._reader(keeper.name, stream), self._clock.now()

        def read(said: list[bytes]) -> Record:
            return replace(reader.record(said, at=now), at=now)

        self._tell(self._book.pass_time(now), keeper)
        outcomes = self._book.sift(b"\n".join(lines), gather=around, read=read)
        self._tell(outcomes, keeper)
        self._set_timer()

    def _reader(self, instance: str, stream: str) -> Reader:
        if (instance, stream) not in self._readers:
            from svcctl.observe.records.reader import Reader  # noqa: PLC0415 - as above

            self._readers[instance, stream] = Reader()
        return self._readers[instance, stream]

    def _running(self) -> Keeper | None:
        keepers = self._manager.keepers(self.service)
        return next((each for each in keepers if each.program.child), None)

    def _set_timer(self) -> None:
        """Look again when time alone may decide; never while nothing runs."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if math.isfinite(self._book.due):
            wait = max(self._book.due - self._clock.now(), 0.0) + _SLACK
            self._timer = self._clock.later(wait, self._look)

    def _look(self) -> None:
        self._timer = None
        if keeper := self._running():
            self._tell(self._book.pass_time(self._clock.now()), keeper)
            self._set_timer()

    def _tell(self, outcomes: list[Outcome], keeper: Keeper | None) -> None:
        from svcctl.detect.rules.watch import Fired  # noqa: PLC0415 - as above

        for each in outcomes:
            if isinstance(each, Fired):
                self._bus.publish(_event(each, keeper))
            else:
                self._bus.publish(
                    FindingEnded(at=each.at, service=self.service, pattern=each.pattern)
                )


def _event(fired: Fired, keeper: Keeper | None) -> FindingMade:
    """Say what was found; where nothing runs there is nothing to be done about it."""
    finding = fired.finding
    found = finding.deviation
    action = fired.rule.action if keeper else ALERT
    return FindingMade(
        at=fired.at,
        service=finding.service,
        kind=str(found.what),
        subject=found.subject,
        pattern=finding.pattern,
        observed=found.observed,
        expected=found.expected,
        since=found.since,
        score=found.score,
        explanation=f"rule '{found.subject}' of service '{finding.service}': "
        f"{found.observed}, expected {found.expected}",
        samples=finding.samples,
        priority=str(fired.rule.severity or ""),
        action="" if action == ALERT else action,
        seen_in=keeper.name if keeper else "",
    )
