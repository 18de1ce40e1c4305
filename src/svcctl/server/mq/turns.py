"""In which order changes are made: as they came, where they may be about the same services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from svcctl.wire import Selection

_Names = frozenset[str] | None  # None: any service


class Turns:
    """Gives each change its turn, after those of the same services that came before it."""

    def __init__(self) -> None:
        self._ahead: dict[asyncio.Event, _Names] = {}

    @asynccontextmanager
    async def turn(self, select: Selection) -> AsyncIterator[None]:
        """Wait for one's turn, and have it while the block lasts; others of *select* wait then.

        The order is that of entering.
        """
        mine, over = _services(select), asyncio.Event()
        earlier = [event for event, names in self._ahead.items() if _meet(names, mine)]
        self._ahead[over] = mine
        try:
            for each in earlier:
                await each.wait()
            yield
        finally:
            del self._ahead[over]
            over.set()


def _services(select: Selection) -> _Names:
    """Give the services that may be meant; an instance is taken for all that begins like it."""
    if select.all or select.labels or not select.names:
        return None
    if any(sign in name for name in select.names for sign in "@*?["):
        return None
    return frozenset(name.partition(".")[0] for name in select.names)


def _meet(one: _Names, other: _Names) -> bool:
    return one is None or other is None or not one.isdisjoint(other)
