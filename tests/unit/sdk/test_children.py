"""What is spawned lives as long as the service, and is run again as its tree says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from svcctl import Context, Service
from svcctl.errors import UsageError
from svcctl.sdk.children import Restart, Strategy
from svcctl.sdk.phases import Phase
from tests.unit.sdk.living import Living, live

Call = Callable[[], Awaitable[object]]


class Family(Service):
    """Spawns in one tree what a test gives it."""

    def __init__(
        self, *children: tuple[str, Call, Restart], strategy: Strategy = "one_for_one"
    ) -> None:
        self._children, self._strategy = children, strategy

    async def run(self, ctx: Context) -> None:
        tree = ctx.tree(self._strategy)
        for name, call, restart in self._children:
            tree.spawn(call, name=name, restart=restart)
        await ctx.stopped()


class Failing:
    """Fails the first few times, then lasts."""

    def __init__(self, times: int) -> None:
        self.begun, self.left = 0, times

    async def __call__(self) -> None:
        self.begun += 1
        if self.left > 0:
            self.left -= 1
            raise ValueError(f"{self.left} left")
        await asyncio.Event().wait()


def test_who_fails_is_run_again_after_a_wait() -> None:
    child = Failing(3)

    async def story(living: Living) -> None:
        assert child.begun == 1
        await living.turn(1)
        await living.turn(1)
        await living.turn(1)
        assert child.begun == 4
        assert (await living.stop()).unfinished == ()

    live(Family(("child", child, "on-failure")), story)


def test_who_fails_too_often_ends_the_service() -> None:
    child = Failing(100)

    async def story(living: Living) -> None:
        for _ in range(8):
            await living.turn(2)
        end = await living.end()
        assert end.where == "child child"
        assert isinstance(end.error, ValueError)

    live(Family(("child", child, "on-failure")), story)

    assert child.begun == 6


def test_who_is_not_to_be_run_again_ends_the_service_by_failing_only() -> None:
    async def brief() -> None:
        return

    async def story(living: Living) -> None:
        await living.turn(1)
        assert living.life.phase is Phase.RUNNING

    live(Family(("brief", brief, "never")), story)

    async def sad(living: Living) -> None:
        assert (await living.end()).where == "child failing"

    live(Family(("failing", Failing(1), "never")), sad)


def test_who_always_runs_is_run_again_when_it_comes_back() -> None:
    begun = 0

    async def brief() -> None:
        nonlocal begun
        begun += 1

    async def story(living: Living) -> None:
        await living.turn(0.15)
        assert begun == 2
        await living.turn(0.3)
        assert begun == 3

    live(Family(("brief", brief, "always")), story)


def test_rest_for_one_begins_those_anew_that_build_on_who_failed() -> None:
    first, third = Failing(0), Failing(0)
    failing, begun = asyncio.Event(), 0

    async def second() -> None:
        nonlocal begun
        begun += 1
        await failing.wait()
        failing.clear()
        raise ValueError("once")

    async def story(living: Living) -> None:
        failing.set()
        await living.turn()
        await living.turn(1)
        assert (first.begun, begun, third.begun) == (1, 2, 2)

    family = Family(
        ("first", first, "on-failure"),
        ("second", second, "on-failure"),
        ("third", third, "on-failure"),
        strategy="rest_for_one",
    )
    live(family, story)


def test_two_of_one_name_are_refused() -> None:
    async def story(living: Living) -> None:
        assert isinstance((await living.end()).error, UsageError)

    live(Family(("a", Failing(0), "never"), ("a", Failing(0), "never")), story)


def test_what_is_spawned_beside_run_ends_with_it() -> None:
    child = Failing(0)

    class Alone(Service):
        async def run(self, ctx: Context) -> None:
            ctx.spawn(child, name="child")
            assert await ctx.sleep("5s")

    async def story(living: Living) -> None:
        await living.turn(5)
        assert (await living.end()).reason == "finished"

    live(Alone(), story)

    assert child.begun == 1
