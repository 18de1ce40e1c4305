"""Asks a host without waiting for it: for an agent, which has others to attend to meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress

from svcctl.errors import AgentUnreachable
from svcctl.wire import Request, encode_request, to_error


class Conversation:
    """Questions to one who answers in the local protocol, one after the other.

    Every method raises AgentUnreachable where the other goes away, and otherwise what it answers
    with.  Who is cancelled must not go on: half an answer may be left.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: Request) -> object:
        """Give the result of *request*; its items are passed over."""
        *_, (_, result) = [each async for each in self.answers(request)]
        return result

    async def items(self, request: Request) -> list[object]:
        """Give the items of *request*, whose result is passed over."""
        return [each async for is_result, each in self.answers(request) if not is_result]

    async def answers(self, request: Request) -> AsyncGenerator[tuple[bool, object]]:
        """Give each answer as it comes: (False, item) any number of times, then (True, result)."""
        try:
            self._writer.write(encode_request(request))
            await self._writer.drain()
            while line := await self._reader.readline():
                document = _document(line)
                if isinstance(error := document.get("error"), dict):
                    raise to_error(error)
                if "result" in document:
                    yield True, document["result"]
                    return
                yield False, document.get("item")
        except (OSError, ValueError) as error:  # ValueError: a line that is longer than any
            raise AgentUnreachable(f"the host went away: {error}") from error
        raise AgentUnreachable("the host went away before it answered")

    @property
    def is_over(self) -> bool:
        """The other end has hung up, as far as is known."""
        return self._reader.at_eof() or self._writer.is_closing()

    def hang_up(self) -> None:
        """Have whoever waits for an answer be told that there is none."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


def _document(line: bytes) -> dict[str, object]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return document
    raise AgentUnreachable("what answers is no host, or went away while it answered")
