"""Connections before TLS has shown who they are: each has a place, and so long to come to terms."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from svcctl.server.http.connection import GuardedProtocol, Places

HANDSHAKE = 5.0
"""Seconds that TLS may take."""


class Handshakes:
    """Where connections wait until TLS is settled; then *make* gives the protocol that takes over.

    asyncio itself counts nobody before that.
    """

    def __init__(
        self, make: Callable[[], GuardedProtocol], *, places: Places, tls: ssl.SSLContext
    ) -> None:
        self._make, self._places, self._tls = make, places, tls
        self._waiting: dict[asyncio.Task[None], asyncio.Transport] = {}

    def __call__(self) -> _Arriving:
        """Give the protocol of one connection."""
        return _Arriving(self)

    def arrive(self, transport: asyncio.Transport) -> None:
        """Give whoever comes a place, or hang up where there is none."""
        place = self._places.let_in(transport)
        if place is None:
            transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._come_to_terms(transport, place))
        self._waiting[task] = transport
        task.add_done_callback(self._waiting.pop)

    async def close(self) -> None:
        """Hang up on all who still wait."""
        waiting = dict(self._waiting)
        for task, transport in waiting.items():
            transport.abort()
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _come_to_terms(self, transport: asyncio.Transport, place: str) -> None:
        early = _Early()
        upgraded: asyncio.Transport | None = None
        try:
            upgraded = await asyncio.get_running_loop().start_tls(
                transport, early, self._tls, server_side=True, ssl_handshake_timeout=HANDSHAKE
            )
        except OSError:  # no TLS, not ours, too slow, or gone
            transport.abort()
        finally:
            self._places.let_out(place)  # whoever takes over counts anew, before anybody else can
        if upgraded is None or early.is_over:
            return
        protocol = self._make()
        upgraded.set_protocol(protocol)
        protocol.connection_made(upgraded)
        if early.content:
            protocol.data_received(bytes(early.content))


class _Arriving(asyncio.Protocol):
    """A connection of which nothing was read yet."""

    def __init__(self, handshakes: Handshakes) -> None:
        self._handshakes = handshakes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        found = cast("asyncio.Transport", transport)
        found.pause_reading()
        self._handshakes.arrive(found)


class _Early(asyncio.Protocol):
    """Keeps what comes in the moment between TLS and whoever takes over."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.is_over = False

    def data_received(self, data: bytes) -> None:
        self.content += data

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.is_over = True
