"""Asks an agent on another machine over HTTP: the same calls, answers and errors as for this one.

What is lost on the way is asked for again where that can do no harm: what only reads, and what
changes something under the key of the first time, by which the other end knows it has done it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from svcctl.client.remote import Remote
from svcctl.client.remote_answer import problem_in, refused, result_of
from svcctl.client.remote_progress import Progress
from svcctl.client.remote_question import Question, operation_question, question_of, verb_of
from svcctl.client.remote_stream import Stream, resumed
from svcctl.client.remote_wire import Answer, Unanswered, Wire
from svcctl.errors import AgentUnreachable, Denied, UnknownService
from svcctl.wire import Request

Answers = Iterator[tuple[bool, object]]

_WITHIN = 60.0  # seconds an answer may take that nobody has to wait for
_QUIET = 60.0  # seconds of silence in a stream, which shows every 15 s that it lives
_AT_FIRST = "1s"  # how long a change is waited for before it is looked how it goes
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds between two looks, or two tries


class HttpClient:
    """Asks *remote*; a context manager, though each request has a connection of its own.

    *token* gives what shows who asks, empty where a certificate does.  *tell* is told that a
    stream broke off, and that it goes on: where it is left out AgentUnreachable is raised instead.
    Every method raises AgentUnreachable where nobody answers that can be trusted, TimedOut after
    *timeout* seconds, and otherwise what the agent raised.  No answer is believed to be whole, or
    small, or soon: see :mod:`svcctl.client.remote_wire`.
    """

    def __init__(
        self,
        remote: Remote,
        *,
        token: Callable[[], str],
        timeout: float | None = None,
        tell: Callable[[str], None] | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._remote, self._token, self._timeout = remote, token, timeout
        self._tell, self._pause = tell, pause
        self._wire = Wire(remote)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """There is nothing to close."""

    def hang_up(self) -> None:
        """End what is under way in other threads, with an error; nothing can be asked any more."""
        self._wire.hang_up()

    def ask(self, request: Request) -> object:
        """Give the result of *request*; its items are passed over."""
        result: object = None
        for is_result, document in self.answers(request):
            if is_result:
                result = document
        return result

    def answers(self, request: Request) -> Answers:
        """Give each answer as it comes: (False, item) any number of times, then (True, result)."""
        verb = verb_of(request)
        if verb.streams:
            yield from self._streamed(request)
        elif verb.waits:
            yield from self._waited_for(request)
        else:
            within = self._within(request)
            yield True, self._document(self._question(request), within=within)["result"]

    def _question(self, request: Request, **further: str) -> Question:
        try:
            return question_of(request, further=further)
        except Denied as error:
            hint = error.hint.replace("log in there:", f"ssh {self._wire.machine}", 1)
            raise Denied(error.problem, hint=hint) from None

    # what is answered at once

    def _within(self, request: Request) -> float | None:
        """Give the seconds a whole answer may take: for ever where it is asked to wait."""
        if self._timeout is not None:
            return self._timeout
        asked = request.args.get("timeout")
        if isinstance(asked, int | float):
            return _WITHIN + asked
        return None if request.verb == "wait" else _WITHIN

    def _document(self, question: Question, *, within: float | None) -> dict[str, object]:
        """Give the document of an answer that is one, asked for again while it may help."""
        headers = self._headers(question)
        tries = 0
        while True:
            try:
                return self._asked_once(question, headers, within)
            except Unanswered as unanswered:
                tries += 1
                if tries >= unanswered.tries:
                    raise unanswered.error from unanswered
                self._pause(unanswered.pause or _PAUSES[min(tries, len(_PAUSES) - 1)])

    def _asked_once(
        self, question: Question, headers: Mapping[str, str], within: float | None
    ) -> dict[str, object]:
        with self._wire.exchange(
            question.method,
            question.target,
            headers=headers,
            body=question.body,
            within=within,
            quiet=None,
        ) as answer:
            content = answer.body()
        if answer.status not in {200, 202}:
            raise refused(answer, content, self._remote)
        document = result_of(content, self._remote)
        if "result" in document or "state" in document:
            return document
        raise AgentUnreachable(
            f"{self._remote.name!r} gives an answer without a result", hint="see: svcctl ctx show"
        )

    def _headers(
        self, question: Question, *, accept: str = "application/json", **further: str
    ) -> dict[str, str]:
        found = {"accept": accept, "user-agent": "svcctl", **further}
        if token := self._token():
            found["authorization"] = f"Bearer {token}"
        if question.body:
            found |= {"content-type": "application/json", "idempotency-key": os.urandom(16).hex()}
        return found

    # what is waited for

    def _waited_for(self, request: Request) -> Answers:
        """Have something changed, and look how it goes until it is over."""
        found = self._document(
            self._question(request, wait=_AT_FIRST), within=self._within(request)
        )
        progress = Progress(request, found)
        pauses = iter(_PAUSES)
        while "result" not in found:
            match found.get("state"):
                case "running":
                    for item in progress.further(self._streamed):
                        yield False, item
                    self._pause(next(pauses, _PAUSES[-1]))
                    found = self._operation(str(found.get("id")))
                case "failed":
                    error = found.get("error")
                    raise problem_in(error if isinstance(error, dict) else {}, self._remote)
                case _:
                    raise self._unknown()
        yield True, found["result"]

    def _operation(self, name: str) -> dict[str, object]:
        """Give how something under way stands; who serves may be away for a moment."""
        pauses = iter(_PAUSES)
        while True:
            try:
                return self._document(operation_question(name), within=_WITHIN)
            except UnknownService as error:  # who keeps count of it was started again meanwhile
                raise self._unknown() from error
            except AgentUnreachable as error:
                pause = next(pauses, None)
                if pause is None:
                    hint = f"it goes on there: svcctl status, later; {error.hint}"
                    raise AgentUnreachable(error.problem, hint=hint) from error
                self._pause(pause)

    def _unknown(self) -> AgentUnreachable:
        return AgentUnreachable(
            f"what became of it is not known: {self._remote.name!r} was started again meanwhile",
            hint="it may have been done: svcctl status; svcctl audit --since 10m",
        )

    # what comes piece by piece

    def _streamed(self, request: Request) -> Answers:
        def opened(last_id: str) -> AbstractContextManager[Answer]:
            place = {"last-event-id": last_id} if last_id else {}
            question = self._question(resumed(request) if last_id else request)
            return self._wire.exchange(
                question.method,
                question.target,
                headers=self._headers(question, accept="text/event-stream", **place),
                within=None,
                quiet=_QUIET if self._timeout is None else self._timeout,
            )

        stream = Stream(opened, remote=self._remote, pause=self._pause)
        return stream.answers(tell=self._tell if request.args.get("follow") else None)
