"""A front is told of trust for as long as the agent is there, and for a moment longer believed."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self, cast

import pytest

from svcctl.client.conversation import Conversation
from svcctl.errors import AgentUnreachable, Denied, StateFault, UsageError
from svcctl.server.following_trust import GRACE, FollowingTrust
from svcctl.server.trusted import Trusted
from svcctl.testing.fakes import FakeClock
from svcctl.wire import encode, error_document


def _telling(*revoked: str) -> dict[str, object]:
    return {
        "tokens": {"host": "a1", "keys": []},
        "revoked": dict.fromkeys(revoked, 9.0),
        "issuers": [],
        "signers": {},
        "certificates": {},
    }


class Transport:
    """The end of a connection that can be hung up."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def abort(self) -> None:
        if not self._reader.at_eof():
            self._reader.feed_eof()


class Agent:
    """Tells what a test says, over connections that it can hang up."""

    def __init__(self) -> None:
        self.is_there = True
        self.asked: list[str] = []
        self._reader: asyncio.StreamReader | None = None
        self.begins_with: list[object] = [{"id": 1, "item": _telling()}]

    async def connect(self) -> Conversation:
        if not self.is_there:
            raise AgentUnreachable("no agent answers")
        reader = self._reader = asyncio.StreamReader()
        for each in self.begins_with:
            reader.feed_data(encode(each))
        return Conversation(reader, cast("asyncio.StreamWriter", self._Writer(self, reader)))

    class _Writer:
        def __init__(self, agent: Agent, reader: asyncio.StreamReader) -> None:
            self._agent, self.transport = agent, Transport(reader)

        def write(self, line: bytes) -> None:
            self._agent.asked.append(json.loads(line)["verb"])

        async def drain(self) -> None: ...
        def close(self) -> None: ...
        async def wait_closed(self) -> None: ...

    def tell(self, telling: dict[str, object]) -> None:
        assert self._reader
        self._reader.feed_data(encode({"id": 1, "item": telling}))

    def hang_up(self) -> None:
        assert self._reader
        self._reader.feed_eof()


class Stage:
    """One who follows, and what came of it."""

    def __init__(self) -> None:
        self.agent, self.clock = Agent(), FakeClock()
        self.told: list[Trusted] = []
        self.lapses = 0
        self.following = FollowingTrust(
            self.agent.connect, clock=self.clock, take=self._take, lapse=self._lapse
        )

    def _take(self, before: Trusted | None, told: Trusted) -> None:
        assert before == (self.told[-1] if self.told else None)
        self.told.append(told)

    def _lapse(self) -> None:
        self.lapses += 1

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.following.follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def until_told(self, count: int) -> None:
        while len(self.told) < count:
            await asyncio.sleep(0.001)

    async def until_lost(self) -> None:
        while self.clock.next_at is None:
            await asyncio.sleep(0.001)


async def test_what_is_told_first_and_later_is_taken() -> None:
    async with Stage() as stage:
        await stage.following.begun()
        assert stage.following.trusted.ring.host == "a1"

        stage.agent.tell(_telling("x"))
        await stage.until_told(2)

        assert list(stage.following.trusted.revoked) == ["x"]
        assert stage.agent.asked == ["trust"]


async def test_an_agent_that_comes_back_is_asked_anew_before_anybody_goes_on() -> None:
    async with Stage() as stage:
        await stage.following.insist_on_contact()
        stage.agent.begins_with = [{"id": 1, "item": _telling("meanwhile")}]
        stage.agent.hang_up()
        await stage.until_lost()

        await stage.following.insist_on_contact()

        assert list(stage.following.trusted.revoked) == ["meanwhile"]


async def test_what_was_told_is_believed_for_a_while_and_then_nobody_is_known() -> None:
    async with Stage() as stage:
        await stage.until_told(1)
        stage.agent.is_there = False
        stage.agent.hang_up()
        await stage.until_lost()

        stage.clock.forward(GRACE - 0.1)
        assert stage.following.trusted.ring.host == "a1"
        stage.clock.forward(0.2)

        assert stage.lapses == 1
        with pytest.raises(AgentUnreachable, match="cannot be asked"):
            _ = stage.following.trusted


async def test_who_is_back_after_that_is_compared_with_what_was_told_before_it() -> None:
    async with Stage() as stage:
        await stage.until_told(1)
        stage.agent.is_there = False
        stage.agent.hang_up()
        await stage.until_lost()
        stage.clock.forward(GRACE)

        stage.agent.is_there = True
        await stage.until_told(2)

        assert stage.lapses == 1
        assert stage.following.trusted.ring.host == "a1"


async def test_who_is_back_in_time_lets_nothing_lapse() -> None:
    async with Stage() as stage:
        await stage.until_told(1)
        stage.agent.hang_up()
        await stage.until_told(2)

        stage.clock.forward(2 * GRACE)

        assert stage.lapses == 0
        assert stage.following.trusted.ring.host == "a1"


@pytest.mark.slow
async def test_who_asks_while_nobody_is_there_is_told_so() -> None:
    async with Stage() as stage:
        stage.agent.is_there = False

        await stage.following.begun()  # an agent that is not there is waited for
        with pytest.raises(AgentUnreachable, match="no agent answers"):
            await stage.following.insist_on_contact()


@pytest.mark.parametrize("error", [Denied("not you"), UsageError("no verb 'trust'")])
async def test_an_agent_that_does_not_want_it_ends_it_at_once(error: Any) -> None:
    stage = Stage()
    stage.agent.begins_with = [{"id": 0, "error": error_document(error)}]
    async with stage:
        with pytest.raises(type(error)):
            await stage.following.begun()


async def test_it_can_be_asked_to_be_told_anew() -> None:
    async with Stage() as stage:
        await stage.until_told(1)

        stage.following.ask_again()
        await stage.until_told(2)

        assert stage.agent.asked == ["trust", "trust"]


async def test_what_cannot_be_read_is_no_trust() -> None:
    stage = Stage()
    stage.agent.begins_with = [{"id": 1, "item": {"tokens": "all"}}]
    async with stage:
        with pytest.raises(StateFault, match="unreadable"):
            await stage.following.begun()
        assert stage.told == []
