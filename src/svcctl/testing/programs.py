"""Answers in the name of programs that have an endpoint of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from svcctl.errors import Conflict
from svcctl.ports import Document


class FakePrograms:
    """Fulfils :class:`svcctl.ports.AskProgram`; *answers* has what is answered to each request.

    An exception is raised, an event is waited for; who is asked for anything else is not there.
    """

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, str, Document]] = []

    async def __call__(
        self,
        address: str,
        verb: str,
        args: Document,
        *,
        within: float,
        trusts: Callable[[int], bool],
    ) -> object:
        """Answer as the test said."""
        del within
        assert trusts(0)
        self.asked.append((address, verb, args))
        if verb not in self.answers:
            raise Conflict(f"nobody answers at '{address}'")
        answer = self.answers[verb]
        if isinstance(answer, asyncio.Event):
            await answer.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer
