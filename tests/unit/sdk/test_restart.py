"""A service may run itself anew, unless somebody wants it to stop."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.ports import HostPhase
from svcctl.sdk.context import Context
from svcctl.sdk.life import End
from svcctl.sdk.service import Service
from tests.unit.sdk.living import Living, live


class Again(Service):
    """Wants to be run anew after ten seconds, and also when it is stopped."""

    async def run(self, ctx: Context) -> None:
        ctx.ready()
        await ctx.sleep("10s")
        ctx.restart("new code")
        await asyncio.sleep(0)


def ended(living: Living) -> End:
    return living.task.result()


def test_it_ends_to_be_run_anew() -> None:
    async def story(living: Living) -> None:
        await living.turn(10.0)
        await living.end()

    end = ended(live(Again(), story))

    assert end.restart == ()
    assert end.reason == "restart: new code"


@pytest.mark.posix
def test_the_manager_hears_of_a_reload_and_of_no_stop() -> None:
    async def story(living: Living) -> None:
        await living.turn(10.0)
        await living.end()

    told = live(Again(), story).told

    assert HostPhase.STOPPING not in told.told
    assert told.reloads == [False]


def test_who_is_told_to_stop_is_not_run_anew() -> None:
    async def story(living: Living) -> None:
        await living.stop()

    end = ended(live(Again(), story))

    assert end.restart is None
    assert end.reason == "stop"


def test_a_stop_that_comes_while_it_ends_is_stronger() -> None:
    class Slow(Again):
        async def on_stop(self, reason: str) -> None:
            del reason
            await asyncio.Event().wait()

    async def story(living: Living) -> None:
        await living.turn(10.0)
        living.life.stop(shutdown=False)
        living.life.hurry()

    living = live(Slow(), story)

    assert ended(living).restart is None
    assert HostPhase.STOPPING in living.told.told
