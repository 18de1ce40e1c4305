"""Services that nobody keeps answer for themselves, in the words of those that are kept."""

from __future__ import annotations

from typing import Any, Self

import pytest

from svcctl.client.direct import DirectClient
from svcctl.client.everywhere import Everywhere
from svcctl.errors import AgentUnreachable, Conflict, UnknownService, UsageError
from svcctl.wire import Request, Selection

ABOUT = {
    "service": "mailer",
    "instance": "mailer",
    "phase": "running",
    "pid": 7,
    "started_at": 5.0,
    "text": "3 sent",
}


class Services:
    """Services that run by themselves, and what they answer."""

    def __init__(self, **answers: object) -> None:
        self.answers = {"about": ABOUT} | answers
        self.asked: list[str] = []

    def __call__(self, name: str, request: Request) -> object:
        if name != "mailer":
            raise UnknownService(f"no service {name!r}")
        self.asked.append(request.verb)
        answer = self.answers[request.verb]
        if isinstance(answer, Exception):
            raise answer
        return answer


def request(verb: str, *names: str, **args: object) -> Request:
    return Request(verb=verb, select=Selection(names=names or ("mailer",)), args=args)


def ask(services: Services, asked: Request) -> Any:
    ((is_result, document),) = DirectClient(services).answers(asked)
    assert is_result
    return document


def test_what_a_service_answers_is_given_as_an_agent_gives_it() -> None:
    (answer,) = ask(Services(health={"status": "UP"}), request("health"))

    assert answer["answer"] == {"status": "UP"}
    assert (answer["ok"], answer["obliging"], answer["instance"]) == (True, True, "mailer")


def test_a_control_gives_what_became_of_it() -> None:
    (outcome,) = ask(Services(pause={"phase": "paused"}), request("pause", no_wait=False))

    assert (outcome["ok"], outcome["phase"], outcome["pid"]) == (True, "paused", 7)


@pytest.mark.parametrize(
    ("phase", "shown", "ready"),
    [("running", "running", True), ("draining", "stopping", False)],
)
def test_its_status_says_that_nobody_keeps_it(phase: str, shown: str, ready: bool) -> None:
    (row,) = ask(Services(about=ABOUT | {"phase": phase}), request("status"))

    assert (row["phase"], row["ready"], row["pid"]) == (shown, ready, 7)
    assert (row["reason"], row["status_text"]) == ("kept by nobody", "3 sent")


def test_a_control_that_is_refused_is_an_outcome_too() -> None:
    refused = Conflict("on_pause failed", hint="it goes on")

    (outcome,) = ask(Services(pause=refused), request("pause"))

    assert (outcome["ok"], outcome["problem"], outcome["hint"]) == (
        False,
        "on_pause failed",
        "it goes on",
    )


def test_a_reload_that_is_rejected_failed() -> None:
    rejected = {"verdict": "rejected", "mistakes": [{"problem": "no"}]}

    (outcome,) = ask(Services(reload=rejected), request("reload"))

    assert outcome["problem"] == "the new configuration is refused: no"


def test_an_argument_that_a_service_does_not_know_is_refused() -> None:
    with pytest.raises(UsageError, match="takes no loudly"):
        ask(Services(), request("stop", loudly=True))


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        (request("pause"), True),
        (request("config"), True),
        (request("apply"), False),
        (Request(verb="pause", select=Selection(all=True)), False),
        (Request(verb="pause", select=Selection(names=("a",), labels=("b=c",))), False),
    ],
)
def test_only_what_services_answer_and_only_by_name_is_for_them(
    asked: Request, known: bool
) -> None:
    assert DirectClient(Services()).knows(asked) is known


class Unreachable:
    """An agent that is not there."""

    def __enter__(self) -> Self:
        raise AgentUnreachable("no agent answers")

    def __exit__(self, *_: object) -> None: ...
    def ask(self, request: Request) -> object: ...
    def answers(self, request: Request) -> Any: ...


def everywhere(services: Services) -> Everywhere:
    direct = DirectClient(services)
    return Everywhere(
        agent=Unreachable,
        native=lambda _: None,
        direct=lambda asked: direct.answers(asked) if direct.knows(asked) else None,
    )


def test_who_is_kept_by_nobody_is_asked_itself() -> None:
    services = Services(pause={"phase": "paused"})

    everywhere(services).ask(request("pause"))

    assert services.asked == ["about", "pause"]


@pytest.mark.parametrize("asked", [request("pause", "web"), request("events")])
def test_where_nobody_answers_it_is_said_whom_we_asked_first(asked: Request) -> None:
    with pytest.raises(AgentUnreachable, match="no agent answers"):
        everywhere(Services()).ask(asked)
