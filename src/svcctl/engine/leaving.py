"""Instances that are no longer wanted, from their last stop until they are quiet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from svcctl.engine.keeper import Keeper
from svcctl.engine.life import QUIET
from svcctl.events import Event
from svcctl.ports import Bus, Cancel


class Leaving:
    """Hands each instance to *drop* once it is quiet, unless it is wanted again before."""

    def __init__(self, *, bus: Bus, drop: Callable[[Keeper], None]) -> None:
        self._bus, self._drop = bus, drop
        self._going: dict[str, tuple[Keeper, Cancel]] = {}

    def see_off(self, keeper: Keeper) -> None:
        """Drop *keeper*, which was told to stop, once it is quiet; that may be at once."""
        if keeper.state.phase in QUIET:
            self._drop(keeper)
            return

        def watch(event: Event) -> None:
            if event.instance == keeper.name and keeper.state.phase in QUIET:
                # not from within the event: the keeper still has to carry out what it decided
                asyncio.get_running_loop().call_soon(self._gone, keeper)

        self._going[keeper.name] = keeper, self._bus.subscribe(watch)

    def take_back(self, name: str) -> Keeper | None:
        """Give the instance called *name*, which stays; None where none of that name leaves."""
        keeper, forget = self._going.pop(name, (None, None))
        if forget:
            forget()
        return keeper

    def of(self, service: str) -> list[Keeper]:
        """Give those of *service* that still leave."""
        return [keeper for keeper in self.all() if keeper.spec.name == service]

    def all(self) -> list[Keeper]:
        """Give all that still leave."""
        return [keeper for keeper, _ in self._going.values()]

    def _gone(self, keeper: Keeper) -> None:
        going, _ = self._going.get(keeper.name, (None, None))
        if going is keeper and keeper.state.phase in QUIET:
            self.take_back(keeper.name)
            self._drop(keeper)
