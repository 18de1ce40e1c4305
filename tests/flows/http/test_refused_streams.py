"""A stream that is refused is refused as any other request is: by its status, before it begins."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.errors import Conflict, LimitReached, SvcctlError, UnknownService, UsageError
from svcctl.server.http import streams
from svcctl.wire import Selection
from tests.flows.http.stand import Stand, bearer_of, told

pytestmark = pytest.mark.slow

LOGS = "/v1/services/web/logs?follow=true&lines=0"
STREAM = {"accept": "text/event-stream"}


@pytest.fixture
def at_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody who says nothing be taken for somebody who has begun."""
    monkeypatch.setattr(streams, "PATIENCE", 3600.0)


def _insist_on_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)


@pytest.mark.usefixtures("at_length")
@pytest.mark.parametrize("path", [LOGS, "/v1/services/web/events?follow=true"])
def test_who_may_not_look_is_told_so_before_the_stream(stand: Stand, path: str) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        nobody = STREAM | bearer_of(stand.token("eve", role=""))

        denied = await client.get(path, headers=nobody)
        unknown = await client.get(path, headers=STREAM | bearer_of("a.b.c"))
        head = await client.head(path, headers=nobody)

        _insist_on_problem(denied, 403, "SVC-1500")
        _insist_on_problem(unknown, 401, "SVC-1501")
        assert head.status_code == 403
        assert stand.came == []

    told(stand, story)


@pytest.mark.usefixtures("at_length")
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownService("no service 'web'"), 404),
        (Conflict("it is being removed"), 409),
        (UsageError("'since' is no time"), 400),
        (LimitReached("too many look at it"), 503),
    ],
    ids=["unknown", "conflict", "usage", "limit"],
)
def test_what_the_agent_answers_first_is_the_status(
    stand: Stand, error: SvcctlError, status: int
) -> None:
    async def fail(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        raise error

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        _insist_on_problem(await client.get(LOGS, headers=STREAM), status, error.code)

    stand.deeds["logs"] = fail
    told(stand, story)


@pytest.mark.usefixtures("at_length")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_stream_that_has_nothing_to_tell_begins_at_once(stand: Stand, method: str) -> None:
    ended = asyncio.Event()

    async def follow(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        await emit.room()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        async with client.stream(method, LOGS, headers=STREAM) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
        await ended.wait()  # who hangs up, or asked for the head alone, is followed by nobody

    stand.deeds["logs"] = follow
    told(stand, story)


@pytest.mark.usefixtures("at_length")
def test_who_hangs_up_before_it_begins_is_followed_by_nobody(stand: Stand) -> None:
    came, begins, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def follow(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        came.set()
        try:
            await begins.wait()
            await emit.room()
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        asking = asyncio.ensure_future(client.get(LOGS, headers=STREAM))
        await came.wait()
        asking.cancel()
        await asyncio.wait({asking})
        begins.set()
        await ended.wait()

    stand.deeds["logs"] = follow
    told(stand, story)


def test_an_agent_that_does_not_say_that_it_has_begun_is_not_waited_for(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = asyncio.Event()

    async def follow(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        await goes_on.wait()
        raise Conflict("it was removed")

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        async with client.stream("GET", LOGS, headers=STREAM) as answer:
            goes_on.set()
            said = (await answer.aread()).decode()
        assert answer.status_code == 200
        assert "event: error" in said
        assert Conflict.code in said

    monkeypatch.setattr(streams, "PATIENCE", 0.01)
    stand.deeds["logs"] = follow
    told(stand, story)
