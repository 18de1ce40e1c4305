"""Takes configurations that the program itself hands in: from a queue, an API, a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from svcctl.sdk.config.follow import SourceChange, Unreachable
from svcctl.sdk.config.text import Format, Text


class Pushed:
    """A ConfigSource in memory; what is handed in before anybody follows it waits."""

    def __init__(self, name: str) -> None:
        """*name* is what messages and the history call it."""
        self._name = name
        self._waiting: asyncio.Queue[SourceChange | None] = asyncio.Queue()

    @property
    def name(self) -> str:
        """Give what the history calls it."""
        return self._name

    def push(self, content: str, *, format: Format = Format.TOML) -> None:  # noqa: A002
        """Hand in the whole text, from the event loop's thread."""
        self._waiting.put_nowait(Text(name=self._name, content=content, format=format))

    def fail(self, problem: str) -> None:
        """Say that there is none just now."""
        self._waiting.put_nowait(Unreachable(problem=problem))

    def end(self) -> None:
        """Say that no more will come."""
        self._waiting.put_nowait(None)

    async def changes(self) -> AsyncGenerator[SourceChange, None]:
        """Give all that is handed in, in order, until the end."""
        while (found := await self._waiting.get()) is not None:
            yield found
