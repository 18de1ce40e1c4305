"""Tells people of what is wrong: from the bus to the router, and from there to the channels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import tzinfo

from svcctl.alert.alert import Alert
from svcctl.alert.outbox import Outbox, Way
from svcctl.alert.router import Router
from svcctl.app.alerting.cause import Cause
from svcctl.app.alerting.causes import Causes, Change
from svcctl.app.alerting.policy import Services, alert_of, cause_of, follows, policy
from svcctl.app.past import event_of
from svcctl.events import AlertEnded, AlertRaised, Event, SpecApplied
from svcctl.ports import Bus, Cancel, Clock, InstanceStatus, Recorded, Store, Timer
from svcctl.spec.alerting import AlertingSpec

Ways = Callable[[AlertingSpec], Mapping[str, Way]]
"""Gives the channels that are configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What there is on this machine, called *host*; *services* and *standing* give how it is now.

    Of services *unseen* nobody knows that yet.  What happens is told on *bus*, and to the services
    of native managers on *natives*; what becomes of it is told on *bus* too.  Times in notices are
    those of *zone*.
    """

    clock: Clock
    bus: Bus
    natives: Bus
    store: Store
    services: Callable[[], Services]
    standing: Callable[[], Iterable[InstanceStatus]]
    unseen: Callable[[], Collection[str]]
    ways: Ways
    zone: tzinfo
    host: str


class Telling:
    """All alerts of one machine, by *spec*, from :meth:`begin` to :meth:`close`.

    What was told, and what is under way, is taken up from the last one that used the store.
    """

    def __init__(self, spec: AlertingSpec, place: Place) -> None:
        self.spec = spec
        self.ways = place.ways(spec)
        self._place = place
        self._outbox = Outbox(
            self.ways,
            clock=place.clock,
            store=place.store,
            publish=place.bus.publish,
            zone=place.zone,
        )
        self.router = Router(
            policy(spec, place.services()),
            clock=place.clock,
            store=place.store,
            deliver=self._outbox.take,
            follows=lambda alert, firing: follows(alert, firing, place.services()),
        )
        self._alerts = {cause_of(each).key: each for each in self.firing}
        self._causes = Causes()
        self._causes.recall(map(cause_of, self._alerts.values()))
        self._timer: Timer | None = None
        self._unsubscribe: tuple[Cancel, ...] = ()
        self._carrying: asyncio.Task[None] | None = None

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Give what is wrong now, what matters most first."""
        found = (each for group in self.router.groups for each in group.alerts.values())
        return tuple(sorted((e for e in found if e.fires), key=lambda e: (e.priority, e.began)))

    @property
    def waiting(self) -> Mapping[str, int]:
        """Count what is under way to each channel."""
        return self._outbox.waiting

    @property
    def acknowledged(self) -> frozenset[str]:
        """Give the fingerprints of what somebody takes care of."""
        return frozenset().union(*(group.acknowledged for group in self.router.groups))

    def begin(self, past: Iterable[Recorded]) -> None:
        """Take in what happened before now, oldest first, then all that happens.

        Needs a running event loop.
        """
        before = set(self._alerts)
        for each in past:
            event = event_of(each)
            if event is not None:
                self._causes.take(event)
        self._settle()
        self._causes.expire(self._place.clock.now())
        current = {each.key: each for each in self._causes.now}
        for key in before - current.keys():
            self._end(key)
        self._apply(Change(begun=tuple(current.values())))
        buses = self._place.bus, self._place.natives
        self._unsubscribe = tuple(each.subscribe(self._notice) for each in buses)
        self._carrying = asyncio.get_running_loop().create_task(self._outbox.run())

    def look_again(self) -> None:
        """Take in that services came or went, or that somebody knows now how they are."""
        self.router.adopt(policy(self.spec, self._place.services()))
        self._apply(self._settle())

    async def last_words(self, *, within: float) -> None:
        """Tell at once what would be told later; come back once it has arrived, or in time."""
        self.router.hurry()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._outbox.emptied()

    def close(self) -> None:
        """Tell nobody any more; what is under way is kept."""
        for cancel in self._unsubscribe:
            cancel()
        if self._carrying:
            self._carrying.cancel()
        if self._timer:
            self._timer.cancel()
        self.router.close()

    def _notice(self, event: Event) -> None:
        if isinstance(event, AlertRaised | AlertEnded):
            return
        if isinstance(event, SpecApplied):
            self.router.adopt(policy(self.spec, self._place.services()))
        self._apply(self._causes.take(event))

    def _settle(self) -> Change:
        place = self._place
        return self._causes.settle(place.standing(), now=place.clock.now(), unseen=place.unseen())

    def _apply(self, change: Change) -> None:
        for each in change.ended:
            self._end(each.key)
        for each in change.begun:
            self._begin(each)
        self._schedule()

    def _begin(self, cause: Cause) -> None:
        known = self._alerts.get(cause.key)
        if known is not None:
            again = replace(
                known, summary=cause.summary, details=cause.details, samples=cause.samples
            )
            self._alerts[cause.key] = again
            self.router.take(again)
            return
        services, host = self._place.services(), self._place.host
        alert = alert_of(cause, self.spec, services, host=host)
        if alert is None:
            return
        self._alerts[cause.key] = alert
        self.router.take(alert)
        self._place.bus.publish(
            AlertRaised(
                at=self._place.clock.now(),
                service=cause.service,
                instance=cause.instance,
                alert=alert.name,
                priority=alert.priority,
                summary=alert.summary,
                fingerprint=alert.fingerprint,
            )
        )

    def _end(self, key: tuple[str, str, str, str]) -> None:
        alert = self._alerts.pop(key, None)
        if alert is None:
            return
        now = self._place.clock.now()
        self.router.take(replace(alert, ended=now))
        self._place.bus.publish(
            AlertEnded(
                at=now,
                service=alert.label("service"),
                instance=alert.label("instance"),
                alert=alert.name,
                priority=alert.priority,
                summary=alert.summary,
                fingerprint=alert.fingerprint,
                lasted=max(0.0, now - alert.began),
            )
        )

    def _schedule(self) -> None:
        """Be back when the next thing is over by itself."""
        if self._timer:
            self._timer.cancel()
        at = self._causes.next_end
        clock = self._place.clock
        self._timer = None if at is None else clock.later(max(0.0, at - clock.now()), self._expire)

    def _expire(self) -> None:
        self._apply(self._causes.expire(self._place.clock.now()))
