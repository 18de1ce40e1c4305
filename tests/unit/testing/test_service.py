"""A test leads the life of a service: time passes when it says so, and what fails is told."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from svcctl import Context, Service, ThreadContext, check, cron, every
from svcctl.errors import Conflict, SpecError, TimedOut, UsageError
from svcctl.sdk.config.outcome import Outcome, Verdict
from svcctl.sdk.config.secret import Secret, secret
from svcctl.testing.fakes import FakeClock
from svcctl.testing.service import Trial

Story = Callable[[Trial["Mailer"]], Awaitable[None]]


class Mailer(Service):
    """Sends a letter each period."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        period: str = "10s"
        password: Secret = secret("env:MAILER_PASSWORD", default="none")
        to: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.sent = 0
        self.heard: list[str] = []

    async def run(self, ctx: Context) -> None:
        async for _ in ctx.ticks(lambda: ctx.config.period):
            self.sent += 1
            ctx.log.info("letter.sent", number=self.sent)

    @every("1m", jitter="30s")
    async def checkpoint(self, ctx: Context) -> None:
        await ctx.state.set("sent", self.sent)
        self.heard.append("checkpoint")

    @every("1m")
    def plain(self) -> None:
        time.sleep(0.002)
        self.heard.append("plain")

    @check("ready")
    def has_sent(self) -> bool:
        return self.sent > 1

    def on_reload(self, old: Config, new: Config) -> None:
        self.heard.append(f"{old.period} -> {new.period}")


def led(story: Story, **given: object) -> Mailer:
    """Lead the life of a Mailer, and give it."""

    async def scene() -> Mailer:
        async with Trial(Mailer(), **given) as trial:  # type: ignore[arg-type]
            await story(trial)
        return trial.service

    return asyncio.run(scene())


async def nothing(_: Trial[Mailer]) -> None:
    """Let it be stopped."""


def test_time_passes_when_the_test_says_so_and_not_before() -> None:
    async def story(trial: Trial[Mailer]) -> None:
        await trial.ready()
        began = trial.clock.now()
        assert trial.service.sent == 1
        await trial.forward("30s")
        assert trial.service.sent == 4
        assert trial.clock.now() == began + 30

    led(story)


def test_jobs_are_done_at_their_times_and_threads_are_waited_for() -> None:
    async def story(trial: Trial[Mailer]) -> None:
        await trial.ready()
        await trial.forward("3m")

    assert sorted(led(story).heard) == ["checkpoint"] * 3 + ["plain"] * 3


def test_a_job_can_be_done_at_once() -> None:
    async def story(trial: Trial[Mailer]) -> None:
        began = trial.clock.now()
        await trial.tick("checkpoint")
        await trial.tick("plain")
        assert trial.service.heard == ["checkpoint", "plain"]
        assert trial.clock.now() == began
        with pytest.raises(UsageError) as raised:
            await trial.tick("checkpoints")
        assert raised.value.hint == "did you mean 'checkpoint'?"

    led(story)


def test_a_paused_service_stands_still_until_it_is_resumed() -> None:
    async def story(trial: Trial[Mailer]) -> None:
        await trial.pause()
        await trial.forward("50s")
        assert trial.service.sent == 1
        await trial.resume()
        await trial.forward("10s")
        assert trial.service.sent == 3
        assert trial.phases == ["starting", "running", "pausing", "paused", "resuming", "running"]

    led(story)


def test_a_configuration_is_given_as_in_a_file_or_as_an_object() -> None:
    async def story(trial: Trial[Mailer]) -> None:
        await trial.forward("3s")
        assert trial.service.sent == 4

    led(story, config={"period": "1s"})
    led(story, config=Mailer.Config(period="1s", password=Secret("it"), to=("a", "${b}")))
    led(story, environ={"MAILER_PERIOD": "1s"})


def test_an_object_is_the_configuration_that_the_service_sees() -> None:
    given = Mailer.Config(period="1s", password=Secret("it"), to=("a", "${b}"))
    seen: list[object] = []

    class Curious(Mailer):
        async def run(self, ctx: Context) -> None:
            seen.append(ctx.config)
            await ctx.stopped()

    async def scene() -> None:
        async with Trial(Curious(), config=given):
            pass

    asyncio.run(scene())
    assert seen == [given]


def test_a_bad_configuration_is_refused_with_every_mistake() -> None:
    with pytest.raises(SpecError) as raised:
        led(nothing, config={"perod": "1s", "to": 5})

    assert len(raised.value.mistakes) == 2


def test_a_service_without_a_configuration_takes_none() -> None:
    class Plain(Service):
        async def run(self, ctx: Context) -> None:
            await ctx.stopped()

    async def scene() -> None:
        async with Trial(Plain(), config={"period": "1s"}):
            pass

    with pytest.raises(UsageError, match="has no configuration"):
        asyncio.run(scene())


def test_a_reload_is_over_when_it_comes_back_and_a_bad_one_changes_nothing() -> None:
    async def story(trial: Trial[Mailer]) -> None:
        good = await trial.reload({"period": "1s"})
        bad = await trial.reload({"period": 5})
        await trial.forward("20s")
        assert isinstance(good, Outcome)
        assert isinstance(bad, Outcome)
        assert (good.verdict, bad.verdict) == (Verdict.APPLIED, Verdict.REJECTED)
        assert trial.service.heard == ["10s -> 1s"]
        assert trial.service.sent == 12

    led(story)


def test_checks_are_asked() -> None:
    async def story(trial: Trial[Mailer]) -> None:
        before = await trial.check("ready")
        await trial.forward("10s")
        after = await trial.check()
        assert (before.is_up, after.is_up) == (False, True)
        assert (await trial.check("live")).is_up

    led(story)


def test_what_it_logs_is_kept_as_records_at_the_time_of_its_clock() -> None:
    async def story(trial: Trial[Mailer]) -> None:
        await trial.forward("10s")
        letters = [each for each in trial.log if each["event"] == "letter.sent"]
        assert [each["number"] for each in letters] == [1, 2]
        assert letters[1]["time"] == "2025-06-15T15:06:50.000000Z"

    led(story)


@pytest.mark.slow
def test_the_end_tells_what_was_cut_off() -> None:
    class Stubborn(Mailer):
        async def run(self, ctx: Context) -> None:
            async with ctx.work("order"):
                ctx.ready()
                await asyncio.Event().wait()

    async def scene() -> None:
        async with Trial(Stubborn()) as trial:
            began = trial.clock.monotonic()
            await trial.drain()
            assert trial.phase == "draining"
            assert trial.status == "draining: waiting for 1 order"
            assert trial.clock.monotonic() == began
            end = await trial.stop()
            assert end.unfinished == ("run",)
            assert trial.clock.monotonic() >= began + 30

    asyncio.run(scene())


@pytest.mark.slow
def test_who_is_cut_off_without_the_test_having_asked_for_its_end_fails_the_test() -> None:
    class Hanging(Mailer):
        async def run(self, ctx: Context) -> None:
            ctx.ready()
            await asyncio.Event().wait()

    async def scene() -> None:
        async with Trial(Hanging()):
            pass

    with pytest.raises(TimedOut, match="'hanging' did not finish when it was to stop: run"):
        asyncio.run(scene())


class Broken(Mailer):
    """Dies as soon as time passes."""

    async def run(self, ctx: Context) -> None:
        ctx.ready()
        await ctx.sleep("1s")
        raise ValueError("as told")


def broken(story: Callable[[Trial[Broken]], Awaitable[None]]) -> None:
    async def scene() -> None:
        async with Trial(Broken()) as trial:
            await story(trial)

    asyncio.run(scene())


def test_a_crash_is_raised_when_the_block_is_left() -> None:
    async def story(trial: Trial[Broken]) -> None:
        await trial.forward("1s")

    with pytest.raises(ValueError, match="as told"):
        broken(story)


def test_a_crash_is_raised_by_stop_and_then_no_more() -> None:
    async def story(trial: Trial[Broken]) -> None:
        await trial.forward("1s")
        with pytest.raises(ValueError, match="as told"):
            await trial.stop()

    broken(story)


def test_a_crash_that_the_test_has_looked_at_is_not_raised() -> None:
    async def story(trial: Trial[Broken]) -> None:
        assert trial.crash is None
        await trial.forward("1s")
        assert isinstance(trial.crash, ValueError)
        end = await trial.stop()
        assert end.where == "run"
        assert len(os.listdir(Path(trial.folder) / "crashes")) == 1
        assert trial.log[-1]["event"] == "service.crashed"

    broken(story)


def test_a_crash_before_it_is_ready_is_raised_there() -> None:
    class Stillborn(Mailer):
        async def run(self, _: Context) -> None:
            raise ValueError("no smtp server")

    async def scene() -> None:
        async with Trial(Stillborn()) as trial:
            await trial.ready()

    with pytest.raises(ValueError, match="no smtp server"):
        asyncio.run(scene())


def test_a_job_that_is_cut_off_by_a_crash_raises_what_the_service_crashed_of() -> None:
    class Torn(Broken):
        @every("1h")
        async def long(self) -> None:
            await asyncio.Event().wait()

    async def scene() -> None:
        async with Trial(Torn()) as trial:
            await trial.tick("long", within="5s")

    with pytest.raises(ValueError, match="as told"):
        asyncio.run(scene())


def test_a_test_that_failed_is_told_of_the_crash_beside_it() -> None:
    async def story(trial: Trial[Broken]) -> None:
        await trial.forward("1s")
        raise AssertionError("the real reason")

    with pytest.raises(AssertionError, match="the real reason") as raised:
        broken(story)

    assert raised.value.__notes__ == ["'broken' had crashed in run: ValueError('as told')"]


@pytest.mark.slow
def test_who_never_gets_ready_fails_the_test_and_says_where_it_stands() -> None:
    class Waiting(Mailer):
        async def run(self, _: Context) -> None:
            await asyncio.Event().wait()

    async def scene() -> None:
        async with Trial(Waiting(), limit="5s") as trial:
            await trial.ready()

    with pytest.raises(TimedOut) as raised:
        asyncio.run(scene())

    said = "'waiting' was not ready within 5s of real time: run waits at test_service.py:"
    assert said in str(raised.value)


@pytest.mark.slow
def test_time_passes_though_a_task_never_rests() -> None:
    class Busy(Mailer):
        async def run(self, ctx: Context) -> None:
            ctx.ready()
            while not ctx.stopping:
                await asyncio.sleep(0)

    async def scene() -> None:
        async with Trial(Busy()) as trial:
            await trial.forward("1m")
            assert "checkpoint" in trial.service.heard

    asyncio.run(scene())


@pytest.mark.slow
def test_who_sleeps_for_no_time_for_ever_fails_the_test() -> None:
    class Dozing(Mailer):
        async def run(self, ctx: Context) -> None:
            ctx.ready()
            while await ctx.sleep(0):
                pass

    async def scene() -> None:
        async with Trial(Dozing(), limit="300ms") as trial:
            await trial.forward("1s")

    with pytest.raises(TimedOut, match="did not come to rest within 300ms"):
        asyncio.run(scene())


@pytest.mark.slow
def test_who_ignores_its_end_fails_the_test() -> None:
    class Deaf(Mailer):
        async def run(self, ctx: Context) -> None:
            ctx.ready()
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    if done:
                        raise

    done: list[bool] = []

    async def scene() -> None:
        async with Trial(Deaf()) as trial:
            try:
                await trial.stop()
            finally:
                done.append(True)

    with pytest.raises(TimedOut, match="'deaf' goes on though it was cancelled: run waits at"):
        asyncio.run(scene())


def test_up_to_a_length_of_time_passes_until_it_is_ready() -> None:
    class Slow(Mailer):
        async def run(self, ctx: Context) -> None:
            await ctx.sleep("20s")
            await ctx.stopped()

    async def scene() -> None:
        async with Trial(Slow()) as trial:
            began = trial.clock.monotonic()
            await trial.ready(within="1m")
            assert trial.clock.monotonic() == began + 20

    asyncio.run(scene())


def test_a_plain_run_lives_on_the_same_clock() -> None:
    class Threaded(Service):
        def __init__(self) -> None:
            self.turns = 0

        def run(self, ctx: ThreadContext) -> None:
            ctx.ready()
            while ctx.sleep("1s"):
                self.turns += 1

    async def scene() -> None:
        async with Trial(Threaded()) as trial:
            await trial.forward("10s")
            assert trial.service.turns == 10

    asyncio.run(scene())


@pytest.mark.slow
def test_a_thread_that_waits_for_something_outside_is_not_waited_for() -> None:
    class Serving(Service):
        def __init__(self) -> None:
            self.over = threading.Event()

        def run(self, ctx: ThreadContext) -> None:
            ctx.ready()
            self.over.wait(60)

        def on_stop(self) -> None:
            self.over.set()

    async def scene() -> None:
        async with Trial(Serving()) as trial:
            await trial.forward("10s")
            assert (await trial.stop()).unfinished == ()

    asyncio.run(scene())


def test_something_real_is_waited_for() -> None:
    class Knocking(Service):
        def __init__(self) -> None:
            self.came = False

        async def run(self, ctx: Context) -> None:
            await asyncio.sleep(0.01)
            self.came = True
            await ctx.stopped()

    async def scene() -> None:
        async with Trial(Knocking()) as trial:
            await trial.until(lambda: trial.service.came)
            await trial.ready()

    asyncio.run(scene())


def test_retries_wait_on_its_clock() -> None:
    class Calling(Service):
        def __init__(self) -> None:
            self.calls = 0

        async def run(self, ctx: Context) -> None:
            ctx.ready()
            async for attempt in ctx.retry(on=ConnectionError, attempts=4, timeout="1m"):
                with attempt:
                    self.calls += 1
                    raise ConnectionError

    async def scene() -> None:
        async with Trial(Calling()) as trial:
            assert trial.service.calls == 1
            await trial.forward("10s")
            assert trial.service.calls == 4
            assert isinstance(trial.crash, ConnectionError)

    asyncio.run(scene())


def test_a_job_that_needs_time_gets_it_within_what_the_test_grants() -> None:
    class Late(Mailer):
        @every("1h", timeout="5s")
        async def late(self) -> None:
            await asyncio.Event().wait()

    async def scene() -> None:
        async with Trial(Late()) as trial:
            with pytest.raises(TimeoutError):
                await trial.tick("late", within="10s")

    asyncio.run(scene())


def test_a_job_by_the_calendar_comes_at_its_time() -> None:
    class Nightly(Service):
        def __init__(self) -> None:
            self.nights = 0

        async def run(self, ctx: Context) -> None:
            await ctx.stopped()

        @cron("0 3 * * *")
        async def nightly(self) -> None:
            self.nights += 1

    async def scene() -> None:
        async with Trial(Nightly()) as trial:
            await trial.forward("48h")
            assert trial.service.nights == 2

    asyncio.run(scene())


def test_its_files_are_its_own_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILER_PERIOD", "1s")
    (tmp_path / ".env").write_text("MAILER_PERIOD=2s")
    (tmp_path / "mailer.toml").write_text('period = "3s"')
    folders: list[str] = []

    async def story(trial: Trial[Mailer]) -> None:
        await trial.tick("checkpoint")
        await trial.forward("10s")
        assert trial.service.sent == 2
        assert "state.db" in os.listdir(trial.folder)
        folders.append(trial.folder)

    led(story)

    assert not Path(folders[0]).exists()
    assert sorted(os.listdir(tmp_path)) == [".env", "mailer.toml"]


def test_two_services_may_share_a_clock() -> None:
    clock = FakeClock()

    async def scene() -> None:
        async with Trial(Mailer(), clock=clock) as one, Trial(Mailer(), clock=clock) as other:
            await one.forward("20s")
            assert (one.service.sent, other.service.sent) == (3, 3)

    asyncio.run(scene())


def test_what_ends_before_it_is_ready_is_no_success() -> None:
    class Early(Service):
        async def run(self, ctx: Context) -> None:
            while not ctx.stopping:
                await ctx.sleep("1h")

    async def scene() -> None:
        async with Trial(Early()) as trial:
            await trial.drain()
            with pytest.raises(Conflict, match="'early' ended before it was ready"):
                await trial.ready()

    asyncio.run(scene())
