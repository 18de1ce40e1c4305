"""Answers for services that nobody keeps: started by hand, they are asked themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from svcctl.app.conversing import VERBS, meant_for, reply
from svcctl.app.goals import Outcome
from svcctl.app.reading import document
from svcctl.app.verb import REASON
from svcctl.client.everywhere import Answers
from svcctl.engine.dialogue import rejection
from svcctl.errors import SvcctlError, UsageError
from svcctl.ports import Document, InstanceStatus
from svcctl.wire import Request

_AS_KEPT = {"draining": "stopping"}
"""The word for a phase that a manager has where a service has another."""

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
        return named and request.verb in ("status", *VERBS, *CONTROLS)

    def answers(self, request: Request) -> Answers:
        """Give what all of them answer; raises UnknownService where one does not run."""
        one = self._look
        if request.verb in CONTROLS:
            one = self._control
        elif request.verb == "status":
            one = self._status
        yield True, [one(name, request) for name in request.select.names]

    def _look(self, name: str, request: Request) -> Document:
        args = {name: value for name, value in request.args.items() if name != REASON.name}
        plain = Request(verb=request.verb, args=meant_for(name, args))
        answer = self._ask(name, plain)
        return reply(name, name, answer, problem=rejection(answer))

    def _status(self, name: str, request: Request) -> Document:
        del request
        about = self._about(name)
        return document(
            InstanceStatus(
                service=about["service"],
                instance=about["instance"],
                phase=_AS_KEPT.get(about["phase"], about["phase"]),
                ready=about["phase"] == "running",
                live=None,
                pid=about["pid"],
                started_at=about["started_at"],
                restarts=0,
                exit_code=None,
                exit_signal=None,
                manager="",
                spec_revision="",
                applied=True,
                enabled=False,
                cpu=None,
                memory_bytes=None,
                processes=None,
                reason="kept by nobody",
                status_text=about["text"],
                next_at=None,
                groups=(),
                labels={},
                description="",
            )
        )

    def _about(self, name: str) -> dict[str, Any]:
        about = self._ask(name, Request(verb="about"))
        assert isinstance(about, dict)
        return about

    def _control(self, name: str, request: Request) -> Document:
        if unknown := request.args.keys() - {"no_wait", "timeout", REASON.name}:
            raise UsageError(f"{request.verb!r} takes no {', '.join(sorted(unknown))}")
        about = self._about(name)
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
