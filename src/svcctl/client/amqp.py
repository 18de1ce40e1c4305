"""How a RabbitMQ broker is reached, and what svcctl's exchanges and queues are called there.

The address has the password in it, so it is read from a file and told nobody.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from svcctl.app.envelope import Sealed
from svcctl.client.broker import (
    Arrivals,
    Line,
    context_now,
    context_of,
    insist_on_tls,
    mistrusted,
    nobody_takes,
)
from svcctl.errors import NotAvailable, NotDelivered, SpecError

COMMANDS = "svcctl.commands"
"""The exchange that commands are published to, by the name of their host; and how queues begin."""
TOPICS = "svcctl"
"""The exchange that replies and events are published to."""
DEAD = "svcctl.dead"
"""The exchange and the queues of what nobody could deal with."""

_PORTS = {"amqp": 5672, "amqps": 5671}
_HEARTBEAT = 30  # seconds
_CONNECTING = 15.0  # seconds
_ANSWERS = 30.0  # seconds it gets for what it is asked
_CLOSING = 5.0  # seconds it gets to say goodbye
_HALF_KNOWN = "see its log; a queue made just before it crashed may be half forgotten: delete that"
_AT_ONCE = 100  # events that a broker sends before the first of them is taken
_LOGS = ("aio_pika", "aiormq")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmqpBroker:
    """Where a broker is, who we are there, and with *tls* whom it is vouched for by.

    *ca* has them, PEM, and is read at every connection (None: those of this machine).
    See :class:`svcctl.client.broker.Broker`.
    """

    kind = "rabbitmq"

    host: str
    port: int
    tls: bool
    ca: str | None
    vhost: str
    login: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        """Say where it is, without credentials."""
        where = f"amqp{'s' if self.tls else ''}://{self.host}:{self.port}"
        return where if self.vhost == "/" else f"{where}/{self.vhost}"

    def load(self) -> None:
        """See :class:`svcctl.client.broker.Broker`."""
        aio_pika()

    def line(self, label: str) -> AbstractAsyncContextManager[Line]:
        """See :class:`svcctl.client.broker.Broker`; the exchanges must be there."""
        return _line(self, label)

    def events(self, host: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """See :class:`svcctl.client.broker.Broker`; the exchange must be there."""
        return _events(self, host)


def parse_amqp(url: str, *, ca: str | None = None) -> AmqpBroker:
    """Read ``amqps://LOGIN:PASSWORD@HOST[:PORT]/VHOST``; *ca* has whom to trust instead of all.

    Raises SpecError, also for a broker elsewhere without TLS; no error has the address in it.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        parts, port = urlsplit(""), 0
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host or not parts.username or parts.query:
        raise SpecError(
            "the address of the broker cannot be read",
            hint="amqps://LOGIN:PASSWORD@HOST:PORT/VHOST, special characters as %XX",
        )
    if parts.scheme == "amqp":
        insist_on_tls(host, instead="amqps")
    else:
        context_of(ca)  # a mistake is told at once
    return AmqpBroker(
        host=host,
        port=port,
        tls=parts.scheme == "amqps",
        ca=ca,
        vhost=unquote(parts.path.removeprefix("/")) or "/",
        login=unquote(parts.username),
        password=unquote(parts.password or ""),
    )


def aio_pika() -> Any:  # noqa: ANN401 - a module
    """Give aio_pika; raises NotAvailable without the extra ``mq``."""
    try:
        found = importlib.import_module("aio_pika")
    except ImportError as error:
        raise NotAvailable(
            "aio_pika is not installed", hint="pip install 'svcctl[mq,auth]'"
        ) from error
    for name in _LOGS:  # what they say is in our errors: without a log of ours nobody prints it
        log = logging.getLogger(name)
        if not log.handlers:
            log.addHandler(logging.NullHandler())
    return found


@asynccontextmanager
async def connected(broker: AmqpBroker, *, name: str) -> AsyncIterator[Any]:
    """Give a connection of aio_pika's while the block lasts; raises NotDelivered.

    *name* is shown to whoever operates the broker.  The time limits are ours: aio_pika keeps its
    own with ``asyncio.wait_for``, which loses cancellations before Python 3.12.
    """
    library = aio_pika()
    async with answering(broker, within=_CONNECTING):
        connection = await library.connect(
            host=broker.host,
            port=broker.port,
            login=broker.login,
            password=broker.password,
            virtualhost=broker.vhost,
            ssl=broker.tls,
            ssl_context=context_now(broker.ca) if broker.tls else None,
            client_properties={"connection_name": name},
            heartbeat=_HEARTBEAT,
        )
    try:
        yield connection
    finally:
        with suppress(NotDelivered):  # it is gone either way
            async with answering(broker, within=_CLOSING):
                await connection.close()


@asynccontextmanager
async def answering(broker: AmqpBroker, *, within: float = _ANSWERS) -> AsyncIterator[None]:
    """Raise NotDelivered for what goes wrong in the block, and where it takes too long."""
    with translated(broker):
        async with asyncio.timeout(within):
            yield


@contextmanager
def translated(broker: AmqpBroker) -> Iterator[None]:
    """Raise NotDelivered for whatever goes wrong between us and *broker* in the block."""
    library = aio_pika()
    try:
        yield
    except (
        library.exceptions.AuthenticationError,
        library.exceptions.ProbableAuthenticationError,
    ) as error:
        raise NotDelivered(
            f"{broker} does not let us in", hint="login, password and permissions: see its log"
        ) from error
    except library.exceptions.ChannelNotFoundEntity as error:
        raise NotDelivered(
            f"{broker} has not what is wanted: {error!s:.300}",
            hint="it is made by the first host: svcctl serve rabbitmq",
        ) from error
    except TimeoutError as error:
        raise NotDelivered(
            f"{broker} does not answer",
            hint="is it short of memory or of disk? rabbitmq-diagnostics alarms",
            again=True,
        ) from error
    except (library.exceptions.AMQPError, OSError, RuntimeError) as error:
        if because := mistrusted(broker, error):
            raise because from error
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        hint = _HALF_KNOWN if "INTERNAL_ERROR" in said else ""
        problem = f"{broker} went away or refuses: {said:.300}"
        raise NotDelivered(problem, hint=hint, again=True) from error


@asynccontextmanager
async def _line(broker: AmqpBroker, label: str) -> AsyncIterator[Line]:
    async with connected(broker, name="svcctl client") as connection:
        async with answering(broker):
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            commands = await channel.get_exchange(COMMANDS, ensure=False)
            replies = await _subscribed(broker, channel, f"reply.#.{label}", no_ack=True)
        yield _Line(broker, commands, replies)


@asynccontextmanager
async def _events(broker: AmqpBroker, host: str) -> AsyncIterator[AsyncIterator[bytes]]:
    async with connected(broker, name="svcctl events") as connection:
        async with answering(broker):
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=_AT_ONCE)
            key = f"event.{host}.#" if host else "event.#"
            events = await _subscribed(broker, channel, key, no_ack=False)
        yield _acknowledged(broker, events)


async def _subscribed(
    broker: AmqpBroker,
    channel: Any,  # noqa: ANN401 - aio_pika's
    routing_key: str,
    *,
    no_ack: bool,
) -> Arrivals[Any]:
    """Give the messages of that key from now on, until the channel is closed."""
    arrivals = Arrivals[Any]()
    over = NotDelivered(f"{broker} hung up", again=True)
    channel.close_callbacks.add(lambda *_: arrivals.end(over))
    topics = await channel.get_exchange(TOPICS, ensure=False)
    queue = await channel.declare_queue(exclusive=True, auto_delete=True)
    await queue.bind(topics, routing_key=routing_key)
    await queue.consume(arrivals.take, no_ack=no_ack)
    return arrivals


async def _acknowledged(broker: AmqpBroker, events: Arrivals[Any]) -> AsyncIterator[bytes]:
    async for message in events:
        with translated(broker):
            await message.ack()
        yield message.body


class _Line:
    """See :class:`svcctl.client.broker.Line`."""

    def __init__(self, broker: AmqpBroker, commands: Any, replies: Arrivals[Any]) -> None:  # noqa: ANN401 - aio_pika's
        self._broker, self._commands, self._replies = broker, commands, replies

    async def replies(self) -> AsyncIterator[bytes]:
        async for message in self._replies:
            yield message.body

    async def send(self, sealed: Sealed, *, to: str) -> None:
        library = aio_pika()
        message = library.Message(
            sealed.encode(),
            message_id=sealed.command.id,
            content_type="application/json",
            type="command",
            delivery_mode=library.DeliveryMode.PERSISTENT,
            expiration=max(sealed.command.expires_at - time.time(), 0.001),
        )
        try:
            async with answering(self._broker):
                await self._commands.publish(message, to, mandatory=True)
        except NotDelivered as error:
            if isinstance(error.__cause__, library.exceptions.PublishError):
                raise nobody_takes(self._broker, to) from error
            raise
