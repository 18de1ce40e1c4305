"""Asks somebody for a configuration every now and then."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable

from svcctl.ports import Clock
from svcctl.sdk.config.follow import SourceChange, Unreachable
from svcctl.sdk.config.text import Text
from svcctl.sdk.lengths import interval
from svcctl.sdk.waiting import sleep

Answer = str | Text | None
"""A text (a plain one is TOML), or None where there is nothing new."""


class Polled:
    """A ConfigSource: what a function of the program answers.

    A plain function is called in a thread.  The same answer is told once; an error is told as
    Unreachable, once, and the function is asked again after the same time.
    """

    def __init__(
        self,
        name: str,
        ask: Callable[[], Answer | Awaitable[Answer]],
        *,
        clock: Clock,
        every: float | str,
    ) -> None:
        """*every* is a number of seconds, or such as ``"30s"``."""
        self._name = name
        self._ask = ask
        self._clock = clock
        self._every = interval(every)

    @property
    def name(self) -> str:
        """Give what the history calls it."""
        return self._name

    async def changes(self) -> AsyncGenerator[SourceChange, None]:
        """Give what is answered when it differs from the last answer; it never ends."""
        last: SourceChange | None = None
        while True:
            found = await self._answer()
            if found is not None and found != last:
                last = found
                yield found
            await sleep(self._clock, self._every)

    async def _answer(self) -> SourceChange | None:
        try:
            answer = await asyncio.to_thread(self._ask)
            if inspect.isawaitable(answer):
                answer = await answer
        except Exception as error:  # noqa: BLE001 - it is told, and asked again
            return Unreachable(problem=f"{type(error).__name__}: {error}")
        return Text(name=self._name, content=answer) if isinstance(answer, str) else answer
