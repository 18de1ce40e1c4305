"""Has their rules judge what services log, as it comes: what is found is told, and acted upon."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from svcctl.engine.keeper import Keeper
from svcctl.engine.manager import AgentManager
from svcctl.errors import SvcctlError
from svcctl.events import Event, FindingEnded, FindingMade, InstanceSpawned, SpecApplied
from svcctl.ports import Cancel, LogSink, Timer
from svcctl.record import Record
from svcctl.spec.log_rule import RUN, LogRule

if TYPE_CHECKING:  # the agent loads what judges where there are rules
    from svcctl.detect.rules.book import Book
    from svcctl.detect.rules.watch import Fired, Outcome
    from svcctl.observe.records.reader import Reader

log = logging.getLogger(__name__)

CarryOut = Callable[[str, str], Awaitable[object]]
"""Carries out a verb for a service, audited; raises what the verb does."""

_SLACK = 0.1  # seconds after which a time is surely over


class Watching:
    """Follows every service that has rules; loads and costs nothing where none has.

    A line counts at the time it came.  What was written while no agent ran is not judged.
    """

    def __init__(self, manager: AgentManager, *, carry_out: CarryOut) -> None:
        self._manager, self._carry_out = manager, carry_out
        self._watched: dict[str, _Watched] = {}
        self._forget: Cancel | None = None
        self._acting: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Watch from now on, what is applied later too."""
        self._forget = self._manager.world.bus.subscribe(self._noticed)
        for name in self._manager.names():
            self._look_at(name)

    def close(self) -> None:
        """Watch no more; what is being done about a finding is given up."""
        if self._forget:
            self._forget()
        for each in self._watched.values():
            each.close()
        for task in self._acting:
            task.cancel()
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
            watched = _Watched(service, rules, manager=self._manager, act=self._act)
        except SvcctlError as error:  # a definition that another version took
            log.error("rules.refused", extra={"service": service, "problem": error.problem})
            return
        self._watched[service] = watched
        watched.go_on()

    def _act(self, fired: Fired, keeper: Keeper) -> None:
        action = fired.rule.action
        if action.startswith(RUN):
            keeper.program.run_named(action.removeprefix(RUN))
        elif action != "alert":
            task = asyncio.get_running_loop().create_task(self._do(action, fired.service))
            self._acting.add(task)
            task.add_done_callback(self._acting.discard)

    async def _do(self, verb: str, service: str) -> None:
        try:
            await self._carry_out(verb, service)
        except SvcctlError as error:
            fields = {"service": service, "verb": verb, "problem": error.problem}
            log.warning("rule.not_done", extra=fields)


class _Watched:
    """One service, its rules, and what they have seen."""

    def __init__(
        self,
        service: str,
        rules: tuple[LogRule, ...],
        *,
        manager: AgentManager,
        act: Callable[[Fired, Keeper], None],
    ) -> None:
        from svcctl.detect.rules.book import Book  # noqa: PLC0415 - where there are rules only

        self.service, self.rules = service, rules
        self._manager, self._act = manager, act
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
                self._bus.publish(_event(each))
                if keeper:
                    self._act(each, keeper)
            else:
                self._bus.publish(
                    FindingEnded(at=each.at, service=self.service, pattern=each.pattern)
                )


def _event(fired: Fired) -> FindingMade:
    finding = fired.finding
    found = finding.deviation
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
    )
