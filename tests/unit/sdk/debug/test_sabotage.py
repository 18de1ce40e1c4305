"""A crash comes where ``run`` waits, and a hang holds the loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from svcctl.sdk.debug.sabotage import CrashOnPurpose, Sabotage


def struck(sabotage: Sabotage, run: Any) -> asyncio.Task[object]:
    """Begin a run that *sabotage* may strike."""
    endangered: Any = sabotage.of(run)
    return asyncio.create_task(endangered(None))


def crashed(run: Any) -> BaseException:
    """Let *run* come so far that it waits, strike, and give what it raised."""
    sabotage = Sabotage()

    async def story() -> BaseException:
        task = struck(sabotage, run)
        await asyncio.sleep(0)
        sabotage.crash()
        async with asyncio.timeout(60):
            await asyncio.wait((task,))
        error = task.exception()
        assert error is not None
        return error

    return asyncio.run(story())


def test_run_is_crashed_where_it_waits_and_lets_go_of_what_it_has() -> None:
    left = []

    async def run(_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            left.append("lock")

    error = crashed(run)

    assert isinstance(error, CrashOnPurpose)
    assert left == ["lock"]


def test_a_cancellation_of_another_stays_one() -> None:
    async def story() -> None:
        task = struck(Sabotage(), asyncio.sleep)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(story())


def test_before_and_after_run_nothing_is_struck() -> None:
    sabotage, hung = Sabotage(), []

    async def run(_: object) -> str:
        return "done"

    async def story() -> object:
        sabotage.crash()
        given = await struck(sabotage, run)
        sabotage.crash()
        sabotage.hang(lambda: hung.append(1))
        await asyncio.sleep(0)
        return given

    assert asyncio.run(story()) == "done"
    assert not hung


def test_a_hang_holds_the_loop_for_as_long_as_it_is_told() -> None:
    sabotage, order = Sabotage(), []

    async def run(_: object) -> None:
        sabotage.hang(lambda: order.append("hung"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        order.append("on")

    async def story() -> None:
        await struck(sabotage, run)

    asyncio.run(story())

    assert order == ["hung", "on"]
