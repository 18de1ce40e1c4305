"""Jobs of a queue are handed on while the service takes work, and not otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from svcctl import Context, Service
from svcctl.sdk.consuming import Consumer
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.job import Job
from svcctl.sdk.durable.queue import Queue, Queues
from svcctl.sdk.gate import Gate
from svcctl.sdk.work import Work
from svcctl.testing.fakes import FakeClock
from tests.unit.sdk.living import Living, live

PATIENCE = 60.0


@dataclass
class Reader:
    """A service that reads letters, each until it is told to go on."""

    heard: asyncio.Queue[object] = field(default_factory=asyncio.Queue)
    go_on: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    gate: Gate = field(default_factory=Gate)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    work: Work = field(default_factory=lambda: Work(lambda: None))

    async def read(self, letter: Job) -> None:
        self.heard.put_nowait(letter.item)
        await self.go_on.acquire()

    def consumer(self, letters: Queue, call: Callable[[Job], object]) -> Consumer:
        return Consumer(letters, call, gate=self.gate, stopping=self.stopping, work=self.work)

    async def next(self) -> object:
        return await asyncio.wait_for(self.heard.get(), PATIENCE)


Story = Callable[[Reader, Queue, asyncio.Task[None]], Awaitable[None]]


def told(folder: Path, story: Story) -> None:
    """Tell a story of a reader who has begun."""

    async def all_of_it() -> None:
        clock, reader = FakeClock(), Reader()
        async with Database(str(folder / "state.db")) as database:
            letters = Queues(database, clock=clock).queue("letters", attempts=2)
            consumer = reader.consumer(letters, reader.read)
            keeping = asyncio.create_task(consumer.keep())
            try:
                await asyncio.wait_for(story(reader, letters, keeping), PATIENCE)
            finally:
                keeping.cancel()
                await asyncio.wait({keeping})

    asyncio.run(all_of_it())


def test_a_stop_waits_for_the_job_under_way_and_begins_no_other(tmp_path: Path) -> None:
    async def story(reader: Reader, letters: Queue, keeping: asyncio.Task[None]) -> None:
        await letters.put("one")
        await letters.put("two")
        await reader.next()
        under_way = reader.work.under_way

        reader.stopping.set()
        reader.work.refuse()
        reader.go_on.release()
        await keeping

        assert under_way == {"letters": 1}
        assert reader.work.under_way == {}
        assert await letters.size() == 1

    told(tmp_path, story)


def test_while_it_is_paused_the_queue_grows(tmp_path: Path) -> None:
    async def story(reader: Reader, letters: Queue, _: asyncio.Task[None]) -> None:
        reader.gate.close()
        await letters.put("one")
        await letters.put("two")
        assert await letters.size() == 2
        assert reader.heard.empty()

        reader.gate.open()
        reader.go_on.release()

        assert [await reader.next(), await reader.next()] == ["one", "two"]

    told(tmp_path, story)


def test_a_pause_does_not_take_back_the_job_under_way(tmp_path: Path) -> None:
    async def story(reader: Reader, letters: Queue, _: asyncio.Task[None]) -> None:
        await letters.put("one")
        await reader.next()

        reader.gate.close()
        reader.go_on.release()
        await reader.work.idle()

        assert await letters.size() == 0

    told(tmp_path, story)


def test_a_job_taken_as_the_service_stops_is_given_back_untried(tmp_path: Path) -> None:
    async def story(reader: Reader, letters: Queue, keeping: asyncio.Task[None]) -> None:
        for _ in range(5):  # more often than it is tried
            await letters.put("one", key="one")
            reader.stopping.set()
            await keeping
            reader.stopping.clear()
            keeping = asyncio.create_task(reader.consumer(letters, reader.read).keep())
            await asyncio.sleep(0)

        assert await reader.next() == "one"
        assert await letters.dead() == []
        keeping.cancel()

    told(tmp_path, story)


def test_one_that_fails_is_tried_again_and_keeps_nobody_from_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def all_of_it() -> None:
        reader = Reader()
        async with Database(str(tmp_path / "state.db")) as database:
            letters = Queues(database, clock=FakeClock()).queue("letters", attempts=1)

            def read(letter: Job) -> None:
                if letter.item == "bad":
                    raise ValueError("no address")
                reader.stopping.set()

            await letters.put("bad")
            await letters.put("good")
            await asyncio.wait_for(reader.consumer(letters, read).keep(), PATIENCE)

            (dead,) = await letters.dead()
            assert dead.error == "ValueError: no address"
            assert await letters.size() == 0

    asyncio.run(all_of_it())

    assert "queue.job-failed" in caplog.text


def test_a_service_consumes_beside_its_run_several_at_once() -> None:
    class Reading(Service):
        def __init__(self) -> None:
            self.both = asyncio.Barrier(2)
            self.read_all = asyncio.Event()

        async def run(self, ctx: Context) -> None:
            letters = ctx.queue("letters")
            ctx.consume(letters, self.read, at_once=2)
            await letters.put("one")
            await letters.put("two")
            await ctx.stopped()

        async def read(self, _: Job) -> None:
            await self.both.wait()
            self.read_all.set()

    service = Reading()

    async def story(living: Living) -> None:
        await asyncio.wait_for(service.read_all.wait(), PATIENCE)
        assert (await living.stop()).unfinished == ()

    live(service, story)
