"""What a front does about a reader that is slower than the agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

from svcctl.auth.identity import Identity, Proof, Way
from svcctl.client.conversation import Conversation
from svcctl.client.link import Link
from svcctl.wire import Request, Selection

ANN = Identity(actor="token:ann", way=Way.GRPC, proof=Proof.TOKEN)


class _Talkative:
    """An agent that says as much as it is asked for."""

    is_over = False

    def __init__(self) -> None:
        self.said = 0

    async def answers(self, request: Request) -> AsyncIterator[tuple[bool, object]]:
        del request
        while self.said < 1_000:
            self.said += 1
            yield False, self.said
        yield True, "done"

    async def close(self) -> None:
        """Say no more."""


class _Slow:
    """Takes no more until it is let go on."""

    def __init__(self) -> None:
        self.taken = 0
        self.full, self.goes_on = asyncio.Event(), asyncio.Event()

    def __call__(self, item: object) -> None:
        del item
        self.taken += 1

    async def room(self) -> None:
        self.full.set()
        await self.goes_on.wait()


def test_no_more_is_taken_off_the_agent_than_a_slow_reader_can_bear() -> None:
    async def story() -> None:
        agent, reader = _Talkative(), _Slow()

        async def connect() -> Conversation:
            return cast("Conversation", agent)

        asking = asyncio.ensure_future(
            Link(connect).carry_out(
                "logs", selection=Selection(), args={}, identity=ANN, emit=reader
            )
        )
        await reader.full.wait()
        said = agent.said
        reader.goes_on.set()

        assert await asking == "done"
        assert said < 100
        assert reader.taken == 1_000

    asyncio.run(story())
