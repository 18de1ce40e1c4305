"""What the Python client gives is typed: mypy reads this, a run only sees that it imports."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import assert_type

from svcctl.client import AsyncClient, Client, EventItem, LogItem, Outcome, Reply, Row, Standing


def blocking(client: Client) -> None:
    assert_type(client.status("web", labels=["tier=front"]), list[Standing])
    assert_type(client.restart("web", timeout=1.5), list[Outcome])
    assert_type(client.scale("web", 2), list[Outcome])
    assert_type(client.logs(follow=True), Generator[LogItem, None, None])
    assert_type(client.events(all=True), Generator[EventItem, None, None])
    assert_type(client.health("web"), list[Reply])
    assert_type(client.agent_status(), Row)
    client.restart(7)  # type: ignore[arg-type]
    client.restart("web", tiemout=1)  # type: ignore[call-arg]


async def without_blocking(client: AsyncClient) -> None:
    assert_type(await client.status(), list[Standing])
    assert_type(client.logs(follow=True), AsyncGenerator[LogItem, None])
    assert_type(await client.agent_status(), Row)
    async with AsyncClient("https://web-1:7411", token=lambda: "") as other:
        assert_type(other, AsyncClient)


def test_the_types_are_those_that_are_told() -> None:
    assert callable(blocking)
    assert callable(without_blocking)
