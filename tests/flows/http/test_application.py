"""HTTP as clients meet it: real requests to a real server before a real dispatch."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.errors import Conflict
from svcctl.server.http.routes import routes
from svcctl.wire import Selection
from tests.flows.http.asking import line_to
from tests.flows.http.stand import Stand, ask, bearer_of, told

pytestmark = pytest.mark.slow


def test_every_route_reaches_its_verb(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        for route in routes():
            answer = await ask(client, route)
            assert (route.path, answer.status_code) == (route.path, 200), answer.text
            assert stand.came == [route.verb.name]
            stand.came.clear()

    told(stand, story)


def test_queries_and_bodies_give_the_same_arguments(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        by_query = await client.get(
            "/v1/wait", params={"service": ["web", "db"], "condition": "ready", "timeout": "1m"}
        )
        by_path = await client.post("/v1/services/web/stop", json={"timeout": "90s"})

        assert by_query.json()["result"]["names"] == ["web", "db"]
        assert by_query.json()["result"]["args"] == {"condition": "ready", "timeout": 60.0}
        assert by_path.json()["result"]["names"] == ["web"]
        assert by_path.json()["result"]["args"]["timeout"] == 90.0

    told(stand, story)


@pytest.mark.parametrize(
    ("line", "body", "status", "word"),
    [
        ("GET /v1/nothing", "", 404, "is nothing that can be asked for"),
        ("DELETE /v1/services/web", "", 405, "is nothing that can be asked for"),
        ("POST /v1/services/web/stop", "{", 400, "is not JSON"),
        ("POST /v1/services/web/stop", "[]", 400, "no JSON object"),
        ("POST /v1/services/web/stop", '{"tiemout": "1s"}', 400, "no argument 'tiemout'"),
        ("POST /v1/services/web/stop", '{"timeout": "soon"}', 400, "is not a duration"),
        ("POST /v1/services/web/stop", '{"service": "db"}', 400, "is about one service"),
        ("POST /v1/stop", "{}", 400, "needs to know which services"),
        ("POST /v1/services/web/stop?force=1", "", 400, "in the body"),
        ("GET /v1/logs?lines=many", "", 400, "not a whole number"),
        ("GET /v1/logs?lines=1_0", "", 400, "not a whole number"),
        ("POST /v1/stop", '{"all": 1}', 400, "neither true nor false"),
        ("GET /v1/logs?lines=1&lines=2", "", 400, "is given 2 times"),
        ("GET /v1/logs?follow=true", "", 400, "has no end"),
        ("POST /v1/token-rotate", "{}", 404, "is nothing that can be asked for"),
    ],
)
def test_a_mistake_is_a_problem_document_and_changes_nothing(
    stand: Stand, line: str, body: str, status: int, word: str
) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        answer = await client.request(
            *line.split(" "), content=body, headers={"x-request-id": "r-7"}
        )

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert word in answer.json()["detail"]
        assert answer.json()["status"] == status
        assert answer.json()["request_id"] == "r-7"
        assert stand.came == []

    told(stand, story)


def test_a_body_without_end_is_refused(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/services/web/stop", content=b" " * (1024 * 1024 + 1))

        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert stand.came == []

    told(stand, story)


def test_a_body_that_is_announced_to_be_too_long_is_not_asked_for(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del client
        async with line_to(stand.port) as line:
            announced = {"expect": "100-continue", "content-length": "10000000"}
            headers = bearer_of(stand.token()) | announced
            answer = await line.ask("POST", "/v1/services/web/stop", headers)

        assert answer.status == 413

    told(stand, story)


@pytest.mark.parametrize("path", ["/health", "/v1/status", "/nowhere"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_every_answer_says_which_request_it_is_of_and_is_kept_by_nobody(
    stand: Stand, method: str, path: str
) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.request(method, path, headers={"x-request-id": "r-7"})

        assert answer.headers["x-request-id"] == "r-7"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"

    told(stand, story)


def test_who_shows_what_does_not_hold_is_told_that_it_does_not(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        wrong = await client.get("/v1/status", headers=bearer_of("x"))
        async with line_to(stand.port) as line:
            nothing = await line.ask("GET", "/v1/status")

        assert wrong.headers["www-authenticate"] == 'Bearer realm="svcctl", error="invalid_token"'
        assert nothing.headers["www-authenticate"] == 'Bearer realm="svcctl"'

    told(stand, story)


def test_an_error_of_the_verb_keeps_its_code(stand: Stand) -> None:
    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        raise Conflict("it is being reloaded", hint="wait")

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.post("/v1/services/web/stop")

        assert answer.status_code == 409
        assert answer.json()["code"] == "SVC-1600"
        assert answer.json()["hint"] == "wait"
        assert answer.headers["x-request-id"] == answer.json()["request_id"]

    stand.deeds["stop"] = stop
    told(stand, story)


def test_who_does_not_wait_is_told_where_to_ask(stand: Stand) -> None:
    goes_on = asyncio.Event()

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        await goes_on.wait()
        return "stopped"

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.post("/v1/services/web/stop", params={"wait": "false"})
        where = answer.headers["location"]
        running = (await client.get(where)).json()
        goes_on.set()
        while (over := (await client.get(where)).json())["state"] == "running":
            pass
        unknown = await client.get("/v1/operations/other")

        assert answer.status_code == 202
        assert (running["state"], running["verb"]) == ("running", "stop")
        assert (over["state"], over["result"]) == ("done", "stopped")
        assert unknown.status_code == 404

    stand.deeds["stop"] = stop
    told(stand, story)


def test_items_come_as_a_list_or_as_a_stream_that_can_be_taken_up_again(stand: Stand) -> None:
    asked: list[object] = []

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection
        after = args.integer("after") or 0
        asked.append(after)
        for number in range(after + 1, 4):
            emit({"number": number, "event": "line\nend"})
        return {"events": 3 - after}

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        listed = (await client.get("/v1/events")).json()
        stream = {"accept": "text/event-stream"}
        whole = await client.get("/v1/events", headers=stream)
        rest = await client.get("/v1/events", headers=stream | {"last-event-id": "2"})
        wrong = await client.get("/v1/events", headers=stream | {"last-event-id": "x"})

        assert [each["number"] for each in listed["items"]] == [1, 2, 3]
        assert [each[0] for each in _events(whole.text)] == ["item", "item", "item", "end"]
        assert _events(rest.text) == [
            ("item", {"number": 3, "event": "line\nend"}),
            ("end", {"events": 1}),
        ]
        assert "id: 3\n" in rest.text
        assert wrong.status_code == 400
        assert asked == [0, 0, 2]

    stand.deeds["events"] = events
    told(stand, story)


def test_a_reader_that_hangs_up_ends_the_verb(stand: Stand) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        try:
            emit({"at": 1.0, "text": "first"})
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        params, accept = {"follow": "true"}, {"accept": "text/event-stream"}
        async with client.stream("GET", "/v1/logs", params=params, headers=accept) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    break
            await begun.wait()
        await ended.wait()

    stand.deeds["logs"] = logs
    told(stand, story)


def test_requests_share_a_conversation_unless_they_come_at_once(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        for _ in range(5):
            await client.get("/v1/services")
        assert stand.conversations == 1

        answers = await asyncio.gather(*(client.get("/v1/services") for _ in range(20)))
        assert {each.status_code for each in answers} == {200}
        assert stand.conversations <= 20

    told(stand, story)


def test_it_describes_itself(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        described = (await client.get("/v1/openapi.json")).json()
        alive = await client.get("/health", headers={"authorization": ""})

        paths = {
            (method.upper(), path) for path, each in described["paths"].items() for method in each
        }
        ids = [
            each["operationId"] for path in described["paths"].values() for each in path.values()
        ]
        assert {(route.method, route.path) for route in routes()} <= paths
        assert len(ids) == len(set(ids))
        assert alive.json() == {"status": "ok"}

    told(stand, story)


def _events(text: str) -> list[tuple[str, object]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")
        )
        if "event" in fields:  # else it says when to come back
            found.append((fields["event"], json.loads(fields["data"])))
    return found
