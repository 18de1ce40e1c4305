"""What happens to messages nobody can deal with, and while somebody is away."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.client.queue import Queue
from svcctl.client.queue_events import queue_events
from svcctl.errors import Denied, NotDelivered, UsageError
from svcctl.wire import Selection
from tests.flows.mq.sites import RabbitSite
from tests.flows.mq.stand import Stand, told

POISON = [b"", b"\xff\xfe", b"{", b"[]", b"null", b'{"command":1}', b"[" * 50_000, b"x" * 2_000_000]


def test_poison_is_set_aside_at_once_and_others_are_dealt_with(stand: Stand) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            await stand.post(*POISON)
            assert await queue.ask(stand.host, "status")
            dead = await stand.dead()
            while len(dead) < len(POISON):
                dead += await stand.dead()
            assert await stand.waiting() == 0

        assert sorted(dead) == sorted((body, "rejected") for body in POISON)

    told(story)


@pytest.mark.parametrize("site", ["rabbitmq"], indirect=True)
def test_what_waits_too_long_becomes_a_dead_letter_and_is_not_done(
    stand: Stand, site: RabbitSite
) -> None:
    async def story() -> None:
        async with stand.front_open():
            pass
        await site.post(stand.host, b"{}", lasts=0.05)
        assert await stand.dead() == [(b"{}", "expired")]

    told(story)


def test_what_kills_who_takes_it_becomes_a_dead_letter(stand: Stand) -> None:
    async def story() -> None:
        async with stand.front_open():
            pass
        await stand.post(b"{}")
        for _ in range(21):
            async with stand.connect()() as transport:
                assert (await anext(transport.deliveries())).body == b"{}"
        async with stand.connect()() as transport:
            once_more = asyncio.ensure_future(anext(transport.deliveries()))
            assert await stand.dead() == [(b"{}", "delivery_limit")]
            assert not once_more.done()
            once_more.cancel()

    told(story)


def test_an_agent_that_is_away_for_a_while_is_waited_for(stand: Stand) -> None:
    async def story() -> None:
        async with stand.front_open(), stand.queue() as queue:
            asking = [
                asyncio.create_task(queue.ask(stand.host, verb, "web"))
                for verb in ("restart", "stop", "start")
            ]
            await asyncio.sleep(0)
            while await stand.waiting():
                await asyncio.sleep(0.05)
            async with stand.agent_open():
                await asyncio.gather(*asking)

        assert stand.came == ["restart", "stop", "start"]

    told(story)


def test_what_the_verb_raises_is_raised(stand: Stand) -> None:
    async def fail(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        raise Denied("not you", hint="ask Ann")

    stand.deeds["restart"] = fail

    async def story() -> None:
        async with stand.open() as queue:
            with pytest.raises(Denied, match="not you") as caught:
                await queue.ask(stand.host, "restart", "web")
            with pytest.raises(UsageError, match="no verb 'fly'"):
                await queue.ask(stand.host, "fly")

        assert caught.value.hint == "ask Ann"

    told(story)


def test_many_commands_at_once_are_each_done_once(stand: Stand) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            asked = (queue.ask(stand.host, "restart", "web") for _ in range(100))
            await asyncio.gather(*asked)

        assert stand.came == ["restart"] * 100

    told(story)


def test_events_are_published_in_order_and_resumed_after_a_cut(stand: Stand) -> None:
    told_of = [{"number": n, "kind": "PhaseChanged", "service": "web", "at": 1.0} for n in range(9)]
    happened = 5
    more, followed = asyncio.Event(), asyncio.Event()

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection
        if not args.flag("follow"):
            emit(told_of[happened - 1])
            return None
        last = args.integer("after") or 0
        followed.set()
        while True:
            for each in told_of[last + 1 : happened]:
                emit(each)
                last = int(str(each["number"]))
            more.clear()
            await more.wait()

    stand.deeds["events"] = events

    async def story() -> None:
        nonlocal happened
        async with stand.agent_open():
            async with stand.front_open():  # makes what is listened to
                pass
            async with queue_events(stand.broker, host=stand.host) as stream:
                async with stand.front_open(events=True):
                    await followed.wait()
                    happened = 7
                    more.set()
                    first = [await anext(stream) for _ in range(2)]
                    await stand.noted(6)
                happened = 9
                async with stand.front_open(events=True):
                    second = [await anext(stream) for _ in range(2)]

        found = [*first, *second]
        assert [each["number"] for each in found] == [5, 6, 7, 8]
        assert {each["host"] for each in found} == {stand.host}

    told(story)


def test_messages_are_plain_json(stand: Stand) -> None:
    made = Queue(stand.broker, signer=stand.signer()).command(stand.host, "tree")

    document = json.loads(made.encode())

    assert sorted(document) == ["command", "key", "signature"]
    assert json.loads(document["command"])["host"] == stand.host


def test_who_asks_a_queue_that_is_closed_is_told(stand: Stand) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            pass
        with pytest.raises(NotDelivered, match="closed"):
            await queue.ask(stand.host, "status")

    told(story)


def test_a_broker_that_lets_nobody_in_is_told_at_once(stand: Stand) -> None:
    stand.broker = replace(stand.broker, password="wrong")

    async def story() -> None:
        with pytest.raises(NotDelivered, match="does not let us in"):
            async with stand.queue():
                pass

    told(story)


def test_who_is_told_to_end_does_so_whatever_is_under_way(stand: Stand) -> None:
    async def take(taking: asyncio.Event) -> None:
        async with stand.connect()() as transport:
            taking.set()
            async for delivery in transport.deliveries():
                await transport.acknowledge(delivery)

    async def hear() -> None:
        async with stand.broker.line("label") as line:
            async for _ in line.replies():
                pass

    async def story() -> None:
        for steps in range(0, 60, 2):
            taking = asyncio.Event()
            tasks = [asyncio.create_task(take(taking))]
            await taking.wait()
            tasks.append(asyncio.create_task(hear()))
            for _ in range(steps):
                await asyncio.sleep(0)
            for each in tasks:
                each.cancel()
            await asyncio.wait(tasks)

            assert all(each.cancelled() for each in tasks), steps

    told(story)
