"""Items over an event stream, gone on with where it broke off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

from svcctl.client.remote import Remote
from svcctl.client.remote_answer import problem_in, refusal, result_of
from svcctl.client.remote_events import StreamEvent, stream_events
from svcctl.client.remote_wire import Answer, Unanswered
from svcctl.errors import AgentUnreachable, SvcctlError, TimedOut
from svcctl.wire import Request

Open = Callable[[str], AbstractContextManager[Answer]]
"""Ask for the stream, from the place on that is given; empty: from its beginning."""

_TRIES = 3  # before anything came, or where nobody is told that it is waited
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between two tries
_MOST_EVENTS = 10_000  # that an agent gives at once


class Stream:
    """One stream of *remote*, opened by *connect* as often as it takes."""

    def __init__(self, connect: Open, *, remote: Remote, pause: Callable[[float], None]) -> None:
        self._open, self._remote, self._pause = connect, remote, pause
        self._last_id = ""
        self._has_begun, self._has_no_place = False, False
        self._lost, self._is_told = 0, False

    def answers(self, *, tell: Callable[[str], None] | None) -> Iterator[tuple[bool, object]]:
        """Give items, then the result.

        With *tell* a stream that broke off is waited for as long as it takes, which *tell* is told;
        without, it is tried for a moment.  Raises AgentUnreachable, TimedOut, what the verb does.
        """
        while True:
            try:
                for event in self._events(tell):
                    self._lost = 0
                    match event.kind:
                        case "item":
                            yield False, self._said(event)
                            self._last_id = event.id
                            self._has_no_place = not event.id
                        case "dropped" if tell:
                            tell("some were left out: they came faster than they were read")
                        case "end":
                            yield True, self._said(event)
                            return
                        case "error":
                            raise problem_in(self._said(event), self._remote)
            except Unanswered as unanswered:
                self._go_on(unanswered.error, tell, tries=_TRIES)
            except (AgentUnreachable, TimedOut) as error:
                self._go_on(error, tell, tries=0)

    def _events(self, tell: Callable[[str], None] | None) -> Iterator[StreamEvent]:
        with self._open(self._last_id) as answer:
            if answer.status != 200:
                raise refusal(answer, answer.body(), self._remote)
            if answer.media_type != "text/event-stream":
                raise AgentUnreachable(f"what {self._remote.name!r} answers is no event stream")
            self._has_begun = True
            if tell and self._is_told:
                tell(f"{self._remote.name!r} is back")
                self._is_told = False
            yield from stream_events(answer.chunks())
        problem = f"the stream of {self._remote.name!r} was cut off"
        raise Unanswered(AgentUnreachable(problem, hint="ask again"))

    def _go_on(self, error: SvcctlError, tell: Callable[[str], None] | None, *, tries: int) -> None:
        """Wait a moment before the next try, or raise *error*."""
        self._lost += 1
        if self._has_no_place:  # to begin anew would give all of it twice
            raise error
        if tell and self._has_begun:
            if not self._is_told:
                tell(f"{error.problem}; waiting for it to come back (Ctrl-C ends)")
                self._is_told = True
        elif self._lost >= tries:
            raise error
        self._pause(_PAUSES[min(self._lost, len(_PAUSES)) - 1])

    def _said(self, event: StreamEvent) -> dict[str, object]:
        return result_of(event.text.encode(), self._remote)


def resumed(request: Request) -> Request:
    """Give *request* for who goes on: how much of the past was wanted is of no account any more."""
    args = {name: value for name, value in request.args.items() if name != "lines"}
    if request.verb == "events":
        args["lines"] = _MOST_EVENTS
    return replace(request, args=args)
