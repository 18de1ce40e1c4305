"""Changes of the same services one after the other, others at once."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.server.mq.turns import Turns
from svcctl.wire import Selection


async def _order(*selects: Selection) -> list[tuple[int, int]]:
    """Have each take its turn; give which were under way together."""
    turns, under_way, together = Turns(), set[int](), set[tuple[int, int]]()
    order: list[int] = []

    async def take(number: int) -> None:
        async with turns.turn(selects[number]):
            order.append(number)
            together.update((other, number) for other in under_way)
            under_way.add(number)
            for _ in range(10):
                await asyncio.sleep(0)
            under_way.remove(number)

    await asyncio.gather(*map(take, range(len(selects))))
    assert len(order) == len(selects)
    return sorted(together)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (Selection(names=("web",)), Selection(names=("web",)), True),
        (Selection(names=("web",)), Selection(names=("db",)), False),
        (Selection(names=("web", "db")), Selection(names=("db", "mq")), True),
        (Selection(names=("web",)), Selection(names=("web.2",)), True),
        (Selection(names=("web",)), Selection(all=True), True),
        (Selection(names=("web",)), Selection(labels=("a=b",)), True),
        (Selection(names=("web",)), Selection(names=("@shop",)), True),
        (Selection(names=("w*",)), Selection(names=("db",)), True),
        (Selection(), Selection(names=("db",)), True),
    ],
)
async def test_who_may_meet_waits(one: Selection, other: Selection, meet: bool) -> None:
    assert await _order(one, other) == ([] if meet else [(0, 1)])


async def test_who_gives_up_waiting_holds_up_nobody() -> None:
    turns, web = Turns(), Selection(names=("web",))
    first = turns.turn(web)
    await first.__aenter__()

    async def wait() -> None:
        async with turns.turn(web):
            pass

    second, third = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second})
    await first.__aexit__(None, None, None)

    await third
