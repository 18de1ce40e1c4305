"""A service lives the same life whoever starts it: ready, paused, reloaded, drained, stopped."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from svcctl import Context, Service, ThreadContext, every
from svcctl.errors import Conflict, TimedOut, UsageError
from svcctl.sdk.phases import Phase
from tests.unit.sdk.living import Living, live


class Ticking(Service):
    """Counts, and writes down what it is told."""

    def __init__(self) -> None:
        self.ticks = 0
        self.heard: list[Any] = []

    async def run(self, ctx: Context) -> None:
        async for _ in ctx.ticks("10s"):
            self.ticks += 1

    def on_pause(self) -> None:
        self.heard.append("pause")

    async def on_resume(self) -> None:
        self.heard.append("resume")

    def on_reload(self, old: object, new: object) -> None:
        self.heard.append((old, new))

    def on_stop(self, reason: str) -> None:
        self.heard.append(reason)

    def on_control(self, code: int) -> None:
        self.heard.append(code)


def test_it_is_ready_at_its_first_tick_and_stops_when_asked() -> None:
    service = Ticking()

    async def story(living: Living) -> None:
        assert service.ticks == 1
        await living.turn(10)
        assert service.ticks == 2
        end = await living.stop()
        assert (end.reason, end.error, end.unfinished) == ("stop", None, ())

    living = live(service, story)

    assert living.told.phases == ["starting", "running", "draining", "stopped"]
    assert service.heard == ["stop"]


def test_while_it_is_paused_nothing_ticks_and_no_tick_is_made_up_for() -> None:
    service = Ticking()

    async def story(living: Living) -> None:
        living.life.pause()
        await living.until(lambda: living.life.phase is Phase.PAUSED)
        await living.turn(100)
        assert service.ticks == 1
        living.life.resume()
        await living.until(lambda: living.life.phase is Phase.RUNNING)
        await living.turn()
        assert service.ticks == 2
        await living.turn(10)
        assert service.ticks == 3

    living = live(service, story)

    assert service.heard[:2] == ["pause", "resume"]
    phases = [
        "starting",
        "running",
        "pausing",
        "paused",
        "resuming",
        "running",
        "draining",
        "stopped",
    ]
    assert living.told.phases == phases


def test_a_paused_service_can_be_stopped() -> None:
    service = Ticking()

    async def story(living: Living) -> None:
        living.life.pause()
        await living.until(lambda: living.life.phase is Phase.PAUSED)
        assert (await living.stop()).error is None

    live(service, story)

    assert service.heard == ["pause", "stop"]


def test_the_time_of_day_is_that_of_its_clock() -> None:
    class Looking(Service):
        def run(self, ctx: ThreadContext) -> None:
            self.at = ctx.now()

    service = Looking()

    async def story(living: Living) -> None:
        await living.end()
        assert service.at == living.clock.now()

    live(service, story)


def test_a_wait_ends_with_the_first_of_what_is_waited_for_or_with_the_service() -> None:
    class Waiting(Service):
        over = asyncio.Event()
        never = asyncio.Event()

        async def run(self, ctx: Context) -> None:
            ctx.ready()
            self.heard = [await ctx.until(self.never.wait(), self.over.wait())]
            self.heard += [await ctx.until(self.never.wait())]

    service = Waiting()

    async def story(living: Living) -> None:
        service.over.set()
        await living.turn()
        assert service.heard == [True]
        await living.stop()

    live(service, story)

    assert service.heard == [True, False]


class Configured(Ticking):
    """Has a configuration."""

    @dataclass
    class Config:
        host: str = "old"
        port: int = 25


def test_a_reload_hands_over_the_old_and_the_new_configuration(tmp_path: Path) -> None:
    service, file = Configured(), tmp_path / "it.toml"
    file.write_text("port = 1")

    async def story(living: Living) -> None:
        before = living.life.context.config_version
        file.write_text("port = 2")
        await living.life.await_reload()
        await living.life.await_reload()
        assert living.life.context.config == Configured.Config(port=2)
        assert living.life.context.config_version == before + 1

    living = live(service, story, config=str(file))

    assert service.heard == [(Configured.Config(port=1), Configured.Config(port=2)), "cancelled"]
    assert living.told.reloads == [False, True, False, True]


def test_a_configuration_that_is_bad_changes_nothing(tmp_path: Path) -> None:
    service, file = Configured(), tmp_path / "it.toml"
    file.write_text("port = 1")

    async def story(living: Living) -> None:
        file.write_text("prot = 2\nport = true")
        await living.life.await_reload()
        assert living.life.context.config == Configured.Config(port=1)
        assert "configuration refused" in living.told.words[-1]
        file.write_text("port = 3")
        await living.life.await_reload()
        assert living.told.words[-1] == "running"

    live(service, story, config=str(file))

    assert service.heard == [(Configured.Config(port=1), Configured.Config(port=3)), "cancelled"]


def test_a_configuration_that_the_service_does_not_take_is_taken_back(tmp_path: Path) -> None:
    class Choosy(Configured):
        def on_reload(self, old: object, *given: object, changed: object = None) -> None:
            self.heard.append((old, *given, changed))
            raise ValueError("not that one")

    service, file = Choosy(), tmp_path / "it.toml"
    file.write_text("port = 1")

    async def story(living: Living) -> None:
        file.write_text("port = 2")
        await living.life.await_reload()
        assert living.life.context.config == Configured.Config(port=1)

    live(service, story, config=str(file))

    told = (Configured.Config(port=1), Configured.Config(port=2), frozenset({"port"}))
    assert service.heard == [told, "cancelled"]


def test_a_service_without_configuration_is_told_of_a_reload_all_the_same() -> None:
    service = Ticking()

    async def story(living: Living) -> None:
        await living.life.await_reload()
        await living.life.await_control(130)

    live(service, story)

    assert service.heard[:2] == [(None, None), 130]


def test_an_error_in_a_hook_is_told_and_the_life_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Ticking):
        def on_pause(self) -> None:
            raise ValueError("no pause")

        def on_control(self, _: int) -> None:
            raise ValueError("no control")

        def on_stop(self, _: str) -> None:
            raise ValueError("no stop")

    service = Failing()

    async def story(living: Living) -> None:
        living.life.pause()
        living.life.custom(130)
        await living.until(lambda: "no control" in caplog.text)
        assert living.life.phase is Phase.RUNNING
        assert (await living.stop()).error is None

    living = live(service, story)

    assert living.told.phases[:4] == ["starting", "running", "pausing", "running"]
    assert all(f"no {each}" in caplog.text for each in ("pause", "control", "stop"))


def test_a_hook_that_hangs_is_cut_at_its_limit(caplog: pytest.LogCaptureFixture) -> None:
    class Hanging(Ticking):
        async def on_reload(self, *_: object) -> None:  # type: ignore[override]
            await asyncio.Event().wait()

    async def story(living: Living) -> None:
        living.life.reload()
        await living.turn()
        assert living.told.reloads == [False]
        await living.turn(30)
        assert living.told.reloads == [False, True]

    live(Hanging(), story)

    assert "hook.failed" in caplog.text


def test_one_that_never_says_that_it_is_ready_has_failed() -> None:
    class Late(Service):
        start_timeout = "20s"

        async def run(self, _: Context) -> None:
            await asyncio.Event().wait()

    async def story(living: Living) -> None:
        await living.turn(19)
        assert living.life.phase is Phase.STARTING
        await living.turn(1)
        end = await living.end()
        assert isinstance(end.error, TimedOut)
        assert "within 20s" in end.error.problem
        assert "ctx.ready()" in end.error.hint

    living = live(Late(), story)

    assert living.told.phases == ["starting", "draining", "stopped"]


def test_what_raises_in_run_is_its_end_and_all_is_let_go_of() -> None:
    closed: list[str] = []

    class Crashing(Service):
        async def run(self, ctx: Context) -> None:
            ctx.on_stop(lambda: closed.append("first"))
            ctx.on_stop(lambda: closed.append("second"))
            raise ValueError("of this")

    async def story(living: Living) -> None:
        end = await living.end()
        assert repr(end.error) == "ValueError('of this')"
        assert (end.where, end.reason) == ("run", "run failed")

    live(Crashing(), story)

    assert closed == ["second", "first"]


def test_coming_back_from_run_is_an_end_in_order() -> None:
    class Once(Service):
        async def run(self, ctx: Context) -> None:
            ctx.status("done soon")
            ctx.log.info("work.done", letters=3)

    async def story(living: Living) -> None:
        end = await living.end()
        assert (end.reason, end.error) == ("finished", None)
        assert living.records.records[0]["letters"] == 3

    living = live(Once(), story)

    assert living.told.phases == ["starting", "running", "draining", "stopped"]


class Drained(Service):
    """Has a piece of work under way for as long as a test wants."""

    drain_timeout = "60s"

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.refused = ""

    async def run(self, ctx: Context) -> None:
        ctx.spawn(lambda: self.order(ctx))
        await ctx.stopped()
        try:
            async with ctx.work("order"):
                pass
        except Conflict as error:
            self.refused = error.problem

    async def order(self, ctx: Context) -> None:
        async with ctx.work("order"):
            await self.go_on.wait()


def test_a_stop_waits_for_what_is_under_way_and_refuses_what_is_new() -> None:
    async def story(living: Living) -> None:
        living.life.stop(shutdown=True)
        await living.turn(59)
        assert living.life.phase is Phase.DRAINING
        assert living.told.words[-1] == "draining: waiting for 1 order"
        service.go_on.set()
        end = await living.end()
        assert (end.reason, end.unfinished) == ("shutdown", ())

    service = Drained()

    live(service, story)

    assert service.refused == "no new 'order': the service stops"


def test_what_does_not_finish_is_cut_and_named() -> None:
    async def story(living: Living) -> None:
        living.life.stop(shutdown=False)
        await living.turn(60)
        assert (await living.end()).unfinished == ("1 order",)

    live(Drained(), story)


def test_a_run_that_does_not_end_is_cancelled_and_named() -> None:
    class Endless(Service):
        drain_timeout = "5s"

        async def run(self, ctx: Context) -> None:
            ctx.ready()
            await asyncio.Event().wait()

    async def story(living: Living) -> None:
        living.life.stop(shutdown=False)
        await living.turn(4)
        assert not living.task.done()
        await living.turn(1)
        end = await living.end()
        assert (end.unfinished, end.error, end.abandoned) == (("run",), None, False)

    live(Endless(), story)


def test_a_run_that_takes_no_notice_of_its_cancellation_is_given_up() -> None:
    class Deaf(Service):
        drain_timeout = "5s"
        over = False

        async def run(self, ctx: Context) -> None:
            ctx.ready()
            while not self.over:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.01)

    service = Deaf()

    async def story(living: Living) -> None:
        living.life.stop(shutdown=False)
        await living.turn(5)
        assert not living.task.done()
        await living.turn(5)
        end = await living.end()
        assert (end.unfinished, end.abandoned) == (("run",), True)
        service.over = True

    live(service, story)


def test_resources_are_closed_newest_first_and_one_that_hangs_holds_up_none() -> None:
    closed: list[str] = []

    @asynccontextmanager
    async def resource(name: str, *, hangs: bool = False, fails: bool = False) -> Any:
        yield name
        if hangs:
            await asyncio.Event().wait()
        if fails:
            raise OSError("no more")
        closed.append(name)

    class Holding(Service):
        async def run(self, ctx: Context) -> None:
            assert await ctx.use(resource("first")) == "first"
            await ctx.use(resource("broken", fails=True), name="broken")
            await ctx.use(resource("stuck", hangs=True), timeout="3s", name="stuck")
            await ctx.use(resource("last"))
            await ctx.stopped()

    async def story(living: Living) -> None:
        living.life.stop(shutdown=False)
        await living.turn()
        assert closed == ["last"]
        await living.turn(3)
        end = await living.end()
        assert end.unfinished == ("stuck: not closed in 3s", "broken: OSError: no more")

    live(Holding(), story)

    assert closed == ["last", "first"]


def test_what_nobody_can_close_is_refused() -> None:
    class Odd(Service):
        async def run(self, ctx: Context) -> None:
            await ctx.use(object())

    async def story(living: Living) -> None:
        assert isinstance((await living.end()).error, UsageError)

    live(Odd(), story)


def test_a_plain_run_lives_in_a_thread_with_calls_that_block() -> None:
    class Plain(Service):
        def __init__(self) -> None:
            self.threads: set[str] = set()
            self.closed = False
            self.ticks: list[int] = []

        def run(self, ctx: ThreadContext) -> None:
            self.threads.add(threading.current_thread().name)
            ctx.use(self)
            for tick in ctx.ticks(0.001):
                with ctx.work("tick"):
                    self.ticks.append(tick)

        def close(self) -> None:
            self.closed = True

    service = Plain()

    async def story(living: Living) -> None:
        await living.turn(0.001)
        assert service.ticks == [0, 1]
        assert (await living.stop()).unfinished == ()

    live(service, story)

    assert service.threads == {"run"}
    assert service.closed


def test_a_thread_that_hangs_is_named_and_keeps_nobody() -> None:
    hanging = threading.Event()

    class Stuck(Service):
        drain_timeout = "5s"

        def run(self, ctx: ThreadContext) -> None:
            ctx.ready()
            hanging.wait(60)

    async def story(living: Living) -> None:
        await living.until(lambda: living.life.phase is Phase.RUNNING)
        living.life.stop(shutdown=False)
        await living.turn(5)
        end = await living.end()
        assert (end.unfinished, end.abandoned) == (("run",), False)
        hanging.set()

    live(Stuck(), story)


def test_a_passing_phase_is_told_again_and_again() -> None:
    async def story(living: Living) -> None:
        living.life.stop(shutdown=False)
        await living.turn()
        before = len(living.told.words)
        await living.turn(20)
        assert len(living.told.words) == before + 4

    live(Drained(), story)


def test_a_job_that_crashes_the_service_says_which() -> None:
    class Fragile(Ticking):
        @every("1m", on_error="crash")
        async def checkpoint(self) -> None:
            raise OSError("disk full")

    async def story(living: Living) -> None:
        await living.turn(60)
        end = await living.end()
        assert (end.where, repr(end.error)) == ("job checkpoint", "OSError('disk full')")

    live(Fragile(), story)
