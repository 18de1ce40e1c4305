"""Asks an agent on this machine over its socket; blocking, and light enough for any command."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

from svcctl.errors import AgentUnreachable, TimedOut
from svcctl.wire import Request, encode_request, to_error


class Connection(Protocol):
    """A conversation with an agent; what fails raises OSError."""

    def send(self, content: bytes) -> None:
        """Say *content*."""

    def lines(self) -> Iterator[bytes]:
        """Give what is answered, line by line; TimeoutError where it takes too long."""

    def close(self) -> None:
        """Hang up."""


_TIMEVAL = struct.Struct("@ll")
_LONGEST = 64 * 1024 * 1024  # bytes of an answer: no service's program may fill its agent's memory

Connect = Callable[[str, float | None], Connection]
"""Give a connection to an address, with the seconds an answer may take (None: any number)."""


def _anybody(_: socket.socket) -> None:
    """Whoever listens is whom we mean: nobody else can, in that folder."""


class SocketConnection:
    """A conversation over a socket in the file system.

    *insist* is called with the connected socket, and raises OSError for who must not be spoken to.
    """

    def __init__(
        self,
        address: str,
        timeout: float | None,
        *,
        insist: Callable[[socket.socket], None] = _anybody,
    ) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if timeout is not None:  # with settimeout() a crowd at the door is an error, unix(7)
                limit = _TIMEVAL.pack(int(timeout), int(timeout % 1 * 1e6))
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            self._socket.connect(address)
            self._socket.settimeout(timeout)
            insist(self._socket)
        except OSError:
            self._socket.close()
            raise

    def send(self, content: bytes) -> None:
        """See :class:`Connection`."""
        self._socket.sendall(content)

    def lines(self) -> Iterator[bytes]:
        """See :class:`Connection`."""
        with self._socket.makefile("rb") as stream:
            while line := stream.readline(_LONGEST):
                yield line

    def close(self) -> None:
        """See :class:`Connection`."""
        self._socket.close()


class LocalClient:
    """A connection to the agent at *address*, made by *connect*; a context manager.

    Every method raises AgentUnreachable where nobody answers or the agent goes away meanwhile,
    and otherwise what the agent raised.
    """

    def __init__(
        self, address: str, *, timeout: float | None = None, connect: Connect = SocketConnection
    ) -> None:
        self._address, self._timeout, self._connect = address, timeout, connect
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        try:
            self._connection = self._connect(self._address, self._timeout)
        except OSError as error:
            raise AgentUnreachable(
                f"no agent answers at '{self._address}': {error.strerror or error}",
                hint="start one: svcctl agent run  (or, for one file: svcctl up FILE)",
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def ask(self, request: Request) -> object:
        """Give the result of *request*; its items are passed over."""
        result: object = None
        for is_result, document in self.answers(request):
            if is_result:
                result = document
        return result

    def answers(self, request: Request) -> Iterator[tuple[bool, object]]:
        """Give each answer as it comes: (False, item) any number of times, then (True, result)."""
        for line in self._lines(request):
            document = self._document(line)
            if isinstance(error := document.get("error"), dict):
                raise to_error(error)
            if "result" in document:
                yield True, document["result"]
                return
            yield False, document.get("item")
        raise AgentUnreachable(
            "the agent went away before it answered",
            hint="see whether it runs: svcctl agent status",
        )

    def _document(self, line: bytes) -> dict[str, object]:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):  # half an answer, or none of an agent
            document = None
        if isinstance(document, dict):
            return document
        raise AgentUnreachable(
            f"what answers at '{self._address}' is no agent, or went away while it answered",
            hint="see whether it runs: svcctl agent status",
        )

    def _lines(self, request: Request) -> Iterator[bytes]:
        assert self._connection is not None
        try:
            self._connection.send(encode_request(request))
            yield from self._connection.lines()
        except TimeoutError as error:
            raise TimedOut(f"the agent did not answer within {self._timeout:g}s") from error
        except OSError as error:
            raise AgentUnreachable(f"the agent went away: {error.strerror or error}") from error
