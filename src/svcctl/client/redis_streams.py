"""How a Redis server is reached, and what svcctl's streams and channels are called there.

The address has the password in it, so it is read from a file and told nobody.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from svcctl.app.envelope import Sealed
from svcctl.client.broker import (
    Line,
    context_now,
    context_of,
    insist_on_tls,
    mistrusted,
    nobody_takes,
)
from svcctl.errors import NotAvailable, NotDelivered, SpecError

COMMANDS = "svcctl:commands:"
"""The streams of commands, by the name of their host."""
DEAD = "svcctl:dead:"
"""The streams of what nobody could deal with, by the name of the host."""
REPLIES = "svcctl:reply:"
"""The channels of replies, by the label of who waits for them."""
EVENTS = "svcctl:event:"
"""The channels of events, by the name of the host."""
BODY = b"body"
"""The field of an entry that has the message."""
SCHEMES = ("redis", "rediss", "unix")

_WAITING = 10_000  # commands of one host
_PORT = 6379
_CONNECTIONS = 8
_ANSWERS = 30.0  # seconds it gets to let us in, and for what it is asked
_CLOSING = 5.0  # seconds it gets to say goodbye
_QUIET = 15.0  # seconds without a message, after which it is asked whether it is there


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisBroker:
    """Where a server is, who we are there, and with *tls* whom it is vouched for by.

    *path* is its socket, where it is on this machine; else *host* and *port* say where.
    *ca* is a file, PEM, and is read at every connection (None: the authorities of this machine).
    See :class:`svcctl.client.broker.Broker`.
    """

    kind = "redis"

    host: str
    port: int
    path: str
    tls: bool
    ca: str | None
    number: int
    login: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        """Say where it is, without credentials."""
        where = f"redis{'s' if self.tls else ''}://{self.host}:{self.port}"
        if self.path:
            where = f"unix://{self.path}"
        return f"{where} (database {self.number})" if self.number else where

    def load(self) -> None:
        """See :class:`svcctl.client.broker.Broker`; with what it loads at the first connection.

        Who serves has given up every right by then, that to read where Python lies perhaps too.
        """
        redis().asyncio.Connection()

    def line(self, label: str) -> AbstractAsyncContextManager[Line]:
        """See :class:`svcctl.client.broker.Broker`."""
        return _line(self, label)

    def events(self, host: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """See :class:`svcctl.client.broker.Broker`."""
        return _events(self, host)


def parse_redis(url: str, *, ca: str | None = None) -> RedisBroker:
    """Read ``rediss://LOGIN:PASSWORD@HOST[:PORT][/DB]`` or ``unix://[LOGIN:PASSWORD@]/PATH[?db=DB]``.

    *ca* has whom to trust instead of all.  Raises SpecError, also for a server elsewhere without
    TLS, or without a password where others of this machine reach it; no error has the address in
    it.
    """
    try:
        parts = urlsplit(url.strip())
        is_socket = parts.scheme == "unix"
        number = int((parts.query.removeprefix("db=") if is_socket else parts.path[1:]) or 0)
        port = parts.port or _PORT
    except ValueError:
        parts, is_socket, number, port = urlsplit(""), False, 0, 0
    host, path = parts.hostname or "", unquote(parts.path) if is_socket else ""
    is_whole = (path and not host) if is_socket else (host and parts.password and not parts.query)
    if parts.scheme not in SCHEMES or not is_whole or number < 0:
        raise SpecError(
            "the address of the server cannot be read",
            hint="rediss://LOGIN:PASSWORD@HOST:PORT/0 or unix:///run/redis/redis.sock, special "
            "characters as %XX",
        )
    if parts.scheme == "redis":
        insist_on_tls(host, instead="rediss")
    if parts.scheme == "rediss":
        context_of(ca)  # a mistake is told at once
    return RedisBroker(
        host=host,
        port=port,
        path=path,
        tls=parts.scheme == "rediss",
        ca=ca,
        number=number,
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def redis() -> Any:  # noqa: ANN401 - a module
    """Give redis with its asyncio; raises NotAvailable without the extra ``redis``."""
    try:
        importlib.import_module("redis.asyncio")
        return importlib.import_module("redis")
    except ImportError as error:
        raise NotAvailable(
            "redis is not installed", hint="pip install 'svcctl[redis,auth]'"
        ) from error


@asynccontextmanager
async def connected(broker: RedisBroker, *, name: str) -> AsyncIterator[Any]:
    """Give a client of redis-py's while the block lasts; raises NotDelivered.

    *name* is shown to whoever operates the server.  Nothing is tried again, and after the block
    whoever still has the client makes no connection that nobody would close.  The client has no
    time limits of its own, see :func:`answering`: it would keep them with ``asyncio.wait_for``,
    which loses cancellations before Python 3.12.
    """
    library, is_over = redis().asyncio, False

    async def greet(connection: Any) -> None:  # noqa: ANN401 - redis-py's
        if is_over:
            raise redis().exceptions.ConnectionError("the client is closed")
        await connection.on_connect()

    reaching, where = library.Connection, {"host": broker.host, "port": broker.port}
    if broker.path:
        reaching, where = library.UnixDomainSocketConnection, {"path": broker.path}
    elif broker.tls:
        reaching = _trusting(broker)
    pool = library.BlockingConnectionPool(
        connection_class=reaching,
        max_connections=_CONNECTIONS,
        timeout=_ANSWERS,
        db=broker.number,
        username=broker.login or None,
        password=broker.password or None,
        client_name=name,
        redis_connect_func=greet,
        protocol=2,
        socket_timeout=None,
        **where,
    )
    client = library.Redis.from_pool(pool)
    try:
        async with answering(broker):
            await client.ping()
        yield client
    finally:
        is_over = True
        with suppress(NotDelivered):  # it is gone either way
            async with answering(broker, within=_CLOSING):
                await client.aclose()


def _trusting(broker: RedisBroker) -> Any:  # noqa: ANN401 - redis-py's
    """Give how a connection is made: a context of redis-py's own trusts *ca* and all others too."""
    context = context_now(broker.ca)

    def secured(**options: object) -> Any:  # noqa: ANN401 - redis-py's
        connection = redis().asyncio.SSLConnection(**options)
        connection.ssl_context.context = context
        return connection

    return secured


@asynccontextmanager
async def answering(broker: RedisBroker, *, within: float = _ANSWERS) -> AsyncIterator[None]:
    """Raise NotDelivered for what goes wrong in the block, and where it takes too long."""
    with _translated(broker):
        async with asyncio.timeout(within):
            yield


@contextmanager
def _translated(broker: RedisBroker) -> Iterator[None]:
    errors = redis().exceptions
    try:
        yield
    except (errors.AuthenticationError, errors.NoPermissionError) as error:
        raise NotDelivered(
            f"{broker} does not let us in: {error!s:.300}",
            hint="login, password and permissions: ACL LIST, ACL LOG",
        ) from error
    except (errors.TimeoutError, TimeoutError) as error:
        raise NotDelivered(
            f"{broker} does not answer", hint="redis-cli ping", again=True
        ) from error
    except (errors.RedisError, OSError) as error:
        if because := mistrusted(broker, error):
            raise because from error
        problem = f"{broker} went away or refuses: {error!s:.300}"
        raise NotDelivered(problem, again=True) from error


@asynccontextmanager
async def _line(broker: RedisBroker, label: str) -> AsyncIterator[Line]:
    async with (
        connected(broker, name="svcctl-client") as client,
        client.pubsub() as listening,
    ):
        async with answering(broker):
            await listening.subscribe(f"{REPLIES}{label}")
            await _confirmed(listening)
        yield _Line(broker, client, listening)


@asynccontextmanager
async def _events(broker: RedisBroker, host: str) -> AsyncIterator[AsyncIterator[bytes]]:
    async with (
        connected(broker, name="svcctl-events") as client,
        client.pubsub() as listening,
    ):
        async with answering(broker):
            if host:
                await listening.subscribe(f"{EVENTS}{host}")
            else:
                await listening.psubscribe(f"{EVENTS}*")
            await _confirmed(listening)
        yield _heard(broker, listening)


async def _confirmed(listening: Any) -> None:  # noqa: ANN401 - redis-py's
    """Come back once all that is published from now on is heard."""
    if await listening.get_message(timeout=_ANSWERS) is None:
        raise TimeoutError


async def _heard(broker: RedisBroker, listening: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - redis-py's
    is_asked = False
    while True:
        async with answering(broker, within=_QUIET + _ANSWERS):
            message = await listening.get_message(timeout=_QUIET)
            if message is None and is_asked:
                raise TimeoutError
            if message is None:
                await listening.ping()
        is_asked = message is None
        if message is not None and message["type"] in {"message", "pmessage"}:
            yield message["data"]


class _Line:
    """See :class:`svcctl.client.broker.Line`."""

    def __init__(self, broker: RedisBroker, client: Any, listening: Any) -> None:  # noqa: ANN401 - redis-py's
        self._broker, self._client, self._listening = broker, client, listening
        self._turn = asyncio.Lock()  # connections are many: in the order that was asked for

    def replies(self) -> AsyncIterator[bytes]:
        return _heard(self._broker, self._listening)

    async def send(self, sealed: Sealed, *, to: str) -> None:
        stream = f"{COMMANDS}{to}"
        async with self._turn, answering(self._broker):
            added = await self._add(stream, sealed, to=to)
        if added is None:
            raise nobody_takes(self._broker, to)

    async def _add(self, stream: str, sealed: Sealed, *, to: str) -> object:
        """Give the id it has in *stream*; None where there is no such stream."""
        if await self._client.xlen(stream) >= _WAITING:
            problem = f"{_WAITING} commands wait for {to!r} on {self._broker}"
            raise NotDelivered(problem, hint="is it running?", again=True)
        return await self._client.xadd(stream, {BODY: sealed.encode()}, nomkstream=True)
