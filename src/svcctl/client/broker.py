"""What a broker must be able to do for who asks: few enough calls that each broker is one file.

What it must be able to do for a host stands in :mod:`svcctl.server.mq.transport`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Generic, Protocol, TypeVar

from svcctl.app.envelope import Sealed
from svcctl.errors import NotDelivered, SpecError, quoted

T = TypeVar("T")


class Line(Protocol):
    """A connection of somebody who asks; over as soon as anything goes wrong with it."""

    async def send(self, sealed: Sealed, *, to: str) -> None:
        """Come back once the broker answers for *sealed* in the queue of the host *to*.

        Raises NotDelivered, :func:`nobody_takes` where no host of that name ever took commands.
        """

    def replies(self) -> AsyncIterator[bytes]:
        """Give what is said to its label; raises NotDelivered once the connection is over."""


class Broker(Protocol):
    """Where commands, replies and events go, and how that is reached.

    Its text says where it is, without credentials.
    """

    @property
    def kind(self) -> str:
        """How it is served: ``svcctl serve KIND``."""

    def load(self) -> None:
        """Load its library; raises NotAvailable where that is not installed."""

    def line(self, label: str) -> AbstractAsyncContextManager[Line]:
        """Give a line that hears what is said to *label*, while the block lasts.

        Raises NotDelivered; ``again`` says that it may be tried once more.
        """

    def events(self, host: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Give the events of *host* (empty: of all) from now on, while the block lasts.

        The iterator raises NotDelivered once the connection is over.
        """


@dataclass(frozen=True, slots=True)
class _Over:
    """Stands behind all that came over a connection."""

    why: BaseException


class Arrivals(Generic[T]):
    """What comes over a connection, in order, until it is over: then why."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[T | _Over] = asyncio.Queue()

    async def take(self, item: T) -> None:
        """Take what came; at once, and a coroutine as libraries want their callbacks."""
        self._came.put_nowait(item)

    def end(self, why: BaseException) -> None:
        """Have the connection be over, because of *why*, once all that came before is taken."""
        self._came.put_nowait(_Over(why))

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            came = await self._came.get()
            if isinstance(came, _Over):
                raise came.why
            yield came


def nobody_takes(broker: Broker, host: str) -> NotDelivered:
    """Give what is raised where no host of that name ever took commands from *broker*."""
    return NotDelivered(
        f"no host {host!r} takes commands from {broker}",
        hint=f"is the name right? it begins with: svcctl serve {broker.kind}",
    )


def insist_on_tls(host: str, *, instead: str) -> None:
    """Raise SpecError where *host* is another machine; *instead* is the scheme with TLS."""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    if not is_here:
        raise SpecError(
            f"{host!r} is another machine, and there is no TLS",
            hint=f"write {instead}://, with --ca",
        )


def context_of(ca: str | None) -> ssl.SSLContext:
    """Give what a broker is spoken to with; raises SpecError where *ca* has no certificates."""
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise SpecError(f"{quoted(ca)} is no file of certificates: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # what brokers of today's distributions speak
    return context


def context_now(ca: str | None) -> ssl.SSLContext:
    """Give the same at a connection; raises NotDelivered, as the file may come back."""
    try:
        return context_of(ca)
    except SpecError as error:
        raise NotDelivered(error.problem, hint=error.hint, again=True) from error


def mistrusted(broker: Broker, error: BaseException | None) -> NotDelivered | None:
    """Give what is raised where *error* comes of the certificate of the other end, else None."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return NotDelivered(
                f"{broker} shows a certificate that is not trusted",
                hint="whom to trust is said with --ca FILE",
            )
        error = error.__cause__ or error.__context__
    return None
