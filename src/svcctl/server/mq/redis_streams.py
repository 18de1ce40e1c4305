"""Redis as a transport: a stream for each host, read by a group, acknowledged by hand alone.

A command is in its stream until it is acknowledged, and nothing is ever cut off there; who settles
it takes it out.  What was given to somebody who went away is claimed at the next connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from svcctl.client.broker import Arrivals
from svcctl.client.redis_streams import (
    BODY,
    COMMANDS,
    DEAD,
    EVENTS,
    REPLIES,
    RedisBroker,
    answering,
    connected,
    redis,
)
from svcctl.errors import NotDelivered
from svcctl.server.mq.transport import Connect, Delivery, Subject, Topic, Transport

_Entry = tuple[bytes, Mapping[bytes, bytes]]  # its id and its fields

_GROUP = "svcctl"
_ONLY = "front"  # the one consumer of a group: a ledger has one process at a time
_DELIVERIES = 20  # of one message; more, and it is what kills who takes it
_DEAD_LETTERS = 10_000
_DEAD_KEPT = 30 * 86_400  # seconds
_AT_ONCE = 100  # claims that are looked at at once
_LONGEST_READ = 15.0  # seconds that the server may wait for a command
_LATE = 15.0  # seconds more, after which a server that says nothing is there no more


def redis_streams(broker: RedisBroker, host: str, *, at_once: int) -> Connect:
    """Give how to connect to *broker* for the commands of *host*.

    Its stream and its group are made then, where they are missing.
    """
    return partial(_session, broker, host, at_once)


@asynccontextmanager
async def _session(broker: RedisBroker, host: str, at_once: int) -> AsyncIterator[Transport]:
    async with connected(broker, name=f"svcctl-{host}") as client:
        session = RedisStreams(broker, client, host, at_once)
        await session.begin()
        yield session


class RedisStreams:
    """A connection to *broker*; over as soon as anything goes wrong with it."""

    def __init__(self, broker: RedisBroker, client: Any, host: str, at_once: int) -> None:  # noqa: ANN401 - redis-py's
        self._broker, self._client = broker, client
        self._commands, self._dead = f"{COMMANDS}{host}", f"{DEAD}{host}"
        self._places = asyncio.Semaphore(at_once)
        self._arrivals = Arrivals[Delivery]()

    @property
    def name(self) -> str:
        """See :class:`Transport`."""
        return str(self._broker)

    async def begin(self) -> None:
        """Make the stream and the group where they are missing: senders know the host by them."""
        errors = redis().exceptions
        async with answering(self._broker):
            try:
                await self._client.xgroup_create(self._commands, _GROUP, id="0", mkstream=True)
            except errors.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):  # it is there
                    raise

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """See :class:`Transport`."""
        taking = asyncio.create_task(self._take())
        taking.add_done_callback(self._end)
        try:
            async for delivery in self._arrivals:
                yield delivery
        finally:
            taking.cancel()
            await asyncio.wait({taking})

    async def acknowledge(self, delivery: Delivery) -> None:
        """See :class:`Transport`."""
        await self._settle(delivery)

    async def reject(self, delivery: Delivery) -> None:
        """See :class:`Transport`."""
        await self._settle(delivery, dead_of="rejected")

    async def publish(self, subject: Subject, body: bytes, *, message_id: str) -> None:
        """See :class:`Transport`; who does not listen is not told, as with any topic."""
        del message_id  # it is in what is signed
        await self._told(self._client.publish(_channel(subject), body))

    async def _settle(self, delivery: Delivery, *, dead_of: str = "") -> None:
        """Take it out of the stream, and put it aside if it is dead: both or neither."""
        async with self._client.pipeline(transaction=True) as both:
            if dead_of:
                oldest = int((time.time() - _DEAD_KEPT) * 1000)
                both.xadd(self._dead, {BODY: delivery.body, b"why": dead_of}, maxlen=_DEAD_LETTERS)
                both.xtrim(self._dead, minid=oldest)
            both.xack(self._commands, _GROUP, delivery.receipt)
            both.xdel(self._commands, delivery.receipt)
            await self._told(both.execute())
        self._places.release()

    async def _told(self, telling: Awaitable[object]) -> None:
        """Tell the server something; what fails ends the connection, so that all begins anew."""
        try:
            async with answering(self._broker):
                await telling
        except NotDelivered as error:
            self._arrivals.end(error)
            raise

    async def _take(self) -> None:
        """Take commands while there are places, first those that were given to others."""
        await self._claim()
        while True:
            await self._places.acquire()
            await self._give(await self._next())

    def _end(self, taking: asyncio.Task[None]) -> None:
        if not taking.cancelled() and (why := taking.exception()):
            self._arrivals.end(why)

    async def _next(self) -> _Entry:
        found: list[tuple[bytes, list[_Entry]]] = []
        while not found:
            async with answering(self._broker, within=_LONGEST_READ + _LATE):
                found = await self._client.xreadgroup(
                    _GROUP,
                    _ONLY,
                    {self._commands: ">"},
                    count=1,
                    block=round(_LONGEST_READ * 1000),
                )
        ((_, entries),) = found
        return entries[0]

    async def _claim(self) -> None:
        """Take what was delivered and never settled, the oldest first."""
        after = "-"
        while rows := await self._pending(after):
            for row in rows:
                await self._places.acquire()
                await self._claim_one(row["message_id"], given=row["times_delivered"])
            after = f"({rows[-1]['message_id'].decode()}"

    async def _pending(self, after: str) -> list[dict[str, Any]]:
        """Give the next of what was delivered and never settled."""
        async with answering(self._broker):
            rows: list[dict[str, Any]] = await self._client.xpending_range(
                self._commands, _GROUP, min=after, max="+", count=_AT_ONCE
            )
            return rows

    async def _claim_one(self, id_: bytes, *, given: int) -> None:
        async with answering(self._broker):
            claimed = await self._client.xclaim(self._commands, _GROUP, _ONLY, 0, [id_])
        if not claimed:  # somebody has deleted it
            self._places.release()
        elif given > _DELIVERIES:
            ((_, fields),) = claimed
            await self._settle(
                Delivery(body=fields.get(BODY, b""), receipt=id_), dead_of="delivery_limit"
            )
        else:
            await self._give(claimed[0])

    async def _give(self, entry: _Entry) -> None:
        id_, fields = entry
        await self._arrivals.take(Delivery(body=fields.get(BODY, b""), receipt=id_))


def _channel(subject: Subject) -> str:
    match subject.topic:
        case Topic.REPLY:
            return f"{REPLIES}{subject.words[-1]}"
        case Topic.EVENT:
            return f"{EVENTS}{subject.host}"
