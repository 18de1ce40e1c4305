"""Events in order and without a gap, wherever publishing stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity, Way
from svcctl.errors import AgentUnreachable
from svcctl.server.mq.happenings import Inbox
from svcctl.wire import Selection
from tests.unit.server.mq.stage import Stage


class Past:
    """An agent's events, of which *happened* have happened; it can be away."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.happened, self.is_away = stage, 5, False
        self.forgotten = 0
        self.more = asyncio.Event()
        self.asked: list[Mapping[str, object]] = []
        stage.agent.does = self.events

    async def events(
        self,
        name: str,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> object:
        assert (name, selection.all, identity.way) == ("events", True, Way.QUEUE)
        if self.is_away:
            raise AgentUnreachable("away", asked=False)
        self.asked.append(args)
        last = int(str(args.get("after", self.happened - 1)))
        while True:
            for number in range(max(last, self.forgotten) + 1, self.happened + 1):
                emit({"number": number, "kind": "PhaseChanged", "service": "web"})
                last = number
            if not args.get("follow"):
                return None
            self.more.clear()
            await self.more.wait()

    def happen(self, count: int) -> None:
        """Have *count* more events."""
        self.happened += count
        self.more.set()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def _numbers(stage: Stage) -> list[int]:
    return [json.loads(body)["number"] for _, body, _ in stage.broker.published]


async def test_what_happens_from_now_on_is_published(stage: Stage) -> None:
    past = Past(stage)

    async with stage.open(events=True):
        await stage.passing(lambda: len(past.asked) == 2)
        past.happen(3)
        await stage.until(lambda: len(stage.broker.published) == 3)

    assert _numbers(stage) == [6, 7, 8]
    assert stage.broker.published[0][0] == "event.web1.PhaseChanged.web"
    assert [each[2] for each in stage.broker.published] == ["web1-6", "web1-7", "web1-8"]


async def test_what_happened_while_nobody_published_is_published_later(stage: Stage) -> None:
    past = Past(stage)

    async with stage.open(events=True):
        await stage.passing(lambda: len(past.asked) == 2)
    past.happen(4)
    async with stage.open(events=True):
        await stage.until(lambda: len(stage.broker.published) == 4)

    assert _numbers(stage) == [6, 7, 8, 9]


async def test_what_is_too_long_ago_to_be_published_is_counted(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    past = Past(stage)

    async with stage.open(events=True):
        await stage.passing(lambda: len(past.asked) == 2)
    past.happen(4)
    past.forgotten = 7
    async with stage.open(events=True):
        await stage.until(lambda: len(stage.broker.published) == 2)

    assert _numbers(stage) == [8, 9]
    (told,) = [each for each in caplog.records if each.message == "mq.events-left-out"]
    assert (vars(told)["after"], vars(told)["count"]) == (5, 2)


async def test_an_agent_that_comes_back_is_asked_for_what_was_missed(stage: Stage) -> None:
    past = Past(stage)
    past.is_away = True

    async with stage.open(events=True):
        await stage.passing(lambda: stage.agent.asked)
        past.is_away = False
        await stage.passing(lambda: len(past.asked) == 2)
        past.happen(1)
        await stage.until(lambda: stage.broker.published)

    assert _numbers(stage) == [6]


async def test_numbers_that_begin_anew_are_followed(stage: Stage) -> None:
    past = Past(stage)

    async with stage.open(events=True):
        await stage.passing(lambda: len(past.asked) == 2)
    past.happened = 2  # the agent's state was lost
    async with stage.open(events=True):
        await stage.passing(lambda: len(past.asked) == 4)
        past.happen(1)
        await stage.until(lambda: stage.broker.published)

    assert _numbers(stage) == [3]


async def test_a_broker_that_does_not_take_an_event_is_told_it_again(stage: Stage) -> None:
    past = Past(stage)
    async with stage.open(events=True):
        await stage.passing(lambda: len(past.asked) == 2)
        stage.broker.deaf = True
        past.happen(2)
        await stage.passing(lambda: stage.broker.connections > 2)
        stage.broker.deaf = False
        await stage.passing(lambda: len(stage.broker.published) >= 2)

    assert _numbers(stage) == [6, 7]


async def test_an_inbox_that_is_full_takes_no_more_and_says_so() -> None:
    inbox = Inbox(most=2)
    for number in range(5):
        inbox(number)

    assert await inbox.take() == [0, 1]
    assert inbox.is_full
    inbox(9)
    assert await inbox.take() == []
