"""A service that its native manager started itself, asked as the host of another one is."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from svcctl.client.direct import DirectClient
from svcctl.client.everywhere import Answers
from svcctl.errors import AgentUnreachable, UnknownService
from svcctl.wire import Request


class LoneClient:
    """Asks *services*, by their names; AgentUnreachable where one does not run.

    See :class:`svcctl.client.everywhere.Client`.
    """

    def __init__(self, services: DirectClient) -> None:
        self._services = services

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Each question has a connection of its own, so there is none to close."""

    def ask(self, request: Request) -> object:
        """Give the result of *request*."""
        *_, (_, result) = self.answers(request)
        return result

    def answers(self, request: Request) -> Answers:
        """Give what each of them answers."""
        try:
            yield from self._services.answers(request)
        except UnknownService as error:
            raise AgentUnreachable(error.problem, hint=error.hint) from error
