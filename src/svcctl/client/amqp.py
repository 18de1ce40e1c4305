"""How a RabbitMQ broker is reached, and what svcctl's exchanges and queues are called there.

The address has the password in it, so it is read from a file and told nobody.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from svcctl.errors import NotAvailable, NotDelivered, SpecError, quoted

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
_LOGS = ("aio_pika", "aiormq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where a broker is, who we are there, and with *tls* whom it is vouched for by.

    *ca* has them, PEM, and is read at every connection (None: those of this machine).
    """

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


def parse_broker(url: str, *, ca: str | None = None) -> Broker:
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
    if parts.scheme == "amqp" and not _is_loopback(host):
        raise SpecError(
            f"{host!r} is another machine, and there is no TLS", hint="write amqps://, with --ca"
        )
    if parts.scheme == "amqps":
        _context(ca)  # a mistake is told at once
    return Broker(
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
async def connected(broker: Broker, *, name: str) -> AsyncIterator[Any]:
    """Give a connection of aio_pika's while the block lasts; raises NotDelivered.

    *name* is shown to whoever operates the broker.
    """
    library = aio_pika()
    with translated(broker):
        connection = await library.connect(
            host=broker.host,
            port=broker.port,
            login=broker.login,
            password=broker.password,
            virtualhost=broker.vhost,
            ssl=broker.tls,
            ssl_context=_context_now(broker),
            timeout=_CONNECTING,
            client_properties={"connection_name": name},
            heartbeat=_HEARTBEAT,
        )
    try:
        yield connection
    finally:
        async with answering(broker, within=_CLOSING):
            await connection.close()


@asynccontextmanager
async def answering(broker: Broker, *, within: float = _ANSWERS) -> AsyncIterator[None]:
    """Raise NotDelivered for what goes wrong in the block, and where it takes too long."""
    with translated(broker):
        async with asyncio.timeout(within):
            yield


@contextmanager
def translated(broker: Broker) -> Iterator[None]:
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
        if _is_mistrusted(error):
            raise NotDelivered(
                f"{broker} shows a certificate that is not trusted",
                hint="whom to trust is said with --ca FILE",
            ) from error
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        hint = _HALF_KNOWN if "INTERNAL_ERROR" in said else ""
        problem = f"{broker} went away or refuses: {said:.300}"
        raise NotDelivered(problem, hint=hint, again=True) from error


def _is_mistrusted(error: BaseException | None) -> bool:
    """Whether *error* comes of the certificate of the other end."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _context_now(broker: Broker) -> ssl.SSLContext | None:
    """Give how its certificate is looked at, None without TLS; raises NotDelivered."""
    try:
        return _context(broker.ca) if broker.tls else None
    except SpecError as error:
        raise NotDelivered(error.problem, hint=error.hint, again=True) from error


def _context(ca: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise SpecError(f"{quoted(ca)} is no file of certificates: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # what brokers of today's distributions speak
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
