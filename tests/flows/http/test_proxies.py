"""Behind a proxy: who asks is who the proxy says, if it is trusted, and nobody else can say so."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.auth.tries import MOST
from svcctl.server.http.connection import Limits
from svcctl.server.http.proxies import read_proxies
from svcctl.wire import Selection
from tests.flows.http.stand import Stand, bearer_of, told

pytestmark = pytest.mark.slow

ANN, EVE = {"x-forwarded-for": "192.0.2.7"}, {"x-forwarded-for": "192.0.2.66"}
HERE = read_proxies(["127.0.0.1"])
STREAM = {"accept": "text/event-stream"}


def test_the_audit_log_has_who_asks_and_who_says_so(stand: Stand) -> None:
    stand.proxies = HERE

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        await client.get("/status", headers={"forwarded": 'for="[2001:db8::7]:4711"'})
        await client.get("/status", headers={"x-forwarded-for": "203.0.113.9, 192.0.2.7"})
        await client.get("/status")

        assert [row.source for row in stand.rows if row.outcome == "done"] == [
            "2001:db8::7 by 127.0.0.1",
            "192.0.2.7 by 127.0.0.1",
            "127.0.0.1 by 127.0.0.1",
        ]

    told(stand, story)


@pytest.mark.parametrize("trusted", [[], ["10.1.0.0/16"]])
def test_nobody_else_is_believed(stand: Stand, trusted: list[str]) -> None:
    stand.proxies = read_proxies(trusted)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        for headers in (ANN, {"forwarded": "for=192.0.2.7"}, {"x-forwarded-for": "nonsense"}):
            assert (await client.get("/status", headers=headers)).status_code == 200

        assert {row.source for row in stand.rows} == {"127.0.0.1"}

    told(stand, story)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "nonsense"},
        {"forwarded": "for=unknown"},
        {**ANN, "forwarded": "for=192.0.2.7"},
    ],
    ids=["no address", "unknown", "both"],
)
@pytest.mark.parametrize("path", ["/status", "/health"])
def test_what_cannot_be_read_is_refused_before_anything_else(
    stand: Stand, headers: dict[str, str], path: str
) -> None:
    stand.proxies = HERE

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        answer = await client.get(path, headers={**headers, "x-request-id": "r-7"})

        assert (answer.status_code, answer.json()["code"]) == (400, "SVC-1200")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"] == "r-7"
        assert answer.headers["cache-control"] == "no-store"
        assert stand.came == []

    told(stand, story)


def test_who_fails_too_often_keeps_nobody_else_out(stand: Stand) -> None:
    stand.proxies = HERE

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        wrong = EVE | bearer_of("a.b.c")
        codes = [(await client.get("/status", headers=wrong)).status_code for _ in range(MOST + 1)]

        assert codes == [401] * MOST + [429]
        assert (await client.get("/status", headers=EVE)).status_code == 429
        assert (await client.get("/status", headers=ANN)).status_code == 200

    told(stand, story)


def test_each_caller_has_so_much_under_way_however_many_connections_the_proxy_has(
    tmp_path: Path,
) -> None:
    async def endless(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        await emit.room()
        await asyncio.Event().wait()
        return None

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        path = "/v1/logs?follow=1"
        async with AsyncExitStack() as stack:
            for who in (EVE, EVE, ANN):
                answer = await stack.enter_async_context(
                    client.stream("GET", path, headers=STREAM | who)
                )
                assert answer.status_code == 200
            refused = await client.get("/health", headers=EVE)

            assert (refused.status_code, refused.json()["code"]) == (503, "SVC-1702")
            assert "192.0.2.66" in refused.json()["detail"]
            assert (await client.get("/health", headers=ANN)).status_code == 200
        while (await client.get("/health", headers=EVE)).status_code != 200:
            pass  # until the server has seen that nobody reads any more
        assert stand.port

    stand = Stand(tmp_path, Limits(per_address=2))
    stand.proxies = HERE
    stand.deeds["logs"] = endless
    told(stand, story)
