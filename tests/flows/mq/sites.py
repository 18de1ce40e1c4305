"""The brokers that the same tests are tried with, each with a look behind svcctl's back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from bench.rabbit import Broker as Rabbit
from bench.redis_server import RedisServer
from svcctl.client.amqp import COMMANDS as QUEUES
from svcctl.client.amqp import DEAD, TOPICS, AmqpBroker, aio_pika, parse_amqp
from svcctl.client.redis_streams import BODY, COMMANDS, EVENTS, RedisBroker, parse_redis, redis
from svcctl.client.redis_streams import DEAD as DEAD_STREAMS
from svcctl.server.mq.rabbitmq import rabbitmq
from svcctl.server.mq.redis_streams import redis_streams
from svcctl.server.mq.transport import Connect

Found = AmqpBroker | RedisBroker


class Server(Protocol):
    """A real broker of a test's own, which may be killed and started."""

    @property
    def url(self) -> str: ...
    @property
    def tls_url(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def ca(self) -> str: ...
    def begin(self) -> None: ...
    def start(self) -> None: ...
    def restart(self) -> None: ...
    def kill(self) -> None: ...
    def end(self) -> None: ...


class Site(Protocol):
    """One kind of broker, at *server*."""

    kind: str

    @property
    def server(self) -> Server:
        """Give the broker."""

    def parse(self, url: str, *, ca: str | None = None) -> Found:
        """Read an address of this kind."""

    def connect(self, broker: Found, host: str) -> Connect:
        """Give how a host connects."""

    async def post(self, host: str, *bodies: bytes) -> None:
        """Put messages in the queue of *host*, whatever they are."""

    async def waiting(self, host: str) -> int:
        """Give how many commands wait for *host*, and are given to nobody."""

    async def dead(self, host: str) -> list[tuple[bytes, str]]:
        """Take the dead letters of *host*: what they say, and why they are dead."""

    async def say(self, host: str, body: bytes) -> None:
        """Publish as an event of *host* whatever it is."""


class RabbitSite:
    """RabbitMQ."""

    kind = "rabbitmq"

    def __init__(self, server: Rabbit) -> None:
        self.server = server

    def parse(self, url: str, *, ca: str | None = None) -> AmqpBroker:
        return parse_amqp(url, ca=ca)

    def connect(self, broker: Found, host: str) -> Connect:
        assert isinstance(broker, AmqpBroker)
        return rabbitmq(broker, host, at_once=16)

    async def post(self, host: str, *bodies: bytes, lasts: float | None = None) -> None:
        """See :class:`Site`; the broker drops them after *lasts* seconds."""
        library = aio_pika()
        async with await library.connect(self.server.url) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(QUEUES, ensure=False)
            for body in bodies:
                message = library.Message(body, delivery_mode=2, expiration=lasts)
                await exchange.publish(message, host)

    async def waiting(self, host: str) -> int:
        async with await aio_pika().connect(self.server.url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(f"{QUEUES}.{host}", passive=True)
            return int(queue.declaration_result.message_count)

    async def dead(self, host: str) -> list[tuple[bytes, str]]:
        found = []
        async with await aio_pika().connect(self.server.url) as connection:
            channel = await connection.channel()
            queue = await channel.get_queue(f"{DEAD}.{host}")
            while message := await queue.get(fail=False):
                await message.ack()
                found.append((message.body, str(message.headers["x-first-death-reason"])))
        return found

    async def say(self, host: str, body: bytes) -> None:
        async with await aio_pika().connect(self.server.url) as connection:
            channel = await connection.channel()
            topics = await channel.get_exchange(TOPICS, ensure=False)
            await topics.publish(aio_pika().Message(body), f"event.{host}.X.web")


class RedisSite:
    """Redis."""

    kind = "redis"

    def __init__(self, server: RedisServer) -> None:
        self.server = server

    def parse(self, url: str, *, ca: str | None = None) -> RedisBroker:
        return parse_redis(url, ca=ca)

    def connect(self, broker: Found, host: str) -> Connect:
        assert isinstance(broker, RedisBroker)
        return redis_streams(broker, host, at_once=16)

    def client(self) -> Any:
        """Give a client of somebody who may do everything."""
        return redis().asyncio.Redis.from_url(self.server.url, protocol=2)

    async def post(self, host: str, *bodies: bytes) -> None:
        async with self.client() as client:
            for body in bodies:
                await client.xadd(f"{COMMANDS}{host}", {BODY: body}, nomkstream=True)

    async def waiting(self, host: str) -> int:
        async with self.client() as client:
            pending = await client.xpending(f"{COMMANDS}{host}", "svcctl")
            return int(await client.xlen(f"{COMMANDS}{host}") - pending["pending"])

    async def dead(self, host: str) -> list[tuple[bytes, str]]:
        stream = f"{DEAD_STREAMS}{host}"
        async with self.client() as client:
            rows = await client.xrange(stream)
            for id_, _ in rows:
                await client.xdel(stream, id_)
        return [(fields[BODY], fields[b"why"].decode()) for _, fields in rows]

    async def say(self, host: str, body: bytes) -> None:
        async with self.client() as client:
            await client.publish(f"{EVENTS}{host}", body)


def site_of(kind: str, folder: Path) -> Site:
    """Give a broker of that kind, not begun, with all it has in *folder*."""
    return RabbitSite(Rabbit(folder)) if kind == "rabbitmq" else RedisSite(RedisServer(folder))


KINDS = ("rabbitmq", "redis")
