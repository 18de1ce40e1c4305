"""What a broker must be able to do: few enough calls that each broker is one small file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Topic(StrEnum):
    """What a message is about: the first word of its subject."""

    REPLY = "reply"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Where a message is published: ``reply.HOST.LABEL`` or ``event.HOST.KIND.SERVICE``.

    *words* are what follows the host; a broker joins them as its own subjects want it.
    """

    topic: Topic
    host: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((self.topic, self.host, *self.words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message that was received; *receipt* is the transport's own way to tell it again."""

    body: bytes
    receipt: object


class Transport(Protocol):
    """A connection to a broker, which keeps the commands of one host until they are acknowledged.

    Every method raises NotDelivered where the connection is lost or the broker refuses; what was
    received and not acknowledged is then delivered again, over the next connection.
    """

    @property
    def name(self) -> str:
        """Say where the broker is, for logs and the audit log; without credentials."""

    def deliveries(self) -> AsyncIterator[Delivery]:
        """Give commands in the order in which they came, no more at once than are asked for."""

    async def acknowledge(self, delivery: Delivery) -> None:
        """Have the broker forget a message that is dealt with."""

    async def reject(self, delivery: Delivery) -> None:
        """Have the broker put a message aside that nobody can deal with; never give it again."""

    async def publish(self, subject: Subject, body: bytes, *, message_id: str) -> None:
        """Come back once the broker answers for *body*.

        *message_id* is the same where it is sent again.
        """


Connect = Callable[[], AbstractAsyncContextManager[Transport]]
"""Opens a connection while a block lasts; raises NotDelivered where that cannot be."""
