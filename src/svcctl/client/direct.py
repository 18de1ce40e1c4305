"""Answers for services that nobody keeps: started by hand, they are asked themselves."""

from __future__ import annotations

from collections.abc import Callable

from svcctl.app.conversing import VERBS, reply
from svcctl.app.goals import Outcome
from svcctl.client.everywhere import Answers
from svcctl.engine.dialogue import rejection
from svcctl.errors import SvcctlError, UsageError
from svcctl.ports import Document
from svcctl.wire import Request

CONTROLS = ("pause", "resume", "reload", "stop")
"""What a service does itself when it is told."""

AskNamed = Callable[[str, Request], object]
"""Asks the service of that name; UnknownService where none runs."""


class DirectClient:
    """Asks services by their names, one after the other."""

    def __init__(self, ask: AskNamed) -> None:
        self._ask = ask

    def knows(self, request: Request) -> bool:
        """Say whether *request* is one that services answer, and names them."""
        select = request.select
        named = bool(select.names) and not select.labels and not select.all
        return named and request.verb in (*VERBS, *CONTROLS)

    def answers(self, request: Request) -> Answers:
        """Give what all of them answer; raises UnknownService where one does not run."""
        one = self._control if request.verb in CONTROLS else self._look
        yield True, [one(name, request) for name in request.select.names]

    def _look(self, name: str, request: Request) -> Document:
        plain = Request(verb=request.verb, args=request.args)
        answer = self._ask(name, plain)
        return reply(name, name, answer, problem=rejection(answer))

    def _control(self, name: str, request: Request) -> Document:
        if unknown := request.args.keys() - {"no_wait", "timeout"}:
            raise UsageError(f"{request.verb!r} takes no {', '.join(sorted(unknown))}")
        about = self._ask(name, Request(verb="about"))
        assert isinstance(about, dict)
        problem, hint = "", ""
        try:
            answer = self._ask(name, Request(verb=request.verb))
            problem = rejection(answer)
            about |= answer if isinstance(answer, dict) else {}
        except SvcctlError as error:
            problem, hint = error.problem, error.hint
        return Outcome(
            service=about["service"],
            instance=about["instance"],
            ok=not problem,
            phase=about["phase"],
            problem=problem,
            hint=hint,
            pid=about["pid"],
        ).document()
