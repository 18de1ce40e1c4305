"""Bulkheads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import LimitReached, UsageError
from svcctl.sdk.resilience.limit import Limit
from svcctl.testing.fakes import FakeClock

Turns = Callable[[], Awaitable[None]]


def test_one_more_than_may_be_under_way_is_refused(clock: FakeClock) -> None:
    async def play() -> None:
        limit = Limit("reports", concurrent=1, clock=clock)
        async with limit:
            with pytest.raises(LimitReached, match="limit 'reports' is reached: 1 are under way"):
                await limit.__aenter__()
        async with limit:
            assert limit.under_way == 1

    asyncio.run(play())


def test_who_waits_comes_in_the_order_of_asking(clock: FakeClock, turns: Turns) -> None:
    order: list[int] = []

    async def play() -> None:
        limit = Limit("reports", concurrent=1, queue=3, clock=clock)

        @limit
        async def work(number: int) -> None:
            order.append(number)
            await asyncio.sleep(0)

        await asyncio.gather(*[work(number) for number in range(4)])
        await turns()
        assert (limit.under_way, limit.waiting) == (0, 0)

    asyncio.run(play())
    assert order == [0, 1, 2, 3]


def test_a_wait_that_is_too_long_is_refused_and_leaves_no_trace(
    clock: FakeClock, turns: Turns
) -> None:
    async def play() -> None:
        limit = Limit("reports", concurrent=1, queue=1, wait="2s", clock=clock)
        async with limit:
            waiting = asyncio.ensure_future(limit.__aenter__())
            await turns()
            clock.forward(2.0)
            with pytest.raises(LimitReached, match="none ended within 2s"):
                await waiting
            assert limit.waiting == 0
        async with limit:
            assert limit.under_way == 1

    asyncio.run(play())


@given(
    st.integers(1, 3),
    st.integers(0, 3),
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=20),
)
def test_no_more_than_may_are_ever_under_way_and_all_room_comes_back(
    concurrent: int, queue: int, callers: list[tuple[int, bool]]
) -> None:
    most = 0

    async def play() -> int:
        limit = Limit("any", concurrent=concurrent, queue=queue, clock=FakeClock())

        async def call(turns: int) -> None:
            nonlocal most
            async with limit:
                most = max(most, limit.under_way)
                assert limit.waiting <= queue
                for _ in range(turns):
                    await asyncio.sleep(0)

        tasks = []
        for turns, cancelled in callers:
            task = asyncio.ensure_future(call(turns))
            tasks.append(task)
            await asyncio.sleep(0)
            if cancelled:
                task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(end) for end in ends} <= {type(None), LimitReached, asyncio.CancelledError}
        for _ in range(concurrent):
            await limit.__aenter__()
        return limit.under_way

    assert asyncio.run(play()) == concurrent
    assert most <= concurrent


def test_threads_and_tasks_count_together_and_come_in_the_order_of_asking() -> None:
    order: list[str] = []

    async def play() -> None:
        limit = Limit("reports", concurrent=1, queue=2)

        @limit
        def in_thread(name: str) -> str:
            order.append(name)
            return name

        async with limit:
            thread = asyncio.create_task(asyncio.to_thread(in_thread, "thread"))
            while limit.waiting < 1:
                await asyncio.sleep(0.001)
            task = asyncio.create_task(limit(noted)(order, "task"))
            while limit.waiting < 2:
                await asyncio.sleep(0)
            with pytest.raises(LimitReached, match="and 2 wait"):
                in_thread("too many")
        await asyncio.gather(thread, task)
        assert (limit.under_way, limit.waiting) == (0, 0)

    asyncio.run(play())
    assert order == ["thread", "task"]


async def noted(order: list[str], name: str) -> None:
    """Note a name."""
    order.append(name)


def test_a_thread_waits_no_longer_than_it_may() -> None:
    limit = Limit("reports", concurrent=1, queue=1, wait="1ms")

    with limit, pytest.raises(LimitReached, match="none ended within 1ms"), limit:
        pass

    assert (limit.under_way, limit.waiting) == (0, 0)


def test_who_waits_in_a_loop_that_is_closed_keeps_nobody_out() -> None:
    limit = Limit("reports", concurrent=1, queue=1)

    async def wait() -> None:
        await limit.__aenter__()

    with limit:
        loop = asyncio.new_event_loop()
        waiting = loop.create_task(wait())
        loop.run_until_complete(asyncio.sleep(0))
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert limit.waiting == 1
        loop.close()

    assert (limit.under_way, limit.waiting) == (0, 0)
    del waiting


def test_many_threads_are_never_more_than_may() -> None:
    limit = Limit("reports", concurrent=3, queue=20)
    most: list[int] = []

    @limit
    def work() -> None:
        most.append(limit.under_way)

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(lambda _: work(), range(200)))

    assert len(most) == 200
    assert max(most) <= 3
    assert limit.under_way == 0


def test_a_limit_that_lets_nobody_through_is_refused() -> None:
    with pytest.raises(UsageError, match="lets 0 through"):
        Limit("none", concurrent=0)
