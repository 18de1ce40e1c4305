"""Somebody at the door of a service: no socket, so that it is there on every system."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from svcctl.contact import Greet
from svcctl.errors import Denied
from svcctl.sdk.endpoint.asked import Answers
from svcctl.sdk.endpoint.server import Endpoint
from svcctl.wire import Request, encode_request


@dataclass
class Writing:
    """What the service writes to a visitor."""

    said: bytes = b""
    closed: bool = False
    gone: bool = False

    @property
    def transport(self) -> Writing:
        """What carries it."""
        return self

    def abort(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, content: bytes) -> None:
        self.said += content

    async def drain(self) -> None:
        if self.gone:
            raise ConnectionResetError

    def close(self) -> None:
        self.closed = True


@dataclass
class Doorway:
    """A door that visitors come in at when a test says so."""

    greet: Greet | None = None
    limit: int = 0
    closed: bool = False
    denied: str = ""
    visits: list[asyncio.Task[None]] = field(default_factory=list)

    async def open(self, greet: Greet, *, limit: int) -> None:
        self.greet, self.limit = greet, limit

    def close(self) -> None:
        self.closed = True

    def enter(self, said: bytes, *, gone: bool = False, more: bool = False) -> Writing:
        """Come in and say something; with *more* there is something still to come."""
        assert self.greet is not None
        reader = asyncio.StreamReader(limit=self.limit)
        reader.feed_data(said)
        if not more:
            reader.feed_eof()
        writing = Writing(gone=gone)
        greeting = self.greet(reader, cast("asyncio.StreamWriter", writing), self._who)
        self.visits.append(asyncio.ensure_future(cast("Any", greeting)))
        return writing

    async def told(self, writing: Writing) -> dict[str, Any]:
        """Wait until a visitor is sent away, and give what it was told."""
        async with asyncio.timeout(60):
            while not writing.closed:
                await asyncio.sleep(0)
        return cast("dict[str, Any]", json.loads(writing.said))

    async def ask(self, verb: str, **args: object) -> dict[str, Any]:
        """Ask one thing and give the whole answer."""
        return await self.told(self.enter(encode_request(Request(verb=verb, args=args, id=7))))

    def _who(self) -> str:
        if self.denied:
            raise Denied(self.denied)
        return "uid:1000"


def served(answers: Answers, story: Callable[[Doorway], Awaitable[None]]) -> Doorway:
    """Tell a story of those who come while a service answers; give its door, closed."""

    async def told() -> Doorway:
        door = Doorway()
        async with Endpoint(door, lambda: answers):
            await story(door)
        await asyncio.gather(*door.visits)
        return door

    return asyncio.run(told())
