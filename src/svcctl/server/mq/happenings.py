"""Publishes what happens on a host, in order and without a gap, however often anybody goes away.

The number of the last event that a broker answers for is in the ledger; from there on the agent is
asked again, for the newest 10,000.  An event may be published twice, under the same number.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping

from svcctl.app.statements import event_text
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.engine.backoff import wait
from svcctl.errors import SvcctlError
from svcctl.ports import Clock
from svcctl.sdk.waiting import sleep
from svcctl.server.answers import Answers
from svcctl.server.mq.bounds import Items
from svcctl.server.mq.ledger import Ledger
from svcctl.server.mq.transport import Subject, Topic, Transport
from svcctl.wire import Selection

log = logging.getLogger(__name__)

WHO = "front:queue"
"""As whom the agent is asked for events: a viewer, whom a rule may deny some services."""

_MOST = 10_000  # events of the past at once, and events that wait to be published


class Inbox:
    """Takes events as they come; once too many wait no more are taken, and :meth:`take` says so."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._waiting: deque[object] = deque()
        self._came = asyncio.Event()
        self.is_full = False

    def __call__(self, item: object) -> None:
        """Take *item*."""
        self.is_full = self.is_full or len(self._waiting) >= self._most
        if not self.is_full:
            self._waiting.append(item)
        self._came.set()

    async def room(self) -> None:
        """Always."""

    async def take(self) -> list[object]:
        """Wait for events; give all there are, none where the rest has to be asked for anew."""
        while not self._waiting and not self.is_full:
            self._came.clear()
            await self._came.wait()
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


class Happenings:
    """The events of *host*, asked of its agent; *source* says over which broker they go."""

    def __init__(
        self,
        host: str,
        *,
        answers: Answers,
        ledger: Ledger,
        source: str,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self._host, self._answers, self._ledger = host, answers, ledger
        self._clock, self._chance = clock, chance
        self._identity = Identity(
            actor=WHO, way=Way.QUEUE, proof=Proof.SELF, source=source, roles=("viewer",)
        )

    async def publish(self, transport: Transport) -> None:
        """Publish what happens, for ever; raises NotDelivered."""
        tries = 0
        while True:
            try:
                await self._follow(transport)
                tries = 0
            except _Interrupted as error:
                tries += 1
                pause = wait(tries, first=0.5, factor=2, most=15, jitter=0.3, chance=self._chance())
                log.warning("mq.no-events", extra={"problem": str(error), "again_in": pause})
                await sleep(self._clock, pause)

    async def _follow(self, transport: Transport) -> None:
        """Publish until too many events wait, which are asked for anew; raises _Interrupted."""
        inbox, last = Inbox(), await self._last()
        args = {"follow": True, "after": last, "lines": _MOST}
        asking = asyncio.create_task(self._ask(args, inbox))
        asking.add_done_callback(lambda _: inbox(None))
        try:
            events = await inbox.take()
            _tell_gap(last, events)
            await self._publish(events, transport)
            while not inbox.is_full and not asking.done():
                await self._publish(await inbox.take(), transport)
        finally:
            asking.cancel()
            await asyncio.wait({asking})
        if not asking.cancelled() and (error := asking.exception()):
            raise error

    async def _last(self) -> int:
        """Give the number after which events are wanted: at first that of the newest.

        So it is where numbers begin anew, with an agent's state.
        """
        last, newest = await self._ledger.last_event(self._host), Items()
        await self._ask({"lines": 1}, newest)
        known = max((_number(each) for each in newest.kept), default=0)
        if last is not None and last <= known:
            return last
        await self._ledger.note_event(self._host, known)
        return known

    async def _ask(self, args: Mapping[str, object], emit: Emit) -> None:
        try:
            await self._answers.carry_out(
                "events",
                selection=Selection(all=True),
                args=args,
                identity=self._identity,
                emit=emit,
            )
        except SvcctlError as error:
            raise _Interrupted(error.problem) from error

    async def _publish(self, events: list[object], transport: Transport) -> None:
        number = 0
        for event in events:
            if isinstance(event, dict):
                number = _number(event)
                await transport.publish(
                    self._subject(event),
                    event_text(self._host, event).encode(),
                    message_id=f"{self._host}-{number}",
                )
        if number:
            await self._ledger.note_event(self._host, number)

    def _subject(self, event: Mapping[str, object]) -> Subject:
        words = (str(event.get("kind")), str(event.get("service") or "-"))
        return Subject(topic=Topic.EVENT, host=self._host, words=words)


class _Interrupted(Exception):
    """The agent went away, or refuses."""


def _tell_gap(last: int, events: list[object]) -> None:
    """Log how many of the past are left out: too many, or of services that nobody may hear of."""
    first = next((number for each in events if (number := _number(each))), last + 1)
    if first > last + 1:
        log.warning("mq.events-left-out", extra={"after": last, "count": first - last - 1})


def _number(event: object) -> int:
    number = event.get("number") if isinstance(event, dict) else None
    return number if isinstance(number, int) else 0
