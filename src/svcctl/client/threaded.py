"""Asks without blocking: an agent elsewhere by a thread, that of this machine by its streams."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from svcctl.client.conversation import Conversation
from svcctl.client.http import HttpClient
from svcctl.wire import Request

_AHEAD = 100  # answers the thread may be ahead of who reads them

Answer = tuple[bool, object]


class ThreadedAsker:
    """Asks by a client that blocks, one for each request, in a thread of its own."""

    def __init__(self, connect: Callable[[], HttpClient]) -> None:
        self._connect = connect

    async def answers(self, request: Request) -> AsyncGenerator[Answer]:
        """Give each answer as it comes; who closes this, or is cancelled, hangs up."""
        reading = _Reading(self._connect(), request)
        threading.Thread(target=reading.run, daemon=True).start()
        try:
            while (answer := await reading.next()) is not None:
                yield answer
        finally:
            reading.give_up()


class ConversingAsker:
    """Asks over a conversation of its own each time."""

    def __init__(self, connect: Callable[[], Awaitable[Conversation]]) -> None:
        self._connect = connect

    async def answers(self, request: Request) -> AsyncGenerator[Answer]:
        """Give each answer as it comes; who closes this, or is cancelled, hangs up."""
        conversation = await self._connect()
        try:
            async with aclosing(conversation.answers(request)) as answers:
                async for each in answers:
                    yield each
        finally:
            await conversation.close()


class _Reading:
    """Reads answers in a thread, as far ahead as may be, for a loop that takes them."""

    def __init__(self, client: HttpClient, request: Request) -> None:
        self._client, self._request = client, request
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[Answer | Exception | None] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._over = False

    def run(self) -> None:
        end: Exception | None = None
        try:
            for answer in self._client.answers(self._request):
                self._room.acquire()
                if self._over:
                    return
                self._hand_over(answer)
        except Exception as error:  # noqa: BLE001 - whoever waits for the answer raises it
            end = error
        if not self._over:
            self._hand_over(end)

    def _hand_over(self, answer: Answer | Exception | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._inbox.put_nowait, answer)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._over = True

    async def next(self) -> Answer | None:
        answer = await self._inbox.get()
        self._room.release()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def give_up(self) -> None:
        self._over = True
        self._room.release()
        self._client.hang_up()
