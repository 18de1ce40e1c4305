"""RabbitMQ as a transport: quorum queues, confirms, dead letters; acknowledged by hand alone."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

from svcctl.app.envelope import LARGEST, LONGEST
from svcctl.client.amqp import COMMANDS, DEAD, TOPICS, AmqpBroker, aio_pika, answering, connected
from svcctl.client.broker import Arrivals
from svcctl.errors import NotDelivered
from svcctl.server.mq.transport import Delivery, Subject, Transport

_DELIVERIES = 20  # of one message; more, and it is what kills who takes it
_WAITING = 10_000  # commands of one host
_DEAD_LETTERS = 10_000
_DEAD_KEPT = 30 * 86_400  # seconds


def rabbitmq(
    broker: AmqpBroker, host: str, *, at_once: int
) -> Callable[[], AbstractAsyncContextManager[Transport]]:
    """Give how to connect to *broker* for the commands of *host*.

    What is missing of exchanges and queues is declared then.
    """
    logging.getLogger("aiormq.connection").addFilter(_is_not_raised)
    return partial(_session, broker, host, at_once)


@asynccontextmanager
async def _session(broker: AmqpBroker, host: str, at_once: int) -> AsyncIterator[Transport]:
    async with connected(broker, name=f"svcctl {host}") as connection:
        async with answering(broker):
            receiving = await connection.channel(publisher_confirms=False)
            await receiving.set_qos(prefetch_count=at_once)
            publishing = await connection.channel(publisher_confirms=True)
            topics = await _declare_exchanges(publishing)
            queue = await _declare_queues(receiving, host)
            session = RabbitMQ(broker, topics)
            await session.begin(receiving, queue)
        yield session


async def _declare_exchanges(channel: Any) -> Any:  # noqa: ANN401 - aio_pika's
    """Declare them; give the one of topics."""
    kind = aio_pika().ExchangeType
    await channel.declare_exchange(COMMANDS, kind.DIRECT, durable=True)
    await channel.declare_exchange(DEAD, kind.DIRECT, durable=True)
    return await channel.declare_exchange(TOPICS, kind.TOPIC, durable=True)


async def _declare_queues(channel: Any, host: str) -> Any:  # noqa: ANN401 - aio_pika's
    """Declare those of *host*; give the one of its commands.

    No command is dropped: a full queue refuses further ones, and dead letters are copied before
    they leave it.
    """
    dead = await channel.declare_queue(
        f"{DEAD}.{host}",
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-max-length": _DEAD_LETTERS,
            "x-message-ttl": _DEAD_KEPT * 1000,
        },
    )
    await dead.bind(DEAD, routing_key=host)
    queue = await channel.declare_queue(
        f"{COMMANDS}.{host}",
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": _DELIVERIES,
            "x-dead-letter-exchange": DEAD,
            "x-dead-letter-routing-key": host,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            "x-max-length": _WAITING,
            "x-max-length-bytes": 256 * LARGEST,
            "x-message-ttl": LONGEST * 1000,
        },
    )
    await queue.bind(COMMANDS, routing_key=host)
    return queue


class RabbitMQ:
    """A connection to *broker*; over as soon as anything goes wrong with it."""

    def __init__(self, broker: AmqpBroker, topics: Any) -> None:  # noqa: ANN401 - aio_pika's
        self._broker, self._topics = broker, topics
        self._arrivals = Arrivals[Delivery]()

    @property
    def name(self) -> str:
        """See :class:`Transport`."""
        return str(self._broker)

    async def begin(self, channel: Any, queue: Any) -> None:  # noqa: ANN401 - aio_pika's
        """Have the messages of *queue* come in."""
        underlying = await channel.get_underlay_channel()
        underlying.on_consumer_cancel_callbacks.add(self._cancelled)
        channel.close_callbacks.add(self._closed)
        await queue.consume(self._take)

    def deliveries(self) -> AsyncIterator[Delivery]:
        """See :class:`Transport`."""
        return aiter(self._arrivals)

    async def acknowledge(self, delivery: Delivery) -> None:
        """See :class:`Transport`."""
        message: Any = delivery.receipt
        await self._told(message.ack())

    async def reject(self, delivery: Delivery) -> None:
        """See :class:`Transport`."""
        message: Any = delivery.receipt
        await self._told(message.reject(requeue=False))

    async def publish(self, subject: Subject, body: bytes, *, message_id: str) -> None:
        """See :class:`Transport`."""
        library = aio_pika()
        message = library.Message(
            body,
            message_id=message_id,
            content_type="application/json",
            type=str(subject.topic),
            delivery_mode=library.DeliveryMode.PERSISTENT,
        )
        await self._told(self._topics.publish(message, str(subject), mandatory=False))

    async def _told(self, telling: Awaitable[object]) -> None:
        """Tell the broker something; what fails ends the connection, so that all begins anew."""
        try:
            async with answering(self._broker):
                await telling
        except NotDelivered as error:
            self._arrivals.end(error)
            raise

    async def _take(self, message: Any) -> None:  # noqa: ANN401 - aio_pika's
        await self._arrivals.take(Delivery(body=message.body, receipt=message))

    def _closed(self, channel: object, error: BaseException | None) -> None:
        del channel
        self._lost(error)

    def _cancelled(self, cancel: object) -> None:
        del cancel
        self._lost("the queue is not there any more")

    def _lost(self, why: object) -> None:
        problem = f"{self._broker} hung up: {why!s:.300}"
        self._arrivals.end(NotDelivered(problem, again=True))


def _is_not_raised(record: logging.LogRecord) -> bool:
    """Whether aiormq says it in its log alone: errors it raises as well, and we log those."""
    return record.levelno < logging.ERROR and not record.exc_info
