"""Where the work of a service stands still while it is paused."""

from __future__ import annotations

import asyncio


class Gate:
    """Open at first; who comes to a closed one waits until it is opened."""

    def __init__(self) -> None:
        self._open, self._closed = asyncio.Event(), asyncio.Event()
        self._open.set()

    @property
    def is_open(self) -> bool:
        """Say whether nobody has to wait."""
        return self._open.is_set()

    def open(self) -> None:
        """Let all pass."""
        self._open.set()
        self._closed.clear()

    def close(self) -> None:
        """Let nobody pass from now on."""
        self._open.clear()
        self._closed.set()

    async def passed(self) -> None:
        """Come back once the gate is open."""
        await self._open.wait()

    async def was_closed(self) -> None:
        """Come back once the gate is closed."""
        await self._closed.wait()
