"""One client for all services of this machine: those of the agent and those kept natively."""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Protocol, Self, cast

from svcctl.client.wire import Request
from svcctl.errors import AgentUnreachable, SvcctlError, UnknownService

Answers = Iterator[tuple[bool, object]]
"""(False, item) any number of times, then (True, result)."""


class Client(Protocol):
    """Asks for verbs; a context manager, see :class:`svcctl.client.local.LocalClient`."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def ask(self, request: Request) -> object:
        """Give the result of *request*; its items are passed over."""

    def answers(self, request: Request) -> Answers:
        """Give each answer as it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A request in two: what concerns native services, and what the agent (None: nothing).

    *doubtful*: the native part may be all there is, so that no agent, or none that knows the
    name, is no error.
    """

    native: Request | None
    agent: Request | None
    doubtful: bool = False


class Native(Protocol):
    """Answers for services that are kept natively."""

    def split(self, request: Request) -> Split:
        """Say which part of *request* is about native services."""

    def answers(self, request: Request) -> Answers:
        """Give each answer as it comes."""


class Everywhere:
    """Asks whoever keeps the services that a request is about.

    *native* gives who answers for native services, None where there are none; *agent* connects
    when it is first asked for.
    """

    def __init__(
        self, *, agent: Callable[[], Client], native: Callable[[Request], Native | None]
    ) -> None:
        self._agent, self._native = agent, native

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """There is nothing to close: each request has a connection of its own."""

    def ask(self, request: Request) -> object:
        """Give the result of *request*; its items are passed over."""
        result: object = None
        for is_result, document in self.answers(request):
            if is_result:
                result = document
        return result

    def answers(self, request: Request) -> Answers:
        """Give each answer as it comes: items of both sides, then one result."""
        native = None if request.verb.startswith("agent-") else self._native(request)
        if native is None:
            yield from self._ask_agent(request)
            return
        split = native.split(request)
        if split.agent is None:
            yield from native.answers(split.native or request)
        elif split.native is None:
            yield from self._ask_agent(split.agent)
        else:
            yield from self._both(native, split.native, split.agent, doubtful=split.doubtful)

    def _ask_agent(self, request: Request) -> Answers:
        with self._agent() as client:
            yield from client.answers(request)

    def _both(self, native: Native, mine: Request, theirs: Request, *, doubtful: bool) -> Answers:
        def agent() -> Answers:
            try:
                yield from self._ask_agent(theirs)
            except (AgentUnreachable, UnknownService):
                if not doubtful:
                    raise

        sources = [native.answers(mine), agent()]
        if theirs.args.get("follow"):
            yield from as_they_come(sources)
        elif theirs.verb in {"logs", "events"}:
            yield from _by_time(sources)
        else:
            yield from _one_after_the_other(sources)


def combined(results: list[object]) -> object:
    """Give one result for those of several who were asked: lists joined, numbers added."""
    found = [each for each in results if each is not None]
    if not found:
        return None
    if all(isinstance(each, list) for each in found):
        rows = [row for each in cast("list[list[Any]]", found) for row in each]
        named = all(isinstance(row, Mapping) and "service" in row for row in rows)
        return sorted(rows, key=_by_service) if named else rows
    tables = cast("list[dict[str, Any]]", found)
    return {name: _joined([each[name] for each in tables if name in each]) for name in tables[0]}


def _by_service(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["service"]), str(row.get("instance", ""))


def _joined(values: list[Any]) -> object:
    first = values[0]
    match first:
        case int():
            return sum(values)
        case dict():
            return {name: value for each in values for name, value in each.items()}
        case _:
            return [row for each in values for row in each]


def _one_after_the_other(sources: list[Answers]) -> Answers:
    results: list[object] = []
    for source in sources:
        for is_result, document in source:
            if is_result:
                results.append(document)
            else:
                yield False, document
    yield True, combined(results)


def _by_time(sources: list[Answers]) -> Answers:
    results: list[object] = []

    def items(source: Answers) -> Iterator[tuple[float, object]]:
        for is_result, document in source:
            if is_result:
                results.append(document)
            else:
                yield float(cast("dict[str, Any]", document)["at"]), document

    for _, document in heapq.merge(*map(items, sources), key=lambda each: each[0]):
        yield False, document
    yield True, combined(results)


def as_they_come(sources: list[Answers]) -> Answers:
    """Give items of all *sources* as they come, each read in a thread that ends with us."""
    inbox: queue.Queue[tuple[bool, object] | SvcctlError] = queue.Queue(maxsize=1000)

    def read(source: Answers) -> None:
        try:
            for answer in source:
                inbox.put(answer)
        except SvcctlError as error:
            inbox.put(error)

    for source in sources:
        threading.Thread(target=read, args=(source,), daemon=True).start()
    results: list[object] = []
    while len(results) < len(sources):
        answer = inbox.get()
        if isinstance(answer, SvcctlError):
            raise answer
        is_result, document = answer
        if is_result:
            results.append(document)
        else:
            yield False, document
    yield True, combined(results)


def part(request: Request, *names: str) -> Request:
    """Give *request* for *names* only."""
    return replace(request, select=replace(request.select, names=names, labels=(), all=False))
