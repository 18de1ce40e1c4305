"""The way to the agent for what serves others: asks it on behalf of whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict

from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity
from svcctl.client.conversation import Conversation
from svcctl.errors import AgentUnreachable, LimitReached, SvcctlError
from svcctl.wire import Request, Selection

Connect = Callable[[], Awaitable[Conversation]]
"""Begins a conversation with the agent; raises AgentUnreachable."""

_MOST = 200
"""Conversations at once; an agent has 256 places, and others want some."""
_IDLE = 16


class Link:
    """Carries out verbs by asking the agent; as many at once as there are conversations."""

    def __init__(self, connect: Connect, *, most: int = _MOST, idle: int = _IDLE) -> None:
        self._connect = connect
        self._most, self._idle_most = most, idle
        self._idle: list[Conversation] = []
        self._busy = 0

    async def carry_out(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> object:
        """Give the verb's result; raises what the agent answers with.

        AgentUnreachable where it goes away meanwhile: the verb may have been carried out then.
        LimitReached where too many ask at once.  Who is cancelled hangs up: what only looks is
        given up, what changes something is carried through.
        """
        request = Request(verb=name, select=selection, args=dict(args), on_behalf=asdict(identity))
        if self._busy >= self._most:
            raise LimitReached(f"{self._most} others are being answered", hint="ask again later")
        self._busy += 1
        try:
            conversation = await self._take()
            return await self._ask(conversation, request, emit)
        finally:
            self._busy -= 1

    async def close(self) -> None:
        """Hang up what is idle."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(each.close() for each in idle))

    async def _ask(self, conversation: Conversation, request: Request, emit: Emit) -> object:
        result: object = None
        is_whole = False
        try:
            async for is_result, document in conversation.answers(request):
                if is_result:
                    result = document
                else:
                    emit(document)
            is_whole = True
        except SvcctlError as error:
            is_whole = not isinstance(error, AgentUnreachable)
            raise
        finally:
            if is_whole and len(self._idle) < self._idle_most:
                self._idle.append(conversation)
            else:
                await conversation.close()
        return result

    async def _take(self) -> Conversation:
        """Give a conversation whose other end is there, as far as is known."""
        while self._idle:
            conversation = self._idle.pop()
            if not conversation.is_over:
                return conversation
            await conversation.close()
        return await self._connect()
