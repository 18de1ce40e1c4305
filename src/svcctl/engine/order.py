"""In which order services start, and what has to be up before one of them does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from svcctl.engine import graph
from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase
from svcctl.engine.needs import Kept


def start_order(names: Iterable[str], kept: Mapping[str, Kept]) -> list[list[str]]:
    """Give *names* in waves: each needs, or comes after, only what is in earlier ones."""
    return graph.start_order(sorted(names), _edges(kept))


def needed_by(service: str, kept: Mapping[str, Kept]) -> list[Keeper]:
    """Give the keepers, not yet up, that *service* needs, in the order to start them."""
    needs = {each: tuple(one.spec.needs) for each, one in kept.items()}
    wanted = graph.closure([service], needs) - {service}
    waves = start_order(wanted, kept)
    found = [keeper for wave in waves for each in wave for keeper in kept[each].keepers]
    return [
        keeper
        for keeper in found
        if keeper.state.phase in {Phase.STOPPED, Phase.FAILED} and not keeper.spec.schedule
    ]


def _edges(kept: Mapping[str, Kept]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(each for each in (*one.spec.needs, *one.spec.after) if each in kept)
        for name, one in kept.items()
    }
