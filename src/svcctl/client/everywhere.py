"""One client for all services of this machine: those of the agent and those kept natively."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Self

from svcctl.app.verb import Selects, Verb
from svcctl.app.verbs import find
from svcctl.errors import AgentUnreachable, UnknownService
from svcctl.wire import Request

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
    when it is first asked for.  *direct* gives the answers of services that nobody keeps, None
    where a request is not for them.
    """

    def __init__(
        self,
        *,
        agent: Callable[[], Client],
        native: Callable[[Request], Native | None],
        direct: Callable[[Request], Answers | None] = lambda _: None,
    ) -> None:
        self._agent, self._native, self._direct = agent, native, direct

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
        try:
            yield from self._kept(request)
        except (AgentUnreachable, UnknownService) as error:
            direct = self._direct(request)
            if direct is None:
                raise
            try:
                yield from direct
            except UnknownService:  # nor does it run by itself
                raise error from None

    def _kept(self, request: Request) -> Answers:
        verb = find(request.verb)
        native = None if verb and is_of_the_agent(verb) else self._native(request)
        if native is None:
            yield from self._ask_agent(request)
            return
        split = native.split(request)
        if split.agent is None:
            yield from native.answers(split.native or request)
        elif split.native is None:
            yield from self._ask_agent_instead(split.agent)
        else:
            yield from self._both(native, split.native, split.agent, doubtful=split.doubtful)

    def _ask_agent(self, request: Request) -> Answers:
        with self._agent() as client:
            yield from client.answers(request)

    def _ask_agent_instead(self, request: Request) -> Answers:
        """Ask the agent about what is not kept natively, and say so where it does not answer."""
        try:
            yield from self._ask_agent(request)
        except AgentUnreachable as error:
            if not request.select.names:
                raise
            named = ", ".join(map(repr, request.select.names))
            raise AgentUnreachable(
                f"not kept natively: {named}; and {error.problem}", hint=error.hint
            ) from error

    def _both(self, native: Native, mine: Request, theirs: Request, *, doubtful: bool) -> Answers:
        def agent() -> Answers:
            try:
                yield from self._ask_agent_instead(theirs)
            except (AgentUnreachable, UnknownService):
                if not doubtful:
                    raise

        from svcctl.client.merged import last_of, merged, once  # noqa: PLC0415 - few machines have both

        found = merged(theirs, [native.answers(mine), agent()])
        found = once(found) if theirs.verb == "events" else found
        last = _last(theirs)
        yield from found if last is None else last_of(found, last)


def is_of_the_agent(verb: Verb) -> bool:
    """Say whether only an agent knows the answer: of itself, of alerts, of the past."""
    if verb.name == "apply":
        return False
    return verb.selects is Selects.NONE or verb.name in {"history", "may"}


def _last(request: Request) -> int | None:
    """Say how many items *request* asks for, of all that are asked together."""
    args = request.args
    if request.verb not in {"logs", "events"} or args.get("follow") or args.get("stats"):
        return None
    lines = args.get("lines")
    return lines if isinstance(lines, int) else None


def part(request: Request, *names: str) -> Request:
    """Give *request* for *names* only."""
    return replace(request, select=replace(request.select, names=names, labels=(), all=False))
