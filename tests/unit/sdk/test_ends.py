"""Nothing keeps a service from its end, and every end has a reason."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from svcctl import Context, Service, every
from svcctl.errors import Conflict
from svcctl.sdk.waiting import failure, first
from tests.unit.sdk.living import Living, live


async def give_up() -> None:
    """Wait for something that has been cancelled."""
    part = asyncio.create_task(asyncio.sleep(1000))
    part.cancel()
    await part


async def ignore() -> None:
    """Go on, though cancelled, until the test is over."""
    for _ in range(2):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


def test_a_closer_that_ignores_its_end_keeps_none_of_the_others() -> None:
    closed: list[str] = []

    class Deaf(Service):
        async def run(self, ctx: Context) -> None:
            ctx.on_stop(lambda: closed.append("first"), name="first")
            ctx.on_stop(ignore, name="deaf", timeout="1s")
            ctx.on_stop(lambda: closed.append("last"), name="last")
            await ctx.stopped()

    async def story(living: Living) -> None:
        living.life.stop(shutdown=False)
        await living.until(lambda: closed == ["last"])
        await living.turn(1)
        await living.turn(5)
        end = await living.end()
        assert end.unfinished == ("deaf: not closed in 1s",)
        assert end.abandoned

    live(Deaf(), story)

    assert closed == ["last", "first"]


def test_a_run_that_ignores_its_end_keeps_nothing_open() -> None:
    closed: list[str] = []

    class Deaf(Service):
        async def run(self, ctx: Context) -> None:
            ctx.on_stop(lambda: closed.append("first"), name="first")
            ctx.ready()
            await ignore()

    async def story(living: Living) -> None:
        living.life.hurry()
        await living.turn(5)
        end = await living.end()
        assert (end.unfinished, end.abandoned) == (("run",), True)

    live(Deaf(), story)

    assert closed == ["first"]


def test_a_run_that_waits_for_what_was_cancelled_has_failed() -> None:
    class Sad(Service):
        async def run(self, ctx: Context) -> None:
            ctx.ready()
            await give_up()

    async def story(living: Living) -> None:
        end = await living.end()
        assert isinstance(end.error, asyncio.CancelledError)
        assert end.where == "run"

    live(Sad(), story)


@pytest.mark.parametrize("exits", [False, True])
def test_a_job_that_gives_up_is_called_again_and_one_that_exits_ends_the_service(
    exits: bool,
) -> None:
    calls: list[int] = []

    class Sad(Service):
        async def run(self, ctx: Context) -> None:
            await ctx.stopped()

        @every("1s")
        async def work(self) -> None:
            calls.append(1)
            if exits:
                raise SystemExit(7)
            await give_up()

    async def story(living: Living) -> None:
        await living.turn(1)
        if exits:
            end = await living.end()
            assert (repr(end.error), end.where) == ("SystemExit(7)", "job work")
        else:
            await living.turn(1)
            assert len(calls) == 2

    live(Sad(), story)


def test_a_hook_that_exits_ends_the_service() -> None:
    class Leaving(Service):
        async def run(self, ctx: Context) -> None:
            await ctx.stopped()

        def on_control(self, _: int) -> None:
            raise SystemExit(7)

    async def story(living: Living) -> None:
        living.life.custom(130)
        end = await living.end()
        assert (repr(end.error), end.where) == ("SystemExit(7)", "on_control")

    live(Leaving(), story)


def test_what_is_asked_of_a_service_that_stops_does_not_begin() -> None:
    heard: list[int] = []

    class Slow(Service):
        async def run(self, ctx: Context) -> None:
            await ctx.stopped()
            await asyncio.Event().wait()

        async def on_control(self, code: int) -> None:
            heard.append(code)

    async def story(living: Living) -> None:
        living.life.stop(shutdown=False)
        living.life.custom(130)
        with pytest.raises(Conflict, match="the service stops"):
            await living.life.await_control(131)

    live(Slow(), story)

    assert heard == []


def test_a_cancellation_of_the_one_who_waits_is_no_failure_of_what_he_waits_for() -> None:
    async def story() -> None:
        found: list[BaseException | None] = []

        async def wait() -> None:
            found.append(await failure(give_up()))
            found.append(await failure(asyncio.Event().wait()))

        waits = asyncio.create_task(wait())
        while not found:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        waits.cancel()
        await asyncio.wait((waits,))
        assert waits.cancelled()
        assert [type(each) for each in found] == [asyncio.CancelledError]

    asyncio.run(story())


def test_what_comes_too_late_is_no_error_even_where_it_was_gathered() -> None:
    async def story() -> None:
        over = asyncio.Event()
        over.set()
        await first(asyncio.gather(asyncio.Event().wait()), over.wait())

    asyncio.run(story())
