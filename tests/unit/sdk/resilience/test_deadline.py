"""Deadlines that go with the calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError, TimedOut
from svcctl.sdk.resilience.deadline import deadline, remaining
from svcctl.testing.fakes import FakeClock

Turns = Callable[[], Awaitable[None]]


async def for_ever() -> None:
    await asyncio.Event().wait()


def test_what_is_not_over_by_the_deadline_is_cancelled_and_told(
    clock: FakeClock, turns: Turns
) -> None:
    async def play() -> None:
        async def work() -> None:
            async with deadline("2s", clock=clock):
                await for_ever()

        task = asyncio.ensure_future(work())
        await turns()
        clock.forward(1.999)
        await turns()
        assert not task.done()
        clock.forward(0.001)
        with pytest.raises(TimedOut, match="not within 2s"):
            await task

    asyncio.run(play())


def test_outside_of_a_block_there_is_no_deadline(clock: FakeClock) -> None:
    async def play() -> list[float | None]:
        found = [remaining(clock)]
        async with deadline(3.0, clock=clock):
            found.append(remaining(clock))
        return [*found, remaining(clock)]

    assert asyncio.run(play()) == [None, 3.0, None]


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=6))
def test_a_deadline_within_another_can_only_be_sooner(lengths: list[float]) -> None:
    clock = FakeClock(monotonic=0.0)

    async def nested(rest: list[float]) -> list[float]:
        if not rest:
            return []
        async with deadline(rest[0], clock=clock):
            left = remaining(clock)
            assert left is not None
            return [left, *await nested(rest[1:])]

    found = asyncio.run(nested(lengths))

    assert found == [min(lengths[: count + 1]) for count in range(len(lengths))]


def test_a_longer_deadline_within_a_shorter_ends_with_it_and_the_outer_one_tells(
    clock: FakeClock, turns: Turns
) -> None:
    heard: list[str] = []

    async def play() -> None:
        async def work() -> None:
            async with deadline("1s", clock=clock):
                try:
                    async with deadline("5s", clock=clock):
                        await for_ever()
                except TimedOut:
                    heard.append("inner")
                    raise

        task = asyncio.ensure_future(work())
        await turns()
        clock.forward(1.0)
        with pytest.raises(TimedOut, match="not within 1s"):
            await task

    asyncio.run(play())
    assert heard == []


def test_a_task_and_a_thread_are_under_the_deadline_of_who_started_them(clock: FakeClock) -> None:
    async def play() -> list[float | None]:
        async def left() -> float | None:
            return remaining(clock)

        async with deadline("4s", clock=clock):
            clock.forward(1.0)
            return [
                await asyncio.create_task(left()),
                await asyncio.to_thread(remaining, clock),
            ]

    assert asyncio.run(play()) == [3.0, 3.0]


def test_a_task_that_sets_a_longer_deadline_of_its_own_ends_by_the_inherited_one(
    clock: FakeClock, turns: Turns
) -> None:
    async def play() -> None:
        async def longer() -> None:
            async with deadline("1h", clock=clock):
                await for_ever()

        async with deadline("2s", clock=clock):
            task = asyncio.create_task(longer())
            await turns()
        clock.forward(2.0)
        with pytest.raises(TimedOut, match="that the caller had left"):
            await task

    asyncio.run(play())


def test_a_block_that_begins_too_late_is_not_begun(clock: FakeClock) -> None:
    begun: list[str] = []

    async def play() -> None:
        async with deadline("1s", clock=clock):
            clock.stand_still(1.0)
            with pytest.raises(TimedOut):
                async with deadline("5s", clock=clock):
                    begun.append("late")

    asyncio.run(play())
    assert begun == []


def test_a_timeout_of_the_blocks_own_stays_what_it_is(clock: FakeClock) -> None:
    async def play() -> None:
        async with deadline("1s", clock=clock):
            raise TimeoutError("of a socket")

    with pytest.raises(TimeoutError, match="of a socket"):
        asyncio.run(play())


def test_a_cancellation_from_outside_stays_one(clock: FakeClock, turns: Turns) -> None:
    async def play() -> bool:
        async def work() -> None:
            async with deadline("1s", clock=clock):
                await for_ever()

        task = asyncio.ensure_future(work())
        await turns()
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled() and clock.next_at is None

    assert asyncio.run(play())


def test_what_is_no_length_is_refused() -> None:
    async def play() -> None:
        async with deadline("soon"):
            pass

    with pytest.raises(SpecError, match="is not a duration"):
        asyncio.run(play())
