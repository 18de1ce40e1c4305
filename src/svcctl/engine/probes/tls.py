"""TLS over a plain connection; ssl is imported here, and only once something is to be secured.

asyncio's own TLS would need ssl from the start: 5 MB in every agent, and few probe https.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from svcctl.engine.probes.tcp import Connection

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_Result = TypeVar("_Result")


class SecureConnection:
    """A connection that encrypts; to be opened with :func:`secure`."""

    def __init__(self, connection: Connection, host: str) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = _context(verified=host not in _LOOPBACK)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def shake_hands(self) -> None:
        """Agree on keys."""
        try:
            await self._carry(self._tls.do_handshake)
        except ssl.SSLError as error:
            raise _explained(error) from error

    async def send(self, sent: bytes) -> None:
        """Send all of it."""
        try:
            await self._carry(lambda: self._tls.write(sent))
        except ssl.SSLError as error:
            raise _explained(error) from error

    async def receive(self) -> bytes:
        """Give what came; nothing at the end."""
        try:
            return await self._carry(lambda: self._tls.read(16 * 1024))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            raise _explained(error) from error

    def close(self) -> None:
        """Hang up, without a word."""
        self._connection.close()

    async def _carry(self, operation: Callable[[], _Result]) -> _Result:
        """Do *operation*, and carry bytes both ways for as long as it asks for them."""
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                await self._flush()
                received = await self._connection.receive()
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._connection.send(self._outgoing.read())


async def secure(connection: Connection, host: str) -> SecureConnection:
    """Encrypt *connection*, or raise OSError; closed where that fails."""
    try:
        secured = SecureConnection(connection, host)
        await secured.shake_hands()
    except BaseException:
        connection.close()
        raise
    return secured


def _explained(error: ssl.SSLError) -> OSError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return OSError(f"certificate not accepted: {error.verify_message}")
    if isinstance(error, ssl.SSLEOFError):
        return OSError("TLS failed: it hung up")
    return OSError(f"TLS failed: {(error.reason or str(error)).replace('_', ' ')}")


@cache
def _context(*, verified: bool) -> ssl.SSLContext:
    """Check certificates, except those of this very machine: nobody can step in between there."""
    if verified:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
