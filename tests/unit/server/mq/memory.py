"""A second transport, in memory: what a broker keeps outlives its connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from svcctl.errors import NotDelivered
from svcctl.server.mq.transport import Delivery, Subject, Transport


class MemoryBroker:
    """Keeps commands until they are acknowledged, and what is published.

    While it is *away* nobody can connect; *deaf*: what is published is not taken.
    """

    def __init__(self) -> None:
        self.waiting: list[bytes] = []
        self.dead: list[bytes] = []
        self.published: list[tuple[str, bytes, str]] = []
        self.away = self.deaf = False
        self.connections = 0
        self.changed = asyncio.Event()
        self._now: _Connection | None = None

    def send(self, body: bytes) -> None:
        """Take a command in."""
        self.waiting.append(body)
        if self._now:
            self._now.give(body)

    def lose(self) -> None:
        """Cut the connection; what was not acknowledged stays."""
        if self._now:
            self._now.came.put_nowait(None)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Transport]:
        """See :data:`svcctl.server.mq.transport.Connect`."""
        if self.away:
            raise NotDelivered("the broker is away", again=True)
        self.connections += 1
        self._now = _Connection(self)
        for body in self.waiting:
            self._now.give(body)
        try:
            yield self._now
        finally:
            self._now.is_over, self._now = True, None

    def replies(self) -> list[bytes]:
        """Give what was published of replies."""
        return [body for subject, body, _ in self.published if subject.startswith("reply.")]

    def note(self) -> None:
        """Wake whoever waits for a change."""
        self.changed.set()


class _Connection:
    """One connection to a :class:`MemoryBroker`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self.came: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.is_over = False

    @property
    def name(self) -> str:
        return "memory"

    def give(self, body: bytes) -> None:
        self.came.put_nowait(body)

    async def deliveries(self) -> AsyncIterator[Delivery]:
        while True:
            body = await self.came.get()
            if body is None:
                raise NotDelivered("the connection was cut", again=True)
            yield Delivery(body=body, receipt=None)

    async def acknowledge(self, delivery: Delivery) -> None:
        self._insist_open()
        self._broker.waiting.remove(delivery.body)
        self._broker.note()

    async def reject(self, delivery: Delivery) -> None:
        self._insist_open()
        self._broker.waiting.remove(delivery.body)
        self._broker.dead.append(delivery.body)
        self._broker.note()

    async def publish(self, subject: Subject, body: bytes, *, message_id: str) -> None:
        self._insist_open()
        if self._broker.deaf:
            self.came.put_nowait(None)
            raise NotDelivered("the broker does not take it", again=True)
        self._broker.published.append((str(subject), body, message_id))
        self._broker.note()

    def _insist_open(self) -> None:
        if self.is_over:
            raise NotDelivered("the connection is over", again=True)
