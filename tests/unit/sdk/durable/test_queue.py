"""Durable queues: what is put is done once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from typing import Any

import pytest

from svcctl.errors import Conflict, StateFault, TimedOut, UsageError
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.queue import Queue, Queues
from svcctl.sdk.durable.state import State
from svcctl.sdk.durable.values import Json
from svcctl.sdk.happenings import Happening, JobFailed
from tests.unit.sdk.durable.conftest import Place


def mail(place: Place, database: Database, **terms: Any) -> Queue:
    return Queues(database, clock=place.clock).queue("mail", **terms)


def play(place: Place, scene: Any, **terms: Any) -> Any:
    async def with_queue(database: Database) -> Any:
        return await scene(mail(place, database, **terms))

    return place.play(with_queue)


async def taken(queue: Queue) -> Any:
    async with queue.take(timeout="1s") as job:
        return job.item


async def failing(queue: Queue, error: BaseException) -> None:
    async with queue.take(timeout="1s"):
        raise error


async def is_empty(place: Place, queue: Queue) -> bool:
    """Say whether nothing can be taken now."""
    waiting = asyncio.ensure_future(taken(queue))
    await asyncio.sleep(0)
    await queue.size()  # asked for after the first look
    await place.forward_until_over(waiting)
    return isinstance(waiting.exception(), TimedOut)


def test_items_come_in_the_order_they_were_put_and_survive_a_restart(place: Place) -> None:
    async def put(queue: Queue) -> None:
        items: list[Json] = [{"to": "a"}, ["b"], None]
        for item in items:
            assert await queue.put(item)

    play(place, put)

    async def take(queue: Queue) -> list[Any]:
        return [await taken(queue) for _ in range(3)]

    assert play(place, take) == [{"to": "a"}, ["b"], None]


def test_a_consumer_waits_for_what_is_put_later(place: Place) -> None:
    async def scene(queue: Queue) -> Any:
        waiting = asyncio.ensure_future(taken(queue))
        await place.until(lambda: place.clock.next_at is not None)
        await queue.put("late")
        return await waiting

    assert play(place, scene) == "late"


def test_a_wait_that_is_over_is_told(place: Place) -> None:
    async def scene(queue: Queue) -> None:
        waiting = asyncio.ensure_future(taken(queue))
        await place.forward_until_over(waiting)
        with pytest.raises(TimedOut, match="queue 'mail' had no job within 1s"):
            await waiting

    play(place, scene)


def test_a_delayed_item_comes_when_it_is_due(place: Place) -> None:
    async def scene(queue: Queue) -> Any:
        async def take() -> Any:
            async with queue.take() as job:
                return job.item, place.clock.now() - began

        began = place.clock.now()
        await queue.put("later", delay="10s")
        await queue.put("now")
        first, second = await take(), asyncio.ensure_future(take())
        await place.forward_until_over(second)
        return [first, second.result()]

    assert play(place, scene) == [("now", 0.0), ("later", 10.0)]


def test_a_key_that_is_known_is_not_added_again(place: Place) -> None:
    async def scene(queue: Queue) -> list[bool]:
        added = [await queue.put(1, key="a"), await queue.put(2, key="a")]
        await taken(queue)
        added.append(await queue.put(3, key="a"))
        place.clock.forward(3600.0)
        await queue.put(4, key="other")
        await taken(queue)
        return [*added, await queue.put(5, key="a")]

    assert play(place, scene, remember="1h") == [True, False, False, True]


def test_the_same_key_in_another_queue_is_another(place: Place) -> None:
    async def scene(database: Database) -> list[bool]:
        queues = Queues(database, clock=place.clock)
        return [await queues.queue(name).put(1, key="a") for name in ("x", "y")]

    assert place.play(scene) == [True, True]


@pytest.mark.slow
def test_many_consumers_do_each_item_once(place: Place) -> None:
    done: list[Any] = []

    async def scene(queue: Queue) -> int:
        async def consume() -> None:
            while True:
                async with queue.take() as job:
                    await asyncio.sleep(0)
                    done.append(job.item)

        consumers = [asyncio.ensure_future(consume()) for _ in range(8)]
        await asyncio.gather(*[queue.put(n) for n in range(200)])
        await place.until(lambda: len(done) == 200)
        for each in consumers:
            each.cancel()
        await asyncio.wait(consumers)
        return await queue.size()

    play(place, scene)
    assert sorted(done) == list(range(200))


def test_a_failed_job_is_tried_again_after_a_wait_and_in_the_end_is_dead(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Happening] = []

    async def scene(database: Database) -> Any:
        queues = Queues(database, clock=place.clock, tell=told.append)
        queue = queues.queue("mail", attempts=3, wait="8s", wait_max="10s")
        await queue.put({"to": "a"}, key="k")
        for _ in range(3):
            trying = asyncio.ensure_future(until_failed(queue))
            await place.forward_until_over(trying)
        return [await queue.dead(), await queue.size(), await is_empty(place, queue)]

    async def until_failed(queue: Queue) -> None:
        async with queue.take():
            raise ConnectionError("no route")

    with caplog.at_level(logging.WARNING):
        dead, size, empty = place.play(scene)

    failures = [each for each in told if isinstance(each, JobFailed)]
    assert [(each.tries, each.error) for each in failures] == [
        (tries, "ConnectionError: no route") for tries in (1, 2, 3)
    ]
    waits = [each.wait for each in failures]
    assert waits[2] is None
    assert 0 <= waits[0] <= 8  # type: ignore[operator]
    assert 0 <= waits[1] <= 10  # type: ignore[operator]
    assert [record.getMessage() for record in caplog.records] == ["queue.job-failed"] * 3
    assert (dead[0].item, dead[0].key, dead[0].tries) == ({"to": "a"}, "k", 3)
    assert dead[0].error == "ConnectionError: no route"
    assert (size, empty) == (0, True)


def test_dead_jobs_can_be_tried_anew_or_dropped(place: Place) -> None:
    async def scene(queue: Queue) -> Any:
        for item in (1, 2, 3):
            await queue.put(item)
            await failing(queue, ValueError("bad"))
        numbers = [each.number for each in await queue.dead()]
        await queue.drop(numbers[0])
        with pytest.raises(UsageError, match="is not dead"):
            await queue.drop(numbers[0])
        counts = [await queue.requeue(numbers[2]), await queue.requeue(), await queue.requeue()]
        return [counts, sorted([await taken(queue), await taken(queue)])]

    assert play(place, scene, attempts=1) == [[1, 1, 0], [2, 3]]


def test_a_cancelled_consumer_gives_its_job_back_untried(place: Place) -> None:
    async def scene(queue: Queue) -> Any:
        await queue.put("a")
        working = asyncio.Event()

        async def work() -> None:
            async with queue.take():
                working.set()
                await asyncio.Event().wait()

        consumer = asyncio.ensure_future(work())
        await working.wait()
        other = asyncio.ensure_future(held(queue))
        await asyncio.sleep(0)
        consumer.cancel()
        return await other

    async def held(queue: Queue) -> Any:
        async with queue.take() as job:
            return job.item, job.tries

    assert play(place, scene, attempts=1) == ("a", 1)


def test_a_consumer_cancelled_at_any_instant_of_taking_costs_nothing(place: Place) -> None:
    async def scene(queue: Queue) -> Any:
        await queue.put("a")
        for turns in range(60):
            consumer = asyncio.ensure_future(failing(queue, asyncio.CancelledError()))
            for _ in range(turns):
                await asyncio.sleep(0)
            consumer.cancel()
            await asyncio.wait({consumer})
        async with queue.take() as job:
            return job.item, job.tries

    assert play(place, scene, attempts=1) == ("a", 1)


def test_a_consumer_cancelled_at_any_instant_of_failing_lets_another_have_its_job(
    place: Place,
) -> None:
    async def scene(queue: Queue) -> None:
        await queue.put("a")
        for turns in range(30):
            working, fail = asyncio.Event(), asyncio.Event()
            first = asyncio.ensure_future(fail_when(queue, working, fail))
            await working.wait()
            other = asyncio.ensure_future(fail_when(queue, asyncio.Event(), fail))
            fail.set()
            for _ in range(turns):
                await asyncio.sleep(0)
            first.cancel()
            async with asyncio.timeout(60):
                await asyncio.wait({first, other})

    async def fail_when(queue: Queue, working: asyncio.Event, fail: asyncio.Event) -> None:
        async with queue.take():
            working.set()
            await fail.wait()
            raise ValueError("bad")

    play(place, scene, attempts=1000, wait=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_whoever_is_cancelled_and_whenever_each_item_is_handed_over_once(
    place: Place, seed: int
) -> None:
    chance = random.Random(seed)

    async def scene(database: Database) -> Any:
        queue, state = mail(place, database, attempts=1), State(database, clock=place.clock)
        numbers = asyncio.Lock()

        async def consume() -> None:
            async with queue.take() as job, numbers:
                total = await state.get("total", 0)
                assert isinstance(total, int)
                assert isinstance(job.item, int)
                await job.done(state={"total": total + job.item})

        for item in range(40):
            await queue.put(2**item)
        while await queue.size():
            consumers = [asyncio.ensure_future(consume()) for _ in range(4)]
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            for each in consumers:
                each.cancel()
            await asyncio.wait(consumers)
        return [await state.get("total"), await queue.dead()]

    assert place.play(scene) == [2**40 - 1, []]


def test_a_job_whose_process_died_is_taken_again_and_not_for_ever(place: Place) -> None:
    told: list[Happening] = []
    held: list[object] = []

    def opened(database: Database) -> Queue:
        queues = Queues(database, clock=place.clock, tell=told.append)
        return queues.queue("mail", attempts=2)

    async def die(database: Database) -> int:
        queue = opened(database)
        await queue.put("poison", key="only")
        context = queue.take()
        job = await context.__aenter__()
        held.append(context)  # a dead process leaves no block
        return job.tries

    assert [place.play(die), place.play(die)] == [1, 2]

    async def after(database: Database) -> Any:
        queue = opened(database)
        return [await is_empty(place, queue), [each.error for each in await queue.dead()]]

    error = "the process ended while the job was worked on"
    assert place.play(after) == [True, [error]]
    failures = [each for each in told if isinstance(each, JobFailed)]
    assert [(each.tries, each.error, each.wait) for each in failures] == [(2, error, None)]


def test_a_done_job_and_what_it_writes_are_one(place: Place) -> None:
    async def scene(database: Database) -> Any:
        queue, state = mail(place, database), State(database, clock=place.clock)
        await queue.put(5)
        async with queue.take() as job:
            await job.done(state={"total": job.item, "last": job.number})
        return [await state.items(), await queue.size()]

    assert place.play(scene) == [{"last": 1, "total": 5}, 0]


@pytest.mark.parametrize("at_commit", [False, True])
def test_a_full_disk_leaves_the_job_to_be_done_and_the_state_as_it_was(
    place: Place, at_commit: bool
) -> None:
    async def scene(database: Database) -> Any:
        queue, state = mail(place, database), State(database, clock=place.clock)
        await queue.put(5)
        place.disk.at_commit = at_commit

        async def work() -> None:
            async with queue.take() as job:
                place.disk.full = True
                await job.done(state={"total": 5})

        with pytest.raises(StateFault, match="disk is full"):
            await work()
        with pytest.raises(StateFault, match="disk is full"):
            await queue.put(6)
        place.disk.full = False
        async with queue.take(timeout="1s") as again:
            return [again.item, again.tries, await state.items()]

    assert place.play(scene) == [5, 2, {}]


def test_a_disk_that_is_full_at_the_end_of_the_block_is_told_too(place: Place) -> None:
    async def scene(queue: Queue) -> int:
        await queue.put(5)
        with pytest.raises(StateFault, match="disk is full"):
            async with queue.take():
                place.disk.full = True
        place.disk.full = False
        return await queue.size()

    assert play(place, scene) == 1


def test_a_job_is_done_once(place: Place) -> None:
    async def scene(queue: Queue) -> None:
        await queue.put(5)
        async with queue.take() as job:
            await job.done()
            with pytest.raises(Conflict, match="job 1 of queue 'mail' is done already"):
                await job.done()

    play(place, scene)


def test_an_error_after_the_end_of_a_job_is_not_the_jobs(place: Place) -> None:
    async def scene(queue: Queue) -> int:
        async def work() -> None:
            async with queue.take() as job:
                await job.done()
                raise ValueError("later")

        await queue.put(5)
        with pytest.raises(ValueError, match="later"):
            await work()
        return await queue.size() + len(await queue.dead())

    assert play(place, scene) == 0


def test_values_that_are_not_json_are_refused_and_change_nothing(place: Place) -> None:
    async def scene(queue: Queue) -> Any:
        with pytest.raises(UsageError, match="an item of queue 'mail' is of type set"):
            await queue.put({1})  # type: ignore[arg-type]
        await queue.put(1)
        refused: list[Exception] = []
        async with queue.take() as job:
            try:
                await job.done(state={"a": {1}})  # type: ignore[dict-item]
            except UsageError as error:
                refused.append(error)
                raise
        return [len(refused), await queue.size()]

    assert play(place, scene) == [1, 1]


def test_the_lag_is_how_long_the_first_job_has_waited_for_a_consumer(place: Place) -> None:
    async def scene(queue: Queue) -> list[float]:
        lags = [await queue.lag()]
        await queue.put("later", delay="1m")
        lags.append(await queue.lag())
        await queue.put("now")
        place.clock.forward(7.0)
        lags.append(await queue.lag())
        async with queue.take():
            lags.append(await queue.lag())
        return lags

    assert play(place, scene) == [0.0, 0.0, 7.0, 0.0]


def test_a_damaged_item_is_told_and_ends_among_the_dead(place: Place) -> None:
    async def scene(database: Database) -> int:
        queue = mail(place, database, attempts=1)
        await queue.put("a")

        def damage(db: sqlite3.Connection) -> None:
            db.execute("UPDATE job SET item='{'")

        await database.run(damage)
        with pytest.raises(StateFault, match="job 1 of queue 'mail' is damaged"):
            await taken(queue)
        return await queue.size()

    assert place.play(scene) == 0


def test_a_queue_is_one_for_one_name_and_has_one_set_of_terms(place: Place) -> None:
    async def scene(database: Database) -> None:
        queues = Queues(database, clock=place.clock)
        assert queues.queue("mail", attempts=3) is queues.queue("mail")
        with pytest.raises(UsageError, match="was opened with other terms"):
            queues.queue("mail", attempts=9)
        with pytest.raises(UsageError, match="has 0 attempts"):
            queues.queue("other", attempts=0)

    place.play(scene)
