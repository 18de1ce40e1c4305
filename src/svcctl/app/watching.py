"""Has their rules judge what services log, as it comes: what is found is an event."""

from __future__ import annotations

import logging
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from svcctl.engine.manager import AgentManager
from svcctl.errors import SvcctlError
from svcctl.events import Event, InstanceSpawned, SpecApplied
from svcctl.ports import Cancel, LogSink
from svcctl.spec.log_rule import LogRule

if TYPE_CHECKING:  # the agent loads what judges where there are rules
    from svcctl.app.judging import Judge
    from svcctl.observe.records.reader import Reader

log = logging.getLogger(__name__)


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

    def judge(self, service: str) -> Judge | None:
        """Give what judges the logs of *service*, wherever they are; None where it has no rules."""
        watched = self._watched.get(service)
        return watched.judge if watched else None

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
        from svcctl.app.judging import Judge, Subject  # noqa: PLC0415 - where there are rules only
        from svcctl.observe.records.reader import Reader  # noqa: PLC0415

        self.service, self.rules = service, rules
        self._manager = manager
        world = manager.world
        subject = Subject(
            service=service,
            said=f"service '{service}'",
            running=partial(running_instance, manager, service),
        )
        self.judge = Judge(rules, subject, clock=world.clock, bus=world.bus)
        self._readers: defaultdict[tuple[str, str], Reader] = defaultdict(Reader)
        self._followed: dict[str, tuple[LogSink, Cancel]] = {}

    def go_on(self) -> None:
        """The service, or one more instance of it, has begun: nothing was missed before."""
        for keeper in self._manager.keepers(self.service):
            sink, cancel = self._followed.get(keeper.name, (None, None))
            if sink is keeper.sink:
                continue
            if cancel:
                cancel()
            call = partial(self._take, keeper.name)
            self._followed[keeper.name] = keeper.sink, keeper.sink.follow(call)
        self.judge.resume()

    def close(self) -> None:
        """Judge no more."""
        for _, cancel in self._followed.values():
            cancel()
        self.judge.close()

    def _take(self, instance: str, stream: str, lines: list[bytes]) -> None:
        from svcctl.observe.records.around import around  # noqa: PLC0415 - as above

        reader = self._readers[instance, stream]
        content = b"\n".join(lines)
        self.judge.take_lines(content, reader=reader, gather=around, seen_in=instance)


def running_instance(manager: AgentManager, service: str) -> str | None:
    """Name an instance of *service* that runs; None where none does, or it is not kept."""
    keepers = manager.keepers(service) if service in manager.specs else ()
    return next((each.name for each in keepers if each.program.child), None)
