"""A notice is under way until it is known to have arrived, and no channel waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC

from svcctl.alert.alert import Alert
from svcctl.alert.channel import Rate
from svcctl.alert.group import Notice
from svcctl.alert.outbox import Outbox, Way
from svcctl.alert.router import Errand
from svcctl.alert.wording import Message
from svcctl.errors import NotDelivered
from svcctl.events import AlertTold, AlertUndelivered, Event
from svcctl.spec.alert_policy import Priority
from svcctl.testing.fakes import FakeClock, FakeStore

TURNS = 30


class Box:
    """A channel that fails as often as it is told, and keeps what it takes."""

    def __init__(self, *failures: NotDelivered, most: int = 100) -> None:
        self.rate = Rate(most=most, within=60.0)
        self.failures, self.taken, self.tries = list(failures), list[str](), 0

    async def send(self, message: Message) -> None:
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(message.number)


def errand(number: str = "1", *channels: str) -> Errand:
    alert = Alert(name="down", labels={}, priority=Priority.P1, summary="", began=0.0)
    notice = Notice(key={"service": "web"}, at=0.0, firing=(alert,), ended=())
    return Errand(number=number, channels=channels or ("chat",), notice=notice)


class Post:
    """An outbox on a clock that stands still."""

    def __init__(self, *ways: Way, store: FakeStore | None = None) -> None:
        self.clock, self.store = FakeClock(now=0.0), store or FakeStore()
        self.events: list[Event] = []
        self.outbox = Outbox(
            {each.name: each for each in ways},
            clock=self.clock,
            store=self.store,
            publish=self.events.append,
            zone=UTC,
            chance=lambda: 1.0,
        )

    async def turn(self, seconds: float = 0.0) -> None:
        for length in (0.0, seconds):
            self.clock.forward(length)
            for _ in range(TURNS):
                await asyncio.sleep(0)

    def play(self, story: Callable[[], Awaitable[None]]) -> None:
        async def told() -> None:
            running = asyncio.create_task(self.outbox.run())
            await self.turn()
            try:
                await story()
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

        asyncio.run(told())


BUSY = NotDelivered("busy", again=True)
NEVER = NotDelivered("no such robot", again=False)


def test_what_is_taken_is_told_and_forgotten() -> None:
    chat = Box()
    post = Post(Way(name="chat", channel=chat))

    async def story() -> None:
        post.outbox.take(errand())
        await post.turn()

    post.play(story)

    assert chat.taken == ["1 chat"]
    assert post.store.items("alert-delivery") == []
    (event,) = post.events
    assert isinstance(event, AlertTold)
    assert (event.channel, event.tries, event.service) == ("chat", 1, "web")


def test_what_is_refused_for_now_is_tried_again_with_growing_waits() -> None:
    chat = Box(BUSY, BUSY, BUSY)
    post = Post(Way(name="chat", channel=chat))
    tries: list[int] = []

    async def story() -> None:
        post.outbox.take(errand())
        for wait in (0, 1, 1, 1, 3, 1):
            await post.turn(wait)
            tries.append(chat.tries)

    post.play(story)

    assert tries == [1, 2, 2, 3, 3, 4]
    assert chat.taken == ["1 chat"]


def test_a_channel_that_says_how_long_is_left_alone_so_long() -> None:
    chat = Box(NotDelivered("too many", again=True, wait=60.0))
    post = Post(Way(name="chat", channel=chat))

    async def story() -> None:
        post.outbox.take(errand())
        await post.turn(59)
        assert chat.tries == 1
        await post.turn(1)

    post.play(story)

    assert chat.taken == ["1 chat"]


def test_what_is_refused_for_good_goes_to_the_fallback_and_is_told_as_lost() -> None:
    mail = Box()
    post = Post(
        Way(name="chat", channel=Box(NEVER), fallback="mail"), Way(name="mail", channel=mail)
    )

    async def story() -> None:
        post.outbox.take(errand())
        await post.turn()

    post.play(story)

    assert mail.taken == ["1 chat > mail"]
    lost, told = post.events
    assert isinstance(lost, AlertUndelivered)
    assert (lost.channel, lost.problem) == ("chat", "no such robot")
    assert isinstance(told, AlertTold)


def test_after_some_patience_the_fallback_is_told_once_and_the_channel_still_tried() -> None:
    mail, chat = Box(), Box(*[BUSY] * 8)
    post = Post(
        Way(name="chat", channel=chat, fallback="mail", patience=60.0),
        Way(name="mail", channel=mail),
    )

    async def story() -> None:
        post.outbox.take(errand())
        for _ in range(30):
            await post.turn(10)

    post.play(story)

    assert mail.taken == ["1 chat > mail"]
    assert chat.taken == ["1 chat"]


def test_what_nobody_wants_to_hear_any_more_is_given_up() -> None:
    post = Post(Way(name="chat", channel=Box(*[BUSY] * 200)))

    async def story() -> None:
        post.outbox.take(errand())
        for _ in range(80):
            await post.turn(300)

    post.play(story)

    assert isinstance(post.events[-1], AlertUndelivered)
    assert post.outbox.waiting == {"chat": 0}


def test_a_clock_that_is_set_a_day_ahead_loses_nothing() -> None:
    chat = Box(*[BUSY] * 3)
    post = Post(Way(name="chat", channel=chat))

    async def story() -> None:
        post.outbox.take(errand())
        await post.turn()
        post.clock.jump(86_400)
        for _ in range(5):
            await post.turn(10)

    post.play(story)

    assert chat.taken == ["1 chat"]


def test_what_is_still_under_way_is_not_repeated() -> None:
    chat = Box(BUSY)
    post = Post(Way(name="chat", channel=chat))
    again = errand("2")
    again = replace(again, notice=replace(again.notice, repeated=True))

    async def story() -> None:
        post.outbox.take(errand("1"))
        await post.turn()
        post.outbox.take(again)
        await post.turn(10)
        post.outbox.take(replace(again, number="3"))
        await post.turn(10)

    post.play(story)

    assert chat.taken == ["1 chat", "3 chat"]


def test_no_more_is_sent_than_the_channel_takes() -> None:
    chat = Box(most=2)
    post = Post(Way(name="chat", channel=chat))

    async def story() -> None:
        for number in range(5):
            post.outbox.take(errand(str(number)))
        await post.turn()
        assert len(chat.taken) == 2
        await post.turn(60)

    post.play(story)

    assert chat.taken == ["0 chat", "1 chat", "2 chat", "3 chat"]


def test_a_channel_that_is_down_keeps_none_of_the_others() -> None:
    mail = Box()
    post = Post(Way(name="chat", channel=Box(*[BUSY] * 9)), Way(name="mail", channel=mail))

    async def story() -> None:
        post.outbox.take(errand("1", "chat", "mail"))
        await post.turn()

    post.play(story)

    assert mail.taken == ["1 mail"]
    assert post.outbox.waiting == {"chat": 1, "mail": 0}


def test_a_channel_that_is_down_for_an_hour_is_told_everything_once_and_in_order() -> None:
    chat, mail, store = Box(*[BUSY] * 1_000), Box(), FakeStore()
    ways = Way(name="chat", channel=chat), Way(name="mail", channel=mail)
    before = Post(*ways, store=store)

    async def half_an_hour(post: Post, first: int) -> None:
        for number in range(first, first + 30):
            post.outbox.take(errand(str(number), "chat", "mail"))
            await post.turn(60)

    before.play(lambda: half_an_hour(before, 0))
    after = Post(*ways, store=store)  # the agent is restarted meanwhile

    async def comes_back() -> None:
        await half_an_hour(after, 30)
        chat.failures.clear()
        await after.turn(300)

    after.play(comes_back)

    assert chat.taken == [f"{number} chat" for number in range(60)]
    assert mail.taken == [f"{number} mail" for number in range(60)]
    assert (chat.tries < 100, store.items("alert-delivery")) == (True, [])


def test_what_was_under_way_when_the_process_died_is_carried_by_the_next() -> None:
    store, chat = FakeStore(), Box()
    before = Post(Way(name="chat", channel=Box(BUSY)), store=store)
    before.outbox.take(errand())
    after = Post(Way(name="chat", channel=chat), store=store)

    async def story() -> None:
        after.outbox.take(errand())  # handed out again: the router does not know
        await after.turn()

    after.play(story)

    assert chat.taken == ["1 chat"]


def test_what_is_for_a_channel_there_is_no_more_is_told_as_lost() -> None:
    store = FakeStore()
    Post(Way(name="chat", channel=Box()), store=store).outbox.take(errand())

    post = Post(Way(name="mail", channel=Box()), store=store)

    assert store.items("alert-delivery") == []
    assert post.outbox.waiting == {"mail": 0}
    (lost,) = post.events
    assert isinstance(lost, AlertUndelivered)
    assert lost.problem == "the channel is no longer configured"


def test_an_errand_for_a_channel_nobody_knows_is_not_kept() -> None:
    post = Post(Way(name="chat", channel=Box()))

    post.outbox.take(errand("1", "unknown"))

    assert post.store.items("alert-delivery") == []
