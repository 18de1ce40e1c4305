"""A plain test function leads the life of a service: the fixture ``service`` has the loop."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from dataclasses import dataclass

import pytest

from svcctl import App, Context, Service, ThreadContext, every
from svcctl.errors import TimedOut
from svcctl.testing.blocking import Trials
from svcctl.testing.fakes import FakeClock
from svcctl.testing.plugin import service, virtual_clock

__all__ = ["service", "virtual_clock"]  # where svcctl is not installed, nobody finds its plugin


class Beating(Service):
    """Beats."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        period: str = "10s"

    def __init__(self) -> None:
        self.beats = 0
        self.heard: list[str] = []
        self.dies = asyncio.Event()

    async def run(self, ctx: Context) -> None:
        async for _ in ctx.ticks(lambda: ctx.config.period):
            self.beats += 1
            if self.dies.is_set():
                raise ValueError("as told")

    @every("1m")
    async def job(self, ctx: Context) -> None:
        ctx.log.info("job.done")

    def on_control(self, code: int) -> None:
        self.heard.append(f"control {code}")


def test_a_life_is_led_by_calls_that_block(service: Trials) -> None:
    trial = service(Beating, config={"period": "1s"})

    trial.ready()
    trial.forward("3s")
    trial.tick("job")
    trial.pause()
    trial.forward("1m")
    trial.resume()
    trial.control(200)
    trial.reload({"period": "5s"})
    trial.forward("5s")

    assert trial.service.beats == 6
    assert trial.service.heard == ["control 200"]
    assert "job.done" in [each["event"] for each in trial.log]
    assert trial.check("live").is_up
    assert (trial.phase, trial.status) == ("running", "running")
    end = trial.stop()
    assert (end.reason, trial.phases[-1], trial.crash) == ("stop", "stopped", None)


def test_what_is_async_can_be_done_in_its_loop(service: Trials) -> None:
    trial = service(Beating)

    async def killed() -> str:
        trial.service.dies.set()
        return "so be it"

    assert trial.run(killed()) == "so be it"
    trial.until(lambda: trial.crash, within="10s")
    assert isinstance(trial.crash, ValueError)


def test_an_app_and_an_object_are_services_too(service: Trials, virtual_clock: FakeClock) -> None:
    app = App("beating")

    @app.run
    async def beat(ctx: Context) -> None:
        async for _ in ctx.ticks("1s"):
            ctx.log.info("beat")

    one = service(app, clock=virtual_clock)
    other = service(Beating(), clock=virtual_clock)
    one.forward("10s")

    assert ([each["event"] for each in one.log], other.service.beats) == (["beat"] * 11, 2)
    assert one.clock is other.clock
    assert one.folder != other.folder


def test_a_crash_that_nobody_saw_is_raised_in_the_end() -> None:
    def scene() -> None:
        with Trials() as trials:
            trial = trials(Beating)
            trial.service.dies.set()
            trial.forward("10s")

    with pytest.raises(ValueError, match="as told"):
        scene()


@pytest.mark.slow
def test_a_stop_is_told_to_begin_and_waited_for_apart(service: Trials) -> None:
    class Working(Beating):
        async def run(self, ctx: Context) -> None:
            ctx.ready()
            async with ctx.work("order"):
                await asyncio.Event().wait()

    trial = service(Working)

    trial.drain()

    assert trial.phase == "draining"
    assert trial.stop().unfinished == ("run",)


@pytest.mark.slow
def test_a_service_that_hangs_fails_within_its_limit(service: Trials) -> None:
    class Hanging(Service):
        async def run(self, ctx: Context) -> None:
            await ctx.health.look()
            await asyncio.Event().wait()

    trial = service(Hanging, limit="5s")

    with pytest.raises(TimedOut, match="was not ready within 5s of real time: run waits at"):
        trial.ready()
    trial.stop()


@pytest.mark.slow
def test_a_service_that_blocks_the_loop_fails_within_its_limit_and_is_left_behind() -> None:
    over = threading.Event()

    class Blocking(Service):
        async def run(self, ctx: Context) -> None:
            await ctx.sleep("1s")
            over.wait(60)

    def scene() -> None:
        with Trials() as trials:
            trials(Blocking, limit="5s").forward("1s")

    with pytest.raises(TimedOut) as raised:
        scene()
    over.set()

    said = r"the event loop was blocked for 6s: thread svcctl-trial waits at test_blocking.py:\d+"
    assert re.match(said, raised.value.problem)


@pytest.mark.slow
def test_a_plain_run_that_hangs_is_told_with_its_line(service: Trials) -> None:
    over = threading.Event()

    class Hanging(Service):
        def run(self, _: ThreadContext) -> None:
            over.wait(60)

    trial = service(Hanging, limit="5s")

    with pytest.raises(TimedOut, match=r"thread run waits at test_blocking.py:\d+ in run\(\)"):
        trial.ready()
    over.set()
    trial.stop()


def test_it_answers_a_client_of_the_test(service: Trials) -> None:
    class Echo(Service):
        port = 0

        async def run(self, ctx: Context) -> None:
            server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
            await ctx.use(server)
            self.port = server.sockets[0].getsockname()[1]
            await ctx.stopped()

        async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

    trial = service(Echo)
    trial.ready()

    with socket.create_connection(("127.0.0.1", trial.service.port), timeout=60) as client:
        client.sendall(b"hello\n")
        assert client.makefile().readline() == "hello\n"


def test_an_exit_is_raised_in_the_test(service: Trials) -> None:
    class Leaving(Service):
        async def run(self, _: Context) -> None:
            raise SystemExit(3)

    trial = service(Leaving)

    with pytest.raises(SystemExit):
        trial.stop()


def test_in_an_async_test_it_works_too(service: Trials) -> None:
    async def scene() -> None:
        trial = service(Beating)
        trial.forward("10s")
        assert trial.service.beats == 2

    asyncio.run(scene())


def test_a_class_and_an_app_give_a_test_of_themselves() -> None:
    app = App("beating")

    @app.run
    async def beat(ctx: Context) -> None:
        await ctx.stopped()

    async def scene() -> None:
        async with Beating.test(config={"period": "1s"}) as trial, app.test() as other:
            await trial.ready()
            await trial.forward("2s")
            assert trial.service.beats == 3
            await other.ready()
            assert other.service is app

    asyncio.run(scene())
