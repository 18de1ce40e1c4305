"""A change that takes its time is looked after to its end, and its progress is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.client.http import HttpClient
from svcctl.errors import Conflict, Denied
from svcctl.wire import Request, Selection
from tests.flows.remote.conftest import Elsewhere

pytestmark = [pytest.mark.slow, pytest.mark.posix]

STOP = Request(verb="stop", select=Selection(names=("web",)))


@pytest.fixture
def slow(closed: Elsewhere) -> Iterator[Elsewhere]:
    """Give a server where a stop lasts until a second look at what happened."""
    looked = asyncio.Event()
    looks = iter((1, 3, 3))

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        await looked.wait()
        return ["stopped"]

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        assert selection.names == ("web",)
        assert args.text("since")
        known = next(looks, 3)
        for number in (7, 8, 9)[:known]:
            if number > (args.integer("after") or 0):
                emit({"number": number, "at": 1.5, "kind": "PhaseChanged", "instance": "web"})
        if known == 3:
            looked.set()
        return {}

    closed.stand.deeds |= {"stop": stop, "events": events}
    closed.begin()
    yield closed
    closed.end()


def client_of(elsewhere: Elsewhere, role: str = "admin") -> HttpClient:
    token = elsewhere.stand.token(role=role)
    return HttpClient(elsewhere.remote, token=lambda: token)


def test_its_progress_is_told_on_the_way_each_event_once(slow: Elsewhere) -> None:
    *items, (is_result, result) = client_of(slow).answers(STOP)

    numbers = [item["number"] for _, item in items if isinstance(item, dict)]
    assert numbers == [7, 8, 9]
    assert (is_result, result) == (True, ["stopped"])


def test_who_may_see_no_events_is_told_the_outcome(closed: Elsewhere) -> None:
    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        await asyncio.sleep(1.5)
        return ["stopped"]

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        raise Denied("not you")

    closed.stand.deeds |= {"stop": stop, "events": events}
    closed.begin()

    found = list(client_of(closed).answers(STOP))
    closed.end()

    assert found == [(True, ["stopped"])]


@pytest.mark.parametrize("patience", [0.0, 1.5])
def test_its_failure_is_the_same_error_sooner_or_later(patience: float, closed: Elsewhere) -> None:
    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        await asyncio.sleep(patience)
        raise Conflict("it is being reloaded", hint="wait")

    closed.stand.deeds["stop"] = stop
    closed.begin()

    with pytest.raises(Conflict, match="it is being reloaded") as caught:
        client_of(closed).ask(STOP)
    closed.end()

    assert caught.value.hint == "wait"
