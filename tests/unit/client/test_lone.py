"""A service without a host answers where the host of another one would."""

from __future__ import annotations

import pytest

from svcctl.client.direct import DirectClient
from svcctl.client.lone import LoneClient
from svcctl.errors import AgentUnreachable, UnknownService
from svcctl.wire import Request, Selection


def ask(name: str, request: Request) -> object:
    if name != "mailer":
        raise UnknownService(f"no service {name!r}")
    standing = {"service": name, "instance": name, "phase": "running", "pid": 7}
    return standing if request.verb == "about" else {"phase": "paused"}


def test_it_answers_in_the_words_of_a_host() -> None:
    request = Request(verb="pause", select=Selection(names=("mailer",)))

    with LoneClient(DirectClient(ask)) as client:
        outcomes = client.ask(request)

    assert isinstance(outcomes, list)
    (outcome,) = outcomes
    assert (outcome["ok"], outcome["phase"], outcome["pid"]) == (True, "paused", 7)


def test_who_does_not_run_is_out_of_reach_as_a_host_would_be() -> None:
    request = Request(verb="about", select=Selection(names=("web",)))

    with LoneClient(DirectClient(ask)) as client, pytest.raises(AgentUnreachable, match="web"):
        client.ask(request)
