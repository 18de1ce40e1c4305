"""Asks an agent on this machine over its socket; blocking, and light enough for any command."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Self, cast

from svcctl.client.wire import Request, encode_request, to_error
from svcctl.errors import AgentUnreachable, TimedOut


class LocalClient:
    """A connection to the agent at *address* (a path); a context manager.

    Every method raises AgentUnreachable where nobody answers or the agent goes away meanwhile,
    and otherwise what the agent raised.
    """

    def __init__(self, address: str, *, timeout: float | None = None) -> None:
        self._address, self._timeout = address, timeout
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(self._timeout)
        try:
            made.connect(self._address)
        except OSError as error:
            made.close()
            raise AgentUnreachable(
                f"no agent answers at {self._address!r}: {error.strerror or error}",
                hint="start one: svcctl agent run  (or, for one file: svcctl up FILE)",
            ) from error
        self._socket = made
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

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
            document = json.loads(line)
            if "error" in document:
                raise to_error(cast("dict[str, object]", document["error"]))
            if "result" in document:
                yield True, document["result"]
                return
            yield False, document.get("item")
        raise AgentUnreachable(
            "the agent went away before it answered",
            hint="see whether it runs: svcctl agent status",
        )

    def _lines(self, request: Request) -> Iterator[bytes]:
        assert self._socket is not None
        try:
            self._socket.sendall(encode_request(request))
            with self._socket.makefile("rb") as stream:
                yield from stream
        except TimeoutError as error:
            raise TimedOut(f"the agent did not answer within {self._timeout:g}s") from error
        except OSError as error:
            raise AgentUnreachable(f"the agent went away: {error.strerror or error}") from error
