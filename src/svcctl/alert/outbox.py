"""Carries notices to the channels until they are known to have arrived, over restarts too."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from svcctl.alert.channel import Channel
from svcctl.alert.documents import notice_document, notice_of, readable
from svcctl.alert.group import Notice
from svcctl.alert.router import Errand
from svcctl.alert.wording import worded
from svcctl.errors import NotDelivered, SvcctlError
from svcctl.events import AlertTold, AlertUndelivered, Event
from svcctl.ports import Clock, Store
from svcctl.spec.alerting import Language

log = logging.getLogger(__name__)

_KIND = "alert-delivery"
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 300.0  # seconds between two tries
_GIVE_UP = 6 * 3600.0  # seconds after which nobody wants to hear of it any more
_LEAST_TRIES = 30  # before that is believed: clocks are set, and machines sleep
_PATIENCE = 60.0  # seconds for one try
_KNOWN = 1000  # numbers remembered, so that an errand handed out twice is carried once


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A channel by its *name*, its language, and who is told instead where it fails for good.

    After *patience* seconds of trying the *fallback* is told as well (empty: nobody is).
    """

    name: str
    channel: Channel
    language: Language = Language.EN
    fallback: str = ""
    patience: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice on its way to one channel, since *put* (seconds since 1970), after *tries*."""

    number: str
    channel: str
    notice: Notice
    put: float
    tries: int = 0
    fell_back: bool = False


class Outbox:
    """The notices that are under way; *publish* hears what became of each.

    Each channel has a queue of its own, in order; one that is down keeps none of the others.
    """

    def __init__(
        self,
        ways: Mapping[str, Way],
        *,
        clock: Clock,
        store: Store,
        publish: Callable[[Event], None],
        zone: tzinfo,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._ways, self._clock, self._store = ways, clock, store
        self._publish, self._zone, self._chance = publish, zone, chance
        self._queues: dict[str, deque[Delivery]] = {name: deque() for name in ways}
        self._stirred = {name: asyncio.Event() for name in ways}
        self._over = asyncio.Event()
        self._known: deque[str] = deque(maxlen=_KNOWN)
        self._sent: dict[str, deque[float]] = {name: deque() for name in ways}
        found = readable(store, _KIND, _delivery_of).values()
        for delivery in sorted(found, key=lambda each: each.put):
            self._enqueue(delivery)

    @property
    def waiting(self) -> Mapping[str, int]:
        """Count what is under way to each channel."""
        return {name: len(queue) for name, queue in self._queues.items()}

    def take(self, errand: Errand) -> None:
        """Take an errand over: it is kept before this comes back."""
        for name in errand.channels:
            number = f"{errand.number} {name}"
            if name not in self._ways:
                log.error("alert.no-channel", extra={"channel": name})
            elif number not in self._known and not self._is_said(name, errand.notice):
                self._put(
                    Delivery(
                        number=number, channel=name, notice=errand.notice, put=self._clock.now()
                    )
                )

    async def emptied(self) -> None:
        """Come back once nothing is under way."""
        while any(self._queues.values()):
            self._over.clear()
            await self._over.wait()

    async def run(self) -> None:
        """Carry everything, until it is cancelled; what is under way then is carried later."""
        tasks = [asyncio.create_task(self._carry_all(each), name=each) for each in self._ways]
        try:
            await asyncio.gather(*tasks)
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry_all(self, name: str) -> None:
        queue, stirred = self._queues[name], self._stirred[name]
        while True:
            while not queue:
                stirred.clear()
                await stirred.wait()
            if await self._carry(queue[0]):
                done = queue.popleft()
                self._store.delete(_KIND, done.number)
                self._over.set()

    async def _carry(self, delivery: Delivery) -> bool:
        """Try once; say whether it is over, one way or the other."""
        way = self._ways[delivery.channel]
        await self._my_turn(way)
        message = worded(
            delivery.notice, number=delivery.number, language=way.language, zone=self._zone
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                await way.channel.send(message)
        except NotDelivered as error:
            return await self._failed(way, delivery, error)
        except (SvcctlError, TimeoutError) as error:
            problem = error.problem if isinstance(error, SvcctlError) else "no answer in time"
            return await self._failed(way, delivery, NotDelivered(problem, again=True))
        self._publish(
            AlertTold(
                at=self._clock.now(),
                service=delivery.notice.key.get("service", ""),
                channel=way.name,
                title=message.title,
                tries=delivery.tries + 1,
            )
        )
        return True

    async def _failed(self, way: Way, delivery: Delivery, error: NotDelivered) -> bool:
        now = self._clock.now()
        delivery = replace(delivery, tries=delivery.tries + 1)
        is_late = now - delivery.put >= _GIVE_UP and delivery.tries >= _LEAST_TRIES
        is_over = not error.again or is_late
        if (is_over or now - delivery.put >= way.patience) and not delivery.fell_back:
            delivery = replace(delivery, fell_back=True)
            self._fall_back(way, delivery)
        if is_over:
            self._tell_lost(delivery, error, now)
            return True
        self._queues[way.name][0] = delivery
        self._store.put(_KIND, delivery.number, _document(delivery))
        log.warning(
            "alert.not-delivered",
            extra={"channel": way.name, "problem": error.problem, "tries": delivery.tries},
        )
        most = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(delivery.tries - 1, 30))
        await self._sleep(max(error.wait, most * (0.5 + self._chance() / 2)))
        return False

    def _fall_back(self, way: Way, delivery: Delivery) -> None:
        if way.fallback and way.fallback in self._ways:
            number = f"{delivery.number} > {way.fallback}"
            now = self._clock.now()
            self._put(replace(delivery, number=number, channel=way.fallback, put=now, tries=0))

    def _tell_lost(self, delivery: Delivery, error: NotDelivered, now: float) -> None:
        self._publish(
            AlertUndelivered(
                at=now,
                service=delivery.notice.key.get("service", ""),
                channel=delivery.channel,
                problem=error.problem,
                tries=delivery.tries,
            )
        )

    async def _my_turn(self, way: Way) -> None:
        """Wait until the channel takes another message."""
        rate, sent = way.channel.rate, self._sent[way.name]
        while True:
            now = self._clock.monotonic()
            while sent and now - sent[0] >= rate.within:
                sent.popleft()
            if len(sent) < rate.most:
                sent.append(now)
                return
            await self._sleep(sent[0] + rate.within - now)

    async def _sleep(self, seconds: float) -> None:
        passed = asyncio.Event()
        timer = self._clock.later(seconds, passed.set)
        try:
            await passed.wait()
        finally:
            timer.cancel()

    def _is_said(self, name: str, notice: Notice) -> bool:
        """Say whether what *notice* repeats is still under way: once is enough."""
        firing = {each.fingerprint for each in notice.firing}
        return notice.repeated and any(
            firing <= {each.fingerprint for each in delivery.notice.firing}
            for delivery in self._queues[name]
        )

    def _put(self, delivery: Delivery) -> None:
        self._store.put(_KIND, delivery.number, _document(delivery))
        self._enqueue(delivery)

    def _enqueue(self, delivery: Delivery) -> None:
        if delivery.channel not in self._queues:
            self._store.delete(_KIND, delivery.number)
            gone = NotDelivered("the channel is no longer configured", again=False)
            self._tell_lost(delivery, gone, self._clock.now())
            return
        self._known.append(delivery.number)
        self._queues[delivery.channel].append(delivery)
        self._stirred[delivery.channel].set()


def _document(delivery: Delivery) -> dict[str, Any]:
    return {
        "number": delivery.number,
        "channel": delivery.channel,
        "notice": notice_document(delivery.notice),
        "put": delivery.put,
        "tries": delivery.tries,
        "fell_back": delivery.fell_back,
    }


def _delivery_of(document: Mapping[str, Any]) -> Delivery:
    return Delivery(**{**document, "notice": notice_of(document["notice"])})
