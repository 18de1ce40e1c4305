"""Has many who do the same thing take turns, so that what the agent is for gets its time too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from svcctl.ports import Clock

_FEW = 4
"""Who take turns without being held up."""


class Turns:
    """One turn at a time; where many want one, all turns together take no more than half the time.

    A reader of logs that comes to it late loses nothing by that: it goes on in the file.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._alone = asyncio.Lock()
        self._wanting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the block lasts."""
        self._wanting += 1
        try:
            async with self._alone:
                begun = self._clock.monotonic()
                yield
                if self._wanting > _FEW:
                    await asyncio.sleep(self._clock.monotonic() - begun)
        finally:
            self._wanting -= 1
