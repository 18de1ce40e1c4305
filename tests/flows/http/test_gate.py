"""Every path, with everything that does not show who asks: none lets anybody in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.verb import Role
from svcctl.app.waiting import Emit
from svcctl.auth.tokens import issue
from svcctl.server.http.routes import routes
from svcctl.wire import Selection
from tests.flows.http.stand import Stand, ask, bearer_of, told

pytestmark = pytest.mark.slow


def _expired(stand: Stand) -> str:
    then = stand.clock.now() - 3_600
    return issue(stand.ring, "ann", roles=["admin"], lifetime=60, now=then).text


def _revoked(stand: Stand) -> str:
    now = stand.clock.now()
    token = issue(stand.ring, "ann", roles=["admin"], lifetime=60, now=now)
    stand.revocations.revoke(token.id, until=token.expires_at, now=now)
    return token.text


def _cut(stand: Stand) -> str:
    return stand.token()[:-4]


def _of_another_host(stand: Stand) -> str:
    return Stand(Path(stand.agent).parent).token()


@pytest.mark.parametrize("bad", [_expired, _revoked, _cut, _of_another_host])
def test_no_path_takes_a_token_that_does_not_hold(
    stand: Stand, bad: Callable[[Stand], str]
) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        told_of = set()
        for route in routes():
            answer = await ask(client, route, **bearer_of(bad(stand)))
            told_of.add((answer.status_code, answer.headers["content-type"]))
            assert stand.came == []
        kind = "application/problem+json"
        assert (401, kind) in told_of
        assert told_of <= {(401, kind), (429, kind)}  # who tries too often is not even looked at

    told(stand, story)


def test_no_path_does_without_credentials_and_says_which_it_wants(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        for wrong in ("", "Basic YW5uOmFubg==", "Bearer", "Bearer a.b.c"):
            answer = await client.get("/v1/services", headers={"authorization": wrong})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer ")
        assert (
            await client.get("/v1/openapi.json", headers={"authorization": ""})
        ).status_code == 401
        assert stand.came == []

    told(stand, story)


@pytest.mark.parametrize("role", ["viewer", "operator", "deployer", "admin"])
def test_a_role_may_what_the_table_says(stand: Stand, role: str) -> None:
    order = [str(each) for each in Role]

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        token = bearer_of(stand.token("ci", role=role))
        for route in routes():
            answer = await ask(client, route, **token)
            may = order.index(route.verb.role) <= order.index(role)
            assert (route.path, answer.status_code) == (route.path, 200 if may else 403)
            assert stand.came == ([route.verb.name] if may else [])
            stand.came.clear()

    told(stand, story)


def test_who_fails_too_often_is_not_looked_at_for_a_while(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        codes = [
            (await client.get("/v1/services", headers=bearer_of(f"{n}.b.c"))).status_code
            for n in range(25)
        ]
        assert codes == [401] * 20 + [429] * 5
        assert (await client.get("/v1/services")).status_code == 429

    told(stand, story)


def test_an_open_stream_ends_at_once_when_its_token_is_revoked(stand: Stand) -> None:
    ended = asyncio.Event()

    async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        try:
            emit({"at": 1.0, "text": "first"})
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        now = stand.clock.now()
        token = issue(stand.ring, "ci", roles=["viewer"], lifetime=60, now=now)
        headers = {"accept": "text/event-stream", **bearer_of(token.text)}
        lines: list[str] = []
        async with client.stream("GET", "/v1/logs?follow=1", headers=headers) as answer:
            async for line in answer.aiter_lines():
                lines.append(line)
                if line.startswith("data:") and len(lines) < 9:
                    stand.revocations.revoke(token.id, until=None, now=now)
        await ended.wait()
        assert "event: error" in lines
        assert '"code":"SVC-1501"' in "".join(lines)

    stand.deeds["logs"] = logs
    told(stand, story)


def test_what_is_asked_from_elsewhere_is_written_down_with_who_and_from_where(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        await client.get("/v1/services")
        await ask(client, routes()[3], **bearer_of(stand.token("ci", role="viewer")))

        rows = {(row.actor, row.way, row.source, row.outcome) for row in stand.rows}
        assert ("token:ann", "http", "127.0.0.1", "done") in rows
        assert ("token:ci", "http", "127.0.0.1", "SVC-1500") in rows

    told(stand, story)
