"""A time limit ends what it is about, and leaves the task as it was."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.sdk.waiting import limited
from svcctl.testing.fakes import FakeClock


async def cut(block: str) -> tuple[str, int]:
    """Let a block be cut that answers in its own way; give what came out, and what stays."""
    clock, task = FakeClock(), asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(clock.forward, 1.0)
    try:
        async with limited(clock, 1.0):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if block == "raises":
                    raise ValueError("instead") from None
                if block == "ends":
                    raise
    except (TimeoutError, ValueError) as error:
        return type(error).__name__, task.cancelling()
    return "nothing", task.cancelling()


@pytest.mark.parametrize(
    ("block", "raised"),
    [("ends", "TimeoutError"), ("raises", "ValueError"), ("goes on", "nothing")],
)
def test_a_limit_that_was_reached_leaves_no_cancellation_behind(block: str, raised: str) -> None:
    assert asyncio.run(cut(block)) == (raised, 0)


def test_a_cancellation_from_outside_stays_one() -> None:
    async def outside() -> bool:
        async def limited_wait() -> None:
            async with limited(FakeClock(), 1.0):
                await asyncio.Event().wait()

        task = asyncio.create_task(limited_wait())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(outside())
