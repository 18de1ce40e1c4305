"""Serves one host over a broker: takes commands, tells replies and events, comes back when it can.

Over the port alone (:mod:`svcctl.server.mq.transport`), so that it is the same for every broker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from svcctl.app.envelope import decode_command
from svcctl.engine.backoff import wait
from svcctl.errors import NotDelivered, StateFault, SvcctlError, UsageError
from svcctl.ports import Clock
from svcctl.sdk.waiting import first, sleep
from svcctl.server.mq.errands import Errands, Told
from svcctl.server.mq.ledger import Ledger
from svcctl.server.mq.transport import Connect, Delivery, Subject, Topic, Transport

log = logging.getLogger(__name__)

_LAST_REPLIES = 10.0  # seconds that commands under way get when serving ends


class Happenings(Protocol):
    """What is published besides replies; see :class:`svcctl.server.mq.happenings.Happenings`."""

    async def publish(self, transport: Transport) -> None:
        """Publish what happens, for ever; raises NotDelivered."""


class Serving:
    """Serves *host* over what *connect* opens; without *happenings* no events are published."""

    def __init__(
        self,
        host: str,
        *,
        connect: Connect,
        errands: Errands,
        ledger: Ledger,
        clock: Clock,
        chance: Callable[[], float],
        happenings: Happenings | None = None,
    ) -> None:
        self._host, self._connect, self._errands = host, connect, errands
        self._ledger, self._clock, self._chance = ledger, clock, chance
        self._happenings = happenings
        self._dealings: set[asyncio.Task[None]] = set()

    async def serve(
        self, *, connected: Callable[[], None], lost: Callable[[str], None] = lambda _: None
    ) -> None:
        """Serve for ever.

        *connected* is called whenever a connection is open, *lost* with why there is none.
        Who is cancelled takes no more commands, and ends once those under way are dealt with, after
        10 seconds at the latest.
        """
        tries = 0
        try:
            while True:
                try:
                    async with self._connect() as transport:
                        tries = 0
                        log.info("mq.connected", extra={"broker": transport.name})
                        connected()
                        await self._session(transport)
                except (NotDelivered, StateFault) as error:
                    tries += 1
                    lost(error.problem)
                    await self._pause(tries, error)
        finally:
            await self._errands.close()
            await asyncio.gather(*self._dealings, return_exceptions=True)

    async def _pause(self, tries: int, error: SvcctlError) -> None:
        pause = wait(tries, first=0.2, factor=1.5, most=15.0, jitter=0.5, chance=self._chance())
        hint = {"hint": error.hint} if error.hint else {}
        told = {"problem": error.problem, **hint, "again_in": round(pause, 1)}
        log.warning("mq.lost", extra=told)
        await sleep(self._clock, pause)

    async def _session(self, transport: Transport) -> None:
        """Serve over one connection; raises NotDelivered when it is over."""
        works = [self._receive(transport)]
        if self._happenings:
            works.append(self._happenings.publish(transport))
        try:
            await first(*works)
        except asyncio.CancelledError:
            if self._dealings:  # the connection is still there for their replies
                await asyncio.wait(self._dealings, timeout=_LAST_REPLIES)
            raise

    async def _tell_untold(self, transport: Transport) -> None:
        """Publish the replies that no broker has taken: it may have lost their commands."""
        for row in await self._ledger.untold():
            body = row.reply or b""
            await self._tell(transport, Told(id=row.id, label=row.label, body=body, kept=True))

    async def _receive(self, transport: Transport) -> None:
        await self._tell_untold(transport)
        async for delivery in transport.deliveries():
            task = asyncio.create_task(self._deal_with(delivery, transport))
            self._dealings.add(task)
            task.add_done_callback(self._dealings.discard)

    async def _deal_with(self, delivery: Delivery, transport: Transport) -> None:
        try:
            await self._answer(delivery, transport)
        except NotDelivered as error:  # the reply is kept, and the command comes again
            log.info("mq.not-told", extra={"problem": error.problem})
        except Exception:
            log.exception("mq.failed")
            await self._set_aside(delivery, transport)

    async def _answer(self, delivery: Delivery, transport: Transport) -> None:
        try:
            sealed = decode_command(delivery.body)
        except UsageError as error:
            log.warning("mq.unreadable", extra={"problem": error.problem})
            await transport.reject(delivery)
            return
        told = await self._errands.run(sealed, source=transport.name)
        await self._tell(transport, told)
        if told.set_aside:
            log.warning("mq.refused", extra={"id": told.id, "key": sealed.key})
            await transport.reject(delivery)
        else:
            await transport.acknowledge(delivery)

    async def _tell(self, transport: Transport, told: Told) -> None:
        subject = Subject(topic=Topic.REPLY, host=self._host, words=(told.label,))
        await transport.publish(subject, told.body, message_id=told.id)
        if told.kept:
            try:
                await self._ledger.tell(told.id)
            except StateFault as error:  # it is told once more, by and by
                log.warning("mq.not-noted", extra={"problem": error.problem})

    async def _set_aside(self, delivery: Delivery, transport: Transport) -> None:
        """What made us fail would do so again."""
        try:
            await transport.reject(delivery)
        except NotDelivered as error:
            log.info("mq.not-told", extra={"problem": error.problem})
