"""What is marked is called at its times: not paused, not twice at once, and never made up for."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from svcctl import App, Context, Service, check, cron, every
from svcctl.errors import SpecError, UsageError
from svcctl.sdk.jobs import next_time
from svcctl.sdk.phases import Phase
from svcctl.spec.policy import Schedule
from tests.unit.sdk.living import Living, live


class Busy(Service):
    """Has jobs of each kind."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.slow_may_end = asyncio.Event()

    async def run(self, ctx: Context) -> None:
        await ctx.stopped()

    @every("10s")
    async def quick(self) -> None:
        self.calls.append("quick")

    @every("10s")
    async def slow(self) -> None:
        self.calls.append("slow")
        await self.slow_may_end.wait()

    @every("25s", timeout="5s")
    async def late(self) -> None:
        await asyncio.Event().wait()

    @every("25s")
    def failing(self) -> None:
        raise ValueError("not today")


def test_each_is_called_at_its_times_and_skips_those_it_overran() -> None:
    service = Busy()

    async def story(living: Living) -> None:
        assert service.calls == []
        await living.turn(10)
        assert service.calls == ["quick", "slow"]
        await living.turn(10)
        await living.turn(15)
        assert service.calls == ["quick", "slow", "quick", "quick"]
        service.slow_may_end.set()
        await living.turn()
        await living.turn(5)
        assert service.calls[4:] == ["quick", "slow"]

    live(service, story)


def test_an_error_and_a_late_end_are_told_and_the_next_time_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(living: Living) -> None:
        await living.turn(25)
        await living.until(lambda: "not today" in caplog.text)
        await living.turn(5)
        assert "TimeoutError" in caplog.text
        caplog.clear()
        await living.turn(20)
        await living.until(lambda: "not today" in caplog.text)
        assert living.life.phase is Phase.RUNNING

    live(Busy(), story)


def test_while_it_is_paused_no_job_is_called() -> None:
    service = Busy()

    async def story(living: Living) -> None:
        living.life.pause()
        await living.turn()
        await living.turn(35)
        assert service.calls == []
        living.life.resume()
        await living.turn()
        assert sorted(service.calls) == ["quick", "slow"]

    live(service, story)


def test_a_job_can_be_done_now_and_never_runs_twice_at_once() -> None:
    service = Busy()

    async def story(living: Living) -> None:
        await living.life.jobs.call("quick")
        assert service.calls == ["quick"]
        await living.turn(10)
        service.calls.clear()
        now = asyncio.create_task(living.life.jobs.call("slow"))
        await living.turn()
        assert service.calls == []
        service.slow_may_end.set()
        await asyncio.wait_for(now, 60)
        assert service.calls == ["slow"]

    live(service, story)


def test_a_stop_lets_a_job_at_work_end() -> None:
    service = Busy()

    async def story(living: Living) -> None:
        await living.turn(10)
        living.life.stop(shutdown=False)
        await living.turn(5)
        assert living.told.words[-1] == "draining: waiting for job slow"
        service.slow_may_end.set()
        assert (await living.end()).unfinished == ()

    live(service, story)


@pytest.mark.parametrize(
    ("now", "last", "due"), [(0, None, 10), (12, 10, 20), (20, 10, 30), (57, 10, 60)]
)
def test_times_keep_their_grid(now: float, last: float | None, due: float) -> None:
    assert next_time(Schedule(every=10.0), now=now, last=last) == due


def test_an_hour_of_cron_comes_in_time() -> None:
    class Hourly(Service):
        calls: ClassVar[list[str]] = []

        async def run(self, ctx: Context) -> None:
            await ctx.stopped()

        @cron("0 * * * *")
        def report(self) -> None:
            self.calls.append("report")

    service = Hourly()

    async def story(living: Living) -> None:
        await living.turn(3600)

    live(service, story)

    assert service.calls.count("report") == 1


def test_marks_that_make_no_sense_are_refused_where_they_stand() -> None:
    with pytest.raises(UsageError, match="no cron expression"):
        cron("every day")
    with pytest.raises(UsageError, match="no time to wait"):
        every(0)
    with pytest.raises(SpecError):
        every("soon")


def test_an_app_is_the_same_as_a_class() -> None:
    app = App("mailer")

    @app.run
    async def main(ctx: Context) -> None:
        """Send mail."""
        await ctx.stopped()

    @app.every("1m")
    def checkpoint() -> None: ...

    @app.cron("0 3 * * *")
    def clean() -> None: ...

    @app.check("ready")
    def reachable() -> bool:
        return True

    @app.on("reload")
    def reload(old: object, new: object) -> None: ...

    made = app.blueprint()

    assert (made.name, made.run, made.summary) == ("mailer", main, "Send mail.")
    assert [each.name for each in made.jobs] == ["checkpoint", "clean"]
    assert [(each.name, each.mark.group) for each in made.checks] == [("reachable", "ready")]
    assert made.hooks == {"on_reload": reload}


def test_an_app_without_work_and_a_name_that_is_none_are_refused() -> None:
    with pytest.raises(UsageError, match="does nothing"):
        App("mailer").blueprint()
    with pytest.raises(UsageError, match="no name of a service"):
        App("My Mailer")
    with pytest.raises(UsageError, match="no hook"):
        App("mailer").on("restart")  # type: ignore[arg-type]


def test_a_class_gives_its_name_its_limits_and_what_it_inherits() -> None:
    class OrderMailer(Busy):
        """Mails orders.

        And more.
        """

        drain_timeout = "2m"

        class Config: ...

        @check("live")
        def lives(self) -> bool:
            return True

    made = OrderMailer().blueprint()

    assert (made.name, made.summary, made.limits.drain) == ("order-mailer", "Mails orders.", 120.0)
    assert {each.name for each in made.jobs} == {"quick", "slow", "late", "failing"}
    assert [each.name for each in made.checks] == ["lives"]
    assert made.config is OrderMailer.Config
