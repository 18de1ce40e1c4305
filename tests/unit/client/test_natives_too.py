"""Who asks an agent from elsewhere reaches the services of native managers, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from svcctl.app.arguments import check
from svcctl.app.natives import KeptNatively, Natives
from svcctl.app.verbs import find
from svcctl.app.waiting import Emit
from svcctl.client.everywhere import Split, part
from svcctl.client.natives_too import NativesToo
from svcctl.errors import AgentUnreachable, TimedOut, UnknownService
from svcctl.spec.service import ServiceSpec
from svcctl.system.clock import SystemClock
from svcctl.wire import Request, Selection

Answer = Callable[[Request], list[tuple[bool, object]]]


class Taken(list[object]):
    """Takes items."""

    def __call__(self, item: object) -> None:
        self.append(item)

    async def room(self) -> None:
        """Always."""


class Machine:
    """A machine on which the native manager keeps ``native``, and the agent ``own``."""

    def __init__(
        self, *, answer: Answer, host: Callable[[Request], list[Any]] | None = None
    ) -> None:
        self._answer, self._host = answer, host
        self.asked: list[Request] = []
        self.own: list[tuple[str, tuple[str, ...]]] = []
        self.natives = Natives()
        spec = ServiceSpec(name="native", exec=("/bin/app",))
        self.natives.know({"native": KeptNatively(spec=spec, revision="1", hosted=True)})

    def split(self, request: Request) -> Split:
        theirs = [name for name in request.select.names if name != "native"]
        mine = request.select.all or "native" in request.select.names
        return Split(
            native=part(request, "native") if mine else None,
            agent=part(request, *theirs) if theirs or request.select.all else None,
            doubtful=request.select.all,
        )

    def carried_out(self, request: Request) -> Any:
        self.asked.append(request)
        yield from self._answer(request)

    @asynccontextmanager
    async def converse(self, _: str) -> AsyncIterator[Any]:
        if self._host is None:
            raise AgentUnreachable("no host")
        yield SimpleNamespace(answers=self._answers)

    async def _answers(self, request: Request) -> AsyncGenerator[tuple[bool, object]]:
        assert self._host is not None
        self.asked.append(request)
        for each in self._host(request):
            if isinstance(each, Exception):
                raise each
            yield each

    def ask(self, verb: str, *names: str, emit: Emit | None = None, **given: object) -> object:
        """Give what an asker from elsewhere gets."""

        async def own(selection: Selection, args: object, each: Emit) -> object:
            del args
            self.own.append((verb, selection.names))
            if not selection.names or selection.names == ("nobody",):
                raise UnknownService("the agent has none")
            each({"at": 2.0, "text": "own"})
            return {"lines": 1} if verb == "logs" else [{"service": "own"}]

        too = NativesToo(
            self.natives,
            native=lambda: self,  # type: ignore[arg-type, return-value]
            converse=self.converse,
            clock=SystemClock(),
        )
        known = find(verb)
        assert known is not None
        deed = too.deeds({verb: own})[verb]
        selection = Selection(names=names, all=not names)
        return asyncio.run(deed(selection, check(known, given), Taken() if emit is None else emit))  # type: ignore[arg-type]


def line(at: float, text: str, **more: object) -> tuple[bool, object]:
    return False, {"at": at, "text": text, **more}


def test_what_names_both_is_asked_of_both() -> None:
    machine = Machine(answer=lambda _: [(True, [{"service": "native"}])])

    assert machine.ask("restart", "native", "own", timeout=5.0) == [
        {"service": "native"},
        {"service": "own"},
    ]
    assert [(each.verb, each.select.names) for each in machine.asked] == [("restart", ("native",))]
    assert machine.asked[0].args["timeout"] == 5.0
    assert machine.own == [("restart", ("own",))]


def test_an_agent_that_keeps_nothing_itself_says_how_the_others_are() -> None:
    machine = Machine(answer=lambda _: [(True, [{"service": "native"}])])

    assert machine.ask("status") == [{"service": "native"}]


def test_a_name_that_nothing_has_is_an_error_of_the_agents() -> None:
    machine = Machine(answer=lambda _: [(True, [])])

    with pytest.raises(UnknownService):
        machine.ask("stop", "nobody")


def test_what_the_agent_alone_knows_is_asked_of_nobody_else() -> None:
    machine = Machine(answer=lambda _: [(True, [])])

    machine.ask("events", "native")

    assert machine.asked == []


def test_who_waits_holds_no_thread_for_longer_than_a_moment() -> None:
    def answer(_: Request) -> list[tuple[bool, object]]:
        if len(machine.asked) < 3:
            raise TimedOut("not yet")
        return [(True, [{"service": "native"}])]

    machine = Machine(answer=answer)

    assert machine.ask("wait", "native", timeout=60.0) == [{"service": "native"}]
    assert all(0 < float(str(each.args["timeout"])) <= 2.0 for each in machine.asked)


def test_who_waits_in_vain_is_told() -> None:
    def answer(_: Request) -> list[tuple[bool, object]]:
        raise TimedOut("not yet")

    with pytest.raises(TimedOut):
        Machine(answer=answer).ask("wait", "native", timeout=0.0)


def test_lines_of_both_come_in_the_order_of_their_time() -> None:
    taken = Taken()
    machine = Machine(
        answer=lambda _: [], host=lambda _: [line(1, "a"), line(3, "b"), (True, {"lines": 2})]
    )

    found = machine.ask("logs", "native", "own", emit=taken)

    assert [each["text"] for each in taken] == ["a", "own", "b"]  # type: ignore[index]
    assert found == {"lines": 3}


def test_as_many_lines_as_asked_for_are_the_last_of_all() -> None:
    taken = Taken()
    machine = Machine(
        answer=lambda _: [], host=lambda _: [line(1, "a"), line(3, "b"), (True, {"lines": 2})]
    )

    found = machine.ask("logs", "native", "own", emit=taken, lines=2)

    assert [each["text"] for each in taken] == ["own", "b"]  # type: ignore[index]
    assert found == {"lines": 2}


def test_lines_are_read_from_the_files_where_no_host_runs() -> None:
    taken = Taken()
    machine = Machine(answer=lambda _: [line(1, "a"), (True, {"lines": 1})])

    assert machine.ask("logs", "native", emit=taken) == {"lines": 1}
    assert [each["text"] for each in taken] == ["a"]  # type: ignore[index]


def test_who_follows_goes_on_where_it_was_when_the_host_comes_back() -> None:
    class Enough(Exception):
        """All was seen."""

    def host(request: Request) -> list[Any]:
        if "after" not in request.args:
            return [line(1, "a", place="native/stdout=1.2"), AgentUnreachable("it is restarted")]
        return [line(2, "b", place="native/stdout=1.4"), Enough()]

    taken = Taken()
    machine = Machine(answer=lambda _: [], host=host)

    with pytest.raises(Enough):
        machine.ask("logs", "native", emit=taken, follow=True, lines=5)

    assert taken == [{"at": 1, "text": "a"}, {"at": 2, "text": "b"}]
    first, second = (each.args for each in machine.asked)
    assert (first["lines"], first["follow"], first["places"]) == (5, True, True)
    assert second["after"] == "native/stdout=1.2"
    assert "lines" not in second


def test_who_follows_is_told_that_it_has_begun_before_there_is_a_host() -> None:
    class Enough(Exception):
        """It was told."""

    class Told(Taken):
        async def room(self) -> None:
            raise Enough

    machine = Machine(answer=lambda _: [])

    with pytest.raises(Enough):
        machine.ask("logs", "native", emit=Told(), follow=True, lines=0)

    assert machine.asked == []


def test_where_lines_stand_is_told_who_asked_for_it_about_one_service() -> None:
    def host(_: Request) -> list[Any]:
        return [line(1, "a", place="native/stdout=1.2"), (True, {"lines": 1})]

    alone, several = Taken(), Taken()
    Machine(answer=lambda _: [], host=host).ask("logs", "native", emit=alone, places=True)
    Machine(answer=lambda _: [], host=host).ask("logs", "native", "own", emit=several, places=True)

    assert alone == [{"at": 1, "text": "a", "place": "native/stdout=1.2"}]
    assert several == [{"at": 1, "text": "a"}, {"at": 2.0, "text": "own"}]
