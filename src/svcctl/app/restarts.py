"""Tells when instances are restarted again and again, however the agent itself comes and goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from svcctl.app.found_in import found_in, over_in
from svcctl.engine.manager import AgentManager
from svcctl.errors import UnknownService
from svcctl.events import Event, PhaseChanged, SpecApplied
from svcctl.ports import Cancel, Document, Timer

if TYPE_CHECKING:  # loaded with the first restart
    from svcctl.detect.flapping import Flapping

log = logging.getLogger(__name__)

_KIND = "restarts"
_STARTING = "starting"
_AT_REST = frozenset({"stopped", "failed", "finished"})


class Restarts:
    """Counts restarts that nobody asked for; has a timer only while something flaps."""

    def __init__(self, manager: AgentManager, *, is_quiet: Callable[[str], bool]) -> None:
        self._manager, self._is_quiet = manager, is_quiet
        self._clock, self._bus = manager.world.clock, manager.world.bus
        self._store = manager.world.store
        self._known: dict[str, int] = {}
        self._flapping: dict[str, Flapping] = {}
        self._timers: dict[str, Timer] = {}
        self._forget: Cancel | None = None

    def begin(self) -> None:
        """Count from now on, where the agent before left off."""
        self._forget = self._bus.subscribe(self._noticed)
        for name in self._manager.names():
            for keeper in self._manager.keepers(name):
                self._known[keeper.name] = keeper.state.restarts
        for instance, document in self._store.items(_KIND):
            self._resume(instance, document)

    def close(self) -> None:
        """Count no more."""
        if self._forget:
            self._forget()
        for timer in self._timers.values():
            timer.cancel()

    def _noticed(self, event: Event) -> None:
        match event:
            case PhaseChanged(new=new) if new == _STARTING:
                self._started(event.service, event.instance)
            case PhaseChanged(new=new) if new in _AT_REST:
                self._settle(event.service, event.instance)
            case SpecApplied(change="removed"):
                for instance in [each for each in self._known if self._count(each) is None]:
                    del self._known[instance]
                    self._settle(event.service, instance)
            case _:
                pass

    def _started(self, service: str, instance: str) -> None:
        count = self._count(instance)
        if count is None:  # it leaves, and starts no more
            return
        before, self._known[instance] = self._known.get(instance, 0), count
        if count > before:
            self._restarted(service, instance)

    def _restarted(self, service: str, instance: str) -> None:
        from svcctl.detect.finding import Finding  # noqa: PLC0415 - as above

        flapping, now = self._of(instance), self._clock.now()
        deviation = flapping.restart(now)
        self._store.put(_KIND, instance, {"service": service, "state": flapping.state()})
        if deviation:
            finding = Finding(service=service, deviation=deviation)
            if not self._is_quiet(finding.pattern):
                self._bus.publish(found_in(instance, finding, service=service, at=now))
        if flapping.flaps:
            self._set_timer(service, instance)

    def _count(self, instance: str) -> int | None:
        try:
            return self._manager.instance(instance).state.restarts
        except UnknownService:
            return None

    def _of(self, instance: str) -> Flapping:
        if instance not in self._flapping:
            from svcctl.detect.flapping import Flapping  # noqa: PLC0415 - as above

            self._flapping[instance] = Flapping(instance)
        return self._flapping[instance]

    def _resume(self, instance: str, document: Document) -> None:
        service, flapping = str(document.get("service")), self._of(instance)
        state = document.get("state")
        try:
            flapping.restore(state if isinstance(state, dict) else {})
        except (ValueError, TypeError) as error:
            log.warning("restarts.unreadable", extra={"instance": instance, "problem": str(error)})
        if instance not in self._known:
            self._settle(service, instance)
        elif flapping.flaps:
            self._set_timer(service, instance)

    def _set_timer(self, service: str, instance: str) -> None:
        """Look when it will have settled, unless it is restarted before."""
        if instance in self._timers:
            self._timers[instance].cancel()
        wait = max(0.0, self._flapping[instance].settles_at - self._clock.now())
        call = partial(self._settle, service, instance)
        self._timers[instance] = self._clock.later(wait, call)

    def _settle(self, service: str, instance: str) -> None:
        """It is over: there was no restart for long, or there will be none."""
        if timer := self._timers.pop(instance, None):
            timer.cancel()
        flapping = self._flapping.pop(instance, None)
        if flapping is None:
            return
        self._store.delete(_KIND, instance)
        if flapping.flaps:
            at, pattern = self._clock.now(), f"{service}/flapping/{instance}"
            self._bus.publish(over_in(instance, pattern, service=service, at=at))
