"""The agent's door, with real sockets: whoever is at the other end, the agent lives on."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.engine.visits import MOST
from svcctl.errors import Conflict, Denied
from svcctl.ports import AuditEntry
from svcctl.server.local import LocalServer
from svcctl.system.posix.local_socket import SocketDoor
from svcctl.testing.fakes import FakeClock, FakeStore
from svcctl.wire import LONGEST, Request, Selection, encode_request

STATUS = encode_request(Request(verb="status"))
ONE = Selection(names=("web",))


class Audit:
    """Keeps which verbs were written down, and how they ended."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, str]] = []

    def record(self, entry: AuditEntry) -> None:
        self.outcomes.append((entry.verb, entry.outcome))


class Door:
    """A server whose verbs do what a test says."""

    def __init__(self, path: Path) -> None:
        self.address = str(path / "agent.sock")
        self.audit = Audit()
        self.deeds: dict[str, Deed] = dict.fromkeys((verb.name for verb in VERBS), self._plain)
        self.who: Callable[[socket.socket], str] = lambda _: "ann"

    async def _plain(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del args, emit
        return {"names": list(selection.names)}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.bind(self.address)
        everybody = Access(store=FakeStore(), specs=dict, owners=None)
        dispatch = Dispatch(self.deeds, authority=everybody, audit=self.audit, clock=FakeClock())
        async with LocalServer(dispatch, door=SocketDoor(listener, who_is=self.who)):
            yield

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[Visitor]:
        reader, writer = await asyncio.open_unix_connection(self.address, limit=2**26)
        try:
            yield Visitor(reader, writer)
        finally:
            writer.close()


class Visitor:
    """Somebody at the other end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, line: bytes) -> None:
        self._writer.write(line)

    def say_no_more(self) -> None:
        self._writer.write_eof()

    async def hear(self) -> dict[str, object]:
        line = await self._reader.readline()
        return cast("dict[str, object]", json.loads(line)) if line else {}

    async def ask(self, line: bytes) -> dict[str, object]:
        self.say(line)
        return await self.hear()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


async def until(condition: Callable[[], object]) -> None:
    """Let things happen until *condition* is true; the test has a deadline."""
    while not condition():
        await asyncio.sleep(0.002)


def problem(answer: dict[str, object]) -> object:
    return cast("dict[str, object]", answer["error"])["problem"]


async def test_a_request_is_answered(door: Door) -> None:
    async with door.open(), door.visit() as visitor:
        answer = await visitor.ask(encode_request(Request(verb="start", select=ONE, id=7)))

    assert answer == {"id": 7, "result": {"names": ["web"]}}


async def test_one_visitor_may_ask_again_and_again(door: Door) -> None:
    async with door.open(), door.visit() as visitor:
        for number in range(20):
            answer = await visitor.ask(encode_request(Request(verb="status", id=number)))
            assert answer["id"] == number


@pytest.mark.parametrize("line", [b"garbage\n", b"\n", b"{}\n", b"\x00\xff\n", b"[[[[\n"])
async def test_after_a_line_that_is_no_request_the_next_is_heard(door: Door, line: bytes) -> None:
    async with door.open(), door.visit() as visitor:
        assert "not a request" in str(problem(await visitor.ask(line)))

        assert "result" in await visitor.ask(STATUS)


@pytest.mark.parametrize(
    ("tell_begun", "items", "heard"),
    [(True, 0, [None]), (True, 1, [7]), (False, 0, []), (False, 1, [7])],
)
async def test_who_wants_to_know_is_told_once_that_it_has_begun(
    door: Door, tell_begun: bool, items: int, heard: list[object]
) -> None:
    async def follow(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        for _ in range(items):
            emit(7)
        await emit.room()
        await emit.room()
        return "over"

    door.deeds["logs"] = follow
    request = encode_request(Request(verb="logs", tell_begun=tell_begun))
    async with door.open(), door.visit() as visitor:
        visitor.say(request)
        answers = [await visitor.hear() for _ in range(len(heard) + 1)]

    assert answers == [*({"id": 1, "item": each} for each in heard), {"id": 1, "result": "over"}]


async def test_half_a_line_is_no_request(door: Door) -> None:
    async with door.open(), door.visit() as visitor:
        visitor.say(STATUS[:10])
        visitor.say_no_more()

        assert "not a request" in str(problem(await visitor.hear()))


async def test_an_expected_failure_is_told_with_its_hint(door: Door) -> None:
    async def fail(*_: object) -> object:
        raise Conflict("it runs", hint="stop it")

    door.deeds["start"] = fail
    async with door.open(), door.visit() as visitor:
        answer = await visitor.ask(encode_request(Request(verb="start", select=ONE)))

    assert answer["error"] == {
        "code": "SVC-1600",
        "problem": "it runs",
        "hint": "stop it",
        "mistakes": [],
    }


async def test_a_bug_in_a_verb_hurts_only_who_asked(door: Door) -> None:
    async def fail(*_: object) -> object:
        raise RuntimeError("secret detail")

    door.deeds["start"] = fail
    async with door.open(), door.visit() as visitor:
        answer = await visitor.ask(encode_request(Request(verb="start", select=ONE)))
        assert problem(answer) == "'start' failed inside the agent"

        assert "result" in await visitor.ask(STATUS)


async def test_an_answer_that_cannot_be_written_hurts_only_who_asked(door: Door) -> None:
    async def odd(*_: object) -> object:
        return {"what": object()}

    door.deeds["status"] = odd
    async with door.open(), door.visit() as visitor:
        assert problem(await visitor.ask(STATUS)) == "'status' failed inside the agent"

        assert "result" in await visitor.ask(encode_request(Request(verb="tree")))


async def test_who_may_not_enter_is_told_so(door: Door) -> None:
    def refuse(_: socket.socket) -> str:
        raise Denied("you are not ann")

    door.who = refuse
    async with door.open(), door.visit() as visitor:
        assert problem(await visitor.hear()) == "you are not ann"
        assert await visitor.hear() == {}

    assert door.audit.outcomes == [("connect", "asked"), ("connect", "SVC-1500")]


async def test_items_come_before_the_result(door: Door) -> None:
    async def tell(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        for number in range(3):
            emit(number)
        return "done"

    door.deeds["events"] = tell
    async with door.open(), door.visit() as visitor:
        visitor.say(encode_request(Request(verb="events")))
        heard = [await visitor.hear() for _ in range(4)]

    assert heard == [*({"id": 1, "item": each} for each in range(3)), {"id": 1, "result": "done"}]


class Slow:
    """A deed that goes on until it is let go, and says what became of it."""

    def __init__(self) -> None:
        self.begun, self.free = asyncio.Event(), asyncio.Event()
        self.end = ""

    async def __call__(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        self.begun.set()
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.end = "given up"
            raise
        self.end = "carried through"
        return "done"


async def test_a_look_is_given_up_when_the_asker_hangs_up(door: Door) -> None:
    slow = Slow()
    door.deeds["logs"] = slow
    async with door.open():
        async with door.visit() as visitor:
            visitor.say(encode_request(Request(verb="logs")))
            await slow.begun.wait()

        await until(lambda: slow.end)

    assert slow.end == "given up"


async def test_a_change_is_carried_through_though_the_asker_hangs_up(door: Door) -> None:
    slow = Slow()
    door.deeds["stop"] = slow
    async with door.open():
        async with door.visit() as visitor:
            visitor.say(encode_request(Request(verb="stop", select=ONE)))
            await slow.begun.wait()
        slow.free.set()

        await until(lambda: slow.end)

    assert slow.end == "carried through"
    assert door.audit.outcomes == [("stop", "asked"), ("stop", "done")]


async def test_a_change_under_way_is_answered_before_the_door_is_closed(door: Door) -> None:
    slow = Slow()
    door.deeds["stop"] = slow
    async with door.open():
        reader, writer = await asyncio.open_unix_connection(door.address)
        writer.write(encode_request(Request(verb="stop", select=ONE)))
        await slow.begun.wait()
        asyncio.get_running_loop().call_later(0.01, slow.free.set)

    assert json.loads(await reader.readline()) == {"id": 1, "result": "done"}
    writer.close()


async def test_a_reader_that_does_not_read_loses_items_and_nothing_else(door: Door) -> None:
    async def flood(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        for number in range(40):
            emit([number, "x" * 2**20])
        return "done"

    door.deeds["events"] = flood
    async with door.open(), door.visit() as visitor:
        visitor.say(encode_request(Request(verb="events")))
        numbers = []
        while "item" in (answer := await visitor.hear()):
            numbers.append(cast("list[int]", answer["item"])[0])

    assert answer["result"] == "done"
    assert numbers == sorted(numbers)
    assert 0 < len(numbers) < 40


async def test_a_visitor_who_says_nothing_keeps_nobody_waiting(door: Door) -> None:
    async with door.open(), door.visit(), door.visit() as visitor:
        assert "result" in await visitor.ask(STATUS)


async def test_a_visitor_who_asks_for_nothing_makes_place_for_others(door: Door) -> None:
    async with door.open(), AsyncExitStack() as stack:
        first = await stack.enter_async_context(door.visit())
        assert "result" in await first.ask(STATUS)
        crowd = [await stack.enter_async_context(door.visit()) for _ in range(MOST - 1)]
        for each in crowd:
            assert "result" in await each.ask(STATUS)

        late = await stack.enter_async_context(door.visit())

        assert "result" in await late.ask(STATUS)
        assert await first.hear() == {}
        assert "result" in await crowd[0].ask(STATUS)


async def test_where_all_are_busy_nobody_is_turned_out(door: Door) -> None:
    slow = Slow()
    door.deeds["logs"] = slow
    async with door.open(), AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(door.visit()) for _ in range(MOST)]
        for number, each in enumerate(crowd):
            each.say(encode_request(Request(verb="logs", id=number)))
        await slow.begun.wait()
        late = await stack.enter_async_context(door.visit())

        assert problem(await late.hear()) == "too many others are connected"
        slow.free.set()
        assert [(await each.hear())["result"] for each in crowd] == ["done"] * MOST


@pytest.mark.slow
async def test_a_visitor_who_does_not_read_makes_place_and_its_look_is_given_up(door: Door) -> None:
    async def flood(selection: Selection, args: Arguments, emit: Emit) -> object:
        emit("x" * 2**19)
        return await slow(selection, args, emit)

    slow = Slow()
    door.deeds["logs"] = flood
    async with door.open(), AsyncExitStack() as stack:
        for _ in range(MOST):
            each = await stack.enter_async_context(door.visit())
            each.say(encode_request(Request(verb="logs")))
        await slow.begun.wait()
        late = await stack.enter_async_context(door.visit())

        assert "result" in await late.ask(STATUS)
        await until(lambda: slow.end)

    assert slow.end == "given up"


async def test_a_request_without_an_end_is_refused_and_the_next_visitor_heard(door: Door) -> None:
    async with door.open(), door.visit() as greedy, door.visit() as visitor:
        greedy.say(b"x" * (LONGEST + 2**20))

        assert "more than 16 MiB" in str(problem(await greedy.hear()))
        assert "result" in await visitor.ask(STATUS)


async def test_requests_may_be_sent_before_earlier_ones_are_answered(door: Door) -> None:
    verbs = ["status", "start", "status", "stop"] * 10
    requests = [
        encode_request(Request(verb=verb, select=ONE, id=number))
        for number, verb in enumerate(verbs)
    ]
    async with door.open(), door.visit() as visitor:
        visitor.say(b"".join(requests))
        answers = [await visitor.hear() for _ in verbs]

    assert answers == [{"id": n, "result": {"names": ["web"]}} for n in range(len(verbs))]


async def test_what_somebody_else_has_refused_is_only_written_down(door: Door) -> None:
    refused = {
        "verb": "refused",
        "args": {"verb": "stop", "error": {"code": "SVC-1500", "problem": "not ours", "hint": ""}},
        "select": {"names": ["web"]},
    }
    async with door.open(), door.visit() as visitor:
        answer = await visitor.ask(json.dumps(refused).encode() + b"\n")

    assert answer == {"id": 1, "result": None}
    assert door.audit.outcomes == [("stop", "asked"), ("stop", "SVC-1500")]


@pytest.mark.parametrize("args", [{}, {"verb": "stop"}, {"verb": 1, "error": {}}])
async def test_a_refusal_of_nothing_is_no_request(door: Door, args: dict[str, object]) -> None:
    line = json.dumps({"verb": "refused", "args": args}).encode() + b"\n"
    async with door.open(), door.visit() as visitor:
        answer = await visitor.ask(line)

    assert "not said what was refused" in str(problem(answer))
    assert door.audit.outcomes == []
