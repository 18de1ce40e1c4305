"""The way to the agent for what serves others: asks it on behalf of whoever asks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict

from svcctl.app.verbs import find
from svcctl.app.waiting import Emit, Nobody
from svcctl.auth.identity import Identity
from svcctl.client.conversation import Conversation
from svcctl.errors import AgentUnreachable, LimitReached, SvcctlError
from svcctl.wire import REFUSED, Request, Selection, answers_to_all, error_document

Connect = Callable[[], Awaitable[Conversation]]
"""Begins a conversation with the agent; raises AgentUnreachable."""

_MOST = 240
"""Conversations at once; an agent has 256 places, and others want some."""
_IDLE = 16
_AHEAD = 64
"""Items that are taken off the agent before it is asked whether they were wanted so fast.

Who is slower is left behind by the agent, which tells how much was left out; nothing piles up here.
"""


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

        AgentUnreachable where it goes away meanwhile: the verb may have been carried out then,
        unless the error says that the agent was not asked.
        LimitReached where too many ask at once.  Who is cancelled hangs up: what only looks is
        given up, what changes something is carried through.
        """
        verb = find(name)
        request = Request(
            verb=name,
            select=selection,
            args=dict(args),
            on_behalf=asdict(identity),
            tell_begun=verb is not None and verb.streams,
        )
        return await self._carry_out(request, emit)

    async def look_for_all(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identities: Sequence[Identity],
    ) -> list[object]:
        """Give each of *identities* what :meth:`carry_out` would give, or raise, them.

        For a verb whose answers are shared; what is the same is the same object.  Raises what
        keeps all of them from an answer.
        """
        times = Counter(identities)
        asked = tuple({"identity": asdict(who), "times": count} for who, count in times.items())
        request = Request(verb=name, select=selection, args=dict(args), on_behalf_of_all=asked)
        answers = answers_to_all(await self._carry_out(request, Nobody()), len(asked))
        given = dict(zip(times, answers, strict=True))
        return [given[each] for each in identities]

    async def note_refusal(
        self, verb: str, *, selection: Selection, identity: Identity, error: SvcctlError
    ) -> None:
        """Have it written down that *identity* was refused *verb* for *error*.

        Raises what keeps it from being written down.
        """
        args: dict[str, object] = {"verb": verb, "error": error_document(error)}
        asked = asdict(identity)
        request = Request(verb=REFUSED, select=selection, args=args, on_behalf=asked)
        await self._carry_out(request, Nobody())

    async def close(self) -> None:
        """Hang up what is idle."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(each.close() for each in idle))

    async def _carry_out(self, request: Request, emit: Emit) -> object:
        if self._busy >= self._most:
            raise LimitReached(f"{self._most} others are being answered", hint="ask again later")
        self._busy += 1
        try:
            conversation = await self._take()
            return await self._ask(conversation, request, emit)
        finally:
            self._busy -= 1

    async def _ask(self, conversation: Conversation, request: Request, emit: Emit) -> object:
        result: object = None
        is_whole, told = False, 0
        try:
            async for is_result, document in conversation.answers(request):
                if is_result:
                    result = document
                    continue
                if document is None:  # it has begun
                    await emit.room()
                    continue
                emit(document)
                told += 1
                if told % _AHEAD == 0:
                    await emit.room()
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
        try:
            return await self._connect()
        except AgentUnreachable as error:
            raise AgentUnreachable(error.problem, hint=error.hint, asked=False) from error
