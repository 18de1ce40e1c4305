"""Where the service that is debugged calls: on 127.0.0.1, and only who knows the secret."""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from svcctl.sdk.debug.call import Call
from svcctl.sdk.debug.exchange import Input, Send
from svcctl.sdk.debug.words import dump_order, load

_log = logging.getLogger(__name__)

_FIRST_WORD = 10.0  # seconds in which a caller has to say the secret
_LONGEST = 1 << 20  # bytes of one message


class Switchboard:
    """The debugger's end of the line; *heard* is called with all that the service says."""

    def __init__(self, heard: Callable[[Input], None]) -> None:
        self._heard = heard
        self._secret = secrets.token_hex(16)
        self._port = 0
        self._caller: asyncio.StreamWriter | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take calls while the block lasts."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0, limit=_LONGEST)
        async with server:
            self._port = server.sockets[0].getsockname()[1]
            try:
                yield
            finally:
                if self._caller:
                    self._caller.close()

    def call(self, *, scm: bool) -> Call:
        """Give what the service has to know to call; who called before is not heard any more."""
        self._secret = secrets.token_hex(16)
        return Call(port=self._port, secret=self._secret, scm=scm)

    def send(self, order: Send) -> None:
        """Tell the service what to do; nobody hears it where it has not called yet."""
        if self._caller:
            self._caller.write(dump_order(order))

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_FIRST_WORD):
                word = (await reader.readline()).strip()
            if not hmac.compare_digest(word, self._secret.encode()):
                return
            self._caller = writer
            while line := await reader.readline():
                self._heard(load(line))
        except (OSError, TimeoutError, ValueError) as error:
            _log.warning("debug.line-broken", extra={"problem": str(error)})
        finally:
            if self._caller is writer:
                self._caller = None
            writer.close()
