"""HTTP connections with limits that hold before anybody has shown who they are."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from svcctl.server.http.gathered import Gathered

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What strangers may use up: bytes, seconds and numbers.

    *head*: bytes of a request's first line and headers, *head_time*: seconds until they are there,
    from the connection or the request's first byte on, *body_time*: seconds the body may take,
    *idle*: seconds until a connection over which nothing is asked any more is closed.
    *connections*: at once, *per_address*: of them from one address.
    """

    head: int = 32 * 1024
    head_time: float = 10.0
    body_time: float = 30.0
    idle: int = 15
    connections: int = 1_000
    per_address: int = 100


@dataclass(slots=True)
class Crowd:
    """Who is connected, counted by address."""

    limits: Limits
    _by_address: Counter[str] = field(default_factory=Counter)

    def let_in(self, address: str) -> bool:
        """Count one more from *address*, if there is a place."""
        full = self._by_address.total() >= self.limits.connections
        if full or self._by_address[address] >= self.limits.per_address:
            return False
        self._by_address[address] += 1
        return True

    def let_out(self, address: str) -> None:
        """Count one less."""
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


class GuardedProtocol(HttpToolsProtocol):
    """One connection, which is cut where it takes too much or too long.

    What TLS knows of the other end is in the scope, as the ASGI extension ``tls`` has it.
    """

    def __init__(self, config: Config, server_state: ServerState, crowd: Crowd) -> None:
        super().__init__(config, server_state, {})
        self._crowd = crowd
        self._address: str | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._within: float | None = None
        self._head = 0
        self._reads_head = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or cut it where there are too many."""
        found = cast("asyncio.Transport", transport)
        super().connection_made(found)
        self.transport = cast("asyncio.Transport", Gathered(found, self.loop))
        address = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._crowd.let_in(address):
            found.abort()
            return
        self._address = address
        self._expect(self._crowd.limits.head_time)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place to somebody else."""
        self._expect(None)
        if self._address is not None:
            self._crowd.let_out(self._address)
            self._address = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the head of the request gets too long."""
        if self._reads_head:
            self._head += len(data)
        super().data_received(data)
        limits = self._crowd.limits
        if not self._reads_head:
            self._expect(limits.body_time)
        elif self._head > limits.head:
            self.transport.abort()
        else:  # of a request that is whole there is nothing to wait for, nor a timer to set
            self._expect(limits.head_time if self._head else None)

    def on_message_begin(self) -> None:
        """Add what TLS knows to the scope of a request, which may begin behind another."""
        self._head = self._head or 1
        super().on_message_begin()
        if tls := _tls(self.transport):
            scope = cast("dict[str, Any]", self.scope)
            scope.setdefault("extensions", {})["tls"] = tls

    def on_headers_complete(self) -> None:
        """Have the request answered; its body may still come."""
        self._reads_head, self._head = False, 0
        self._expect(None)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Take note that all of the request is there."""
        self._reads_head = True
        self._expect(None)
        super().on_message_complete()

    def _expect(self, within: float | None) -> None:
        """Cut the connection *within* seconds; None: never.  Said again, it changes nothing."""
        if within == self._within:
            return
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._within = within
        if within is not None:
            self._deadline = self.loop.call_later(within, self.transport.abort)


def _tls(transport: asyncio.BaseTransport) -> dict[str, object]:
    """Give what is known of the other end, after the ASGI TLS extension."""
    connection = cast("ssl.SSLObject | None", transport.get_extra_info("ssl_object"))
    if connection is None:
        return {}
    shown = connection.getpeercert(binary_form=True)
    return {
        "tls_version": connection.version(),
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(shown)] if shown else [],
    }
