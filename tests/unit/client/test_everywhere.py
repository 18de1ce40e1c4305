"""One client for those the agent keeps and those kept natively: who is asked, and what comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Self

import pytest

from svcctl.client.everywhere import Everywhere, Split
from svcctl.client.merged import combined
from svcctl.errors import AgentUnreachable, UnknownService
from svcctl.wire import Request, Selection

Answers = Iterator[tuple[bool, object]]


class Asked:
    """A side that answers what a test says, and remembers what it was asked."""

    def __init__(self, *answers: tuple[bool, object], fails: Exception | None = None) -> None:
        self.given, self.fails = answers, fails
        self.requests: list[Request] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        del exc

    def ask(self, request: Request) -> object:
        return [document for is_result, document in self.answers(request) if is_result][-1]

    def answers(self, request: Request) -> Answers:
        self.requests.append(request)
        if self.fails:
            raise self.fails
        yield from self.given


class Native(Asked):
    """The native side, which keeps the service ``native``."""

    def split(self, request: Request) -> Split:
        names = request.select.names
        theirs = tuple(each for each in names if each != "native")
        mine = replace(request, select=Selection(names=("native",)))
        return Split(
            native=mine if "native" in names or not names else None,
            agent=replace(request, select=Selection(names=theirs)) if theirs or not names else None,
            doubtful=not names,
        )


def row(name: str) -> dict[str, object]:
    return {"service": name, "instance": name}


def everywhere(agent: Asked, native: Native | None) -> Everywhere:
    return Everywhere(agent=lambda: agent, native=lambda _: native)


def test_without_native_services_the_agent_alone_is_asked() -> None:
    agent = Asked((True, [row("web")]))

    found = everywhere(agent, None).ask(Request(verb="status"))

    assert found == [row("web")]


def test_a_name_goes_to_whoever_keeps_it() -> None:
    agent, native = Asked((True, [])), Native((True, [row("native")]))

    found = everywhere(agent, native).ask(
        Request(verb="start", select=Selection(names=("native",)))
    )

    assert found == [row("native")]
    assert agent.requests == []


def test_names_of_both_are_asked_of_both_and_come_as_one_list() -> None:
    agent, native = Asked((True, [row("web"), row("alpha")])), Native((True, [row("native")]))
    request = Request(verb="stop", select=Selection(names=("web", "native", "alpha")))

    found = everywhere(agent, native).ask(request)

    assert found == [row("alpha"), row("native"), row("web")]
    assert agent.requests[0].select.names == ("web", "alpha")
    assert native.requests[0].select.names == ("native",)


@pytest.mark.parametrize("error", [AgentUnreachable("no agent"), UnknownService("none")])
def test_who_means_everything_does_not_need_an_agent(error: Exception) -> None:
    agent, native = Asked(fails=error), Native((True, [row("native")]))

    found = everywhere(agent, native).ask(Request(verb="status"))

    assert found == [row("native")]


def test_who_names_a_service_of_the_agent_does_need_one() -> None:
    agent, native = Asked(fails=AgentUnreachable("no agent")), Native((True, []))
    request = Request(verb="stop", select=Selection(names=("web", "native")))

    with pytest.raises(AgentUnreachable):
        everywhere(agent, native).ask(request)


def test_what_is_about_the_agent_is_never_asked_of_anyone_else() -> None:
    agent, native = Asked((True, {"pid": 1})), Native((True, {}))

    found = everywhere(agent, native).ask(Request(verb="agent-status"))

    assert found == {"pid": 1}
    assert native.requests == []


def test_lines_of_both_come_in_the_order_of_their_time() -> None:
    agent = Asked((False, {"at": 1.0}), (False, {"at": 3.0}), (True, {"lines": 2}))
    native = Native((False, {"at": 2.0}), (True, {"lines": 1}))

    found = list(everywhere(agent, native).answers(Request(verb="logs")))

    assert [document for is_result, document in found if not is_result] == [
        {"at": 1.0},
        {"at": 2.0},
        {"at": 3.0},
    ]
    assert found[-1] == (True, {"lines": 3})


@pytest.mark.parametrize("verb", ["logs", "events"])
def test_as_many_items_as_asked_for_are_the_last_of_both(verb: str) -> None:
    def item(at: float) -> tuple[bool, object]:
        return False, {"at": at, "kind": "x", "instance": "x"}

    agent = Asked(item(1.0), item(3.0), (True, {verb: 2}))
    native = Native(item(2.0), item(4.0), (True, {verb: 2}))

    found = list(everywhere(agent, native).answers(Request(verb=verb, args={"lines": 2})))

    assert found == [item(3.0), item(4.0), (True, {verb: 2})]


def test_sums_of_both_have_no_time_to_be_ordered_by() -> None:
    agent = Asked((False, {"service": "web"}), (True, {}))
    native = Native((False, {"service": "native"}), (True, {}))
    request = Request(verb="logs", args={"stats": True, "lines": 1})

    *items, _ = everywhere(agent, native).answers(request)

    assert len(items) == 2


def test_who_follows_gets_lines_of_both() -> None:
    agent = Asked((False, {"at": 1.0}), (True, {"lines": 1}))
    native = Native((False, {"at": 2.0}), (True, {"lines": 1}))
    request = Request(verb="logs", args={"follow": True})

    found = list(everywhere(agent, native).answers(request))

    assert sorted(str(document) for is_result, document in found if not is_result) == [
        "{'at': 1.0}",
        "{'at': 2.0}",
    ]


def test_plans_of_both_are_one_plan() -> None:
    first = {"plan": [row("b")], "outcomes": []}
    second = {"plan": [row("a")], "outcomes": [row("a")]}

    assert combined([first, second]) == {
        "plan": [row("b"), row("a")],
        "outcomes": [row("a")],
    }


def test_trees_of_both_are_one_tree() -> None:
    assert combined([{"services": {"a": 1}}, {"services": {"b": 2}}]) == {
        "services": {"a": 1, "b": 2}
    }


def event(at: float, kind: str = "PhaseChanged") -> dict[str, object]:
    return {"at": at, "kind": kind, "service": "native", "instance": "native"}


def test_an_event_that_a_host_and_the_agent_wrote_down_comes_once() -> None:
    hosts = [(False, event(1.0)), (False, event(2.0)), (True, {"events": 2})]
    agents = [(False, event(1.0)), (False, event(1.5, "AlertRaised")), (True, {"events": 2})]
    asked = everywhere(Asked(*agents), Native(*hosts))

    found = list(asked.answers(Request(verb="events", select=Selection(names=("native", "web")))))

    assert found == [
        (False, event(1.0)),
        (False, event(1.5, "AlertRaised")),
        (False, event(2.0)),
        (True, {"events": 3}),
    ]
