"""The example of an HTTP service: in the registry from its first answer to its stop."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

from bench.ports import free_port

Example = Callable[[str], ModuleType]


def configured(web: ModuleType, registry: str) -> Any:
    return web.Web.Config(port=free_port(), health_port=free_port(), registry=registry)


def counted(port: int, text: str) -> tuple[int, Any]:
    """Ask it to count the words of a text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/", text.encode())
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_it_registers_where_it_listens_and_deregisters_when_it_stops(
    example: Example, partner: Any
) -> None:
    web = example("web")
    settings = configured(web, partner.url)

    async def story() -> None:
        async with web.Web.test(config=settings) as t:
            await t.until(lambda: partner.asked)
            assert await asyncio.to_thread(counted, settings.port, "a b c") == (200, {"words": 3})

    asyncio.run(story())

    me = f"web-{settings.port}"
    registered = partner.asked[0][1]
    assert partner.paths == [
        "/v1/agent/service/register",
        f"/v1/agent/service/deregister/{me}",
    ]
    assert (registered["ID"], registered["Port"]) == (me, settings.port)
    assert registered["Check"]["HTTP"].endswith("/health/ready")


def test_a_registry_that_is_away_or_forgets_is_told_again(example: Example, partner: Any) -> None:
    web = example("web")
    settings = configured(web, partner.url)
    partner.answer = lambda _path, _body: 503

    async def story() -> None:
        async with web.Web.test(config=settings) as t:
            await t.until(lambda: any(each["event"] == "registry.not-told" for each in t.log))
            await t.forward("10s")
            await t.until(lambda: len(partner.asked) == 2)
            assert await asyncio.to_thread(counted, settings.port, "a") == (200, {"words": 1})

    asyncio.run(story())
