"""What becomes of those who are let in, and of those who fail too often to be looked at."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.auth.tokens import issue
from svcctl.server.http.routes import routes
from svcctl.wire import Selection
from tests.flows.http.stand import Stand, ask, bearer_of, told

pytestmark = pytest.mark.slow


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
