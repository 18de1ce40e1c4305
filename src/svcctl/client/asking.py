"""What the methods of the Python client are made of: a request out, a checked document back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from typing import Any, Protocol

from svcctl.errors import AgentUnreachable
from svcctl.wire import Request, Selection


class Asker(Protocol):
    """Asks an agent; see :class:`svcctl.client.local.LocalClient`."""

    def ask(self, request: Request) -> object:
        """Give the result of *request*; its items are passed over."""

    def answers(self, request: Request) -> Iterator[tuple[bool, object]]:
        """Give each answer as it comes."""


class AsyncAsker(Protocol):
    """The same for who must not be blocked."""

    def answers(self, request: Request) -> AsyncGenerator[tuple[bool, object]]:
        """Give each answer as it comes."""


Given = Mapping[str, object]


def request_of(
    verb: str,
    names: Sequence[str] = (),
    labels: Sequence[str] = (),
    everything: bool = False,
    *,
    args: Given,
) -> Request:
    """Give the request for *verb*; what is None in *args* is left out."""
    select = Selection(names=tuple(names), labels=tuple(labels), all=everything)
    said = {name: value for name, value in args.items() if value is not None}
    return Request(verb=verb, select=select, args=said)


class Asking:
    """Asks by a connection of its own each time, which *connect* makes."""

    def __init__(self, connect: Callable[[], AbstractContextManager[Asker]]) -> None:
        self._connect = connect

    def row(self, request: Request) -> dict[str, Any]:
        """Give the result of *request*, which is one document."""
        return _row(self._result(request))

    def rows(self, request: Request) -> list[Any]:
        """Give the result of *request*, which is a list of them."""
        return _rows(self._result(request))

    def items(self, request: Request) -> Generator[Any]:
        """Give the items of *request* as they come; who closes the iterator hangs up."""
        with self._connect() as asker:
            for is_result, item in asker.answers(request):
                if not is_result:
                    yield _row(item)

    def _result(self, request: Request) -> object:
        with self._connect() as asker:
            return asker.ask(request)


class AsyncAsking:
    """The same for who must not be blocked."""

    def __init__(self, asker: AsyncAsker) -> None:
        self._asker = asker

    async def row(self, request: Request) -> dict[str, Any]:
        """Give the result of *request*, which is one document."""
        return _row(await self._result(request))

    async def rows(self, request: Request) -> list[Any]:
        """Give the result of *request*, which is a list of them."""
        return _rows(await self._result(request))

    async def items(self, request: Request) -> AsyncGenerator[Any]:
        """Give the items of *request* as they come; who closes the iterator hangs up."""
        async with aclosing(self._asker.answers(request)) as answers:
            async for is_result, item in answers:
                if not is_result:
                    yield _row(item)

    async def _result(self, request: Request) -> object:
        result: object = None
        async with aclosing(self._asker.answers(request)) as answers:
            async for is_result, document in answers:
                if is_result:
                    result = document
        return result


def _row(found: object) -> dict[str, Any]:
    if isinstance(found, dict):
        return found
    raise AgentUnreachable("the agent answers with what is no document", hint=_VERSIONS)


def _rows(found: object) -> list[Any]:
    if isinstance(found, list):
        return found
    raise AgentUnreachable("the agent answers with what is no list", hint=_VERSIONS)


_VERSIONS = "compare the versions, there and here"
