"""Counts what is under way, so that a stop can wait for it and refuse what is new."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from svcctl.errors import Conflict


class Work:
    """The pieces of work under way, by name; *changed* is called when one begins or ends."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._names: Counter[str] = Counter()
        self._refusing = False
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def piece(self, name: str) -> AsyncIterator[None]:
        """Count a piece of work while the block lasts.

        Raises Conflict, before anything is done, once the service stops.
        """
        if self._refusing:
            raise Conflict(
                f"no new {name!r}: the service stops", hint="hand it back, or to another instance"
            )
        self._names[name] += 1
        self._idle.clear()
        self._changed()
        try:
            yield
        finally:
            self._names[name] -= 1
            self._names += Counter()  # without those at 0
            if not self._names:
                self._idle.set()
            self._changed()

    @property
    def under_way(self) -> dict[str, int]:
        """Give how many pieces of each name are under way."""
        return dict(self._names)

    @property
    def count(self) -> int:
        """Say how many pieces are under way."""
        return self._names.total()

    def refuse(self) -> None:
        """Begin nothing new."""
        self._refusing = True

    async def idle(self) -> None:
        """Come back once nothing is under way."""
        await self._idle.wait()
