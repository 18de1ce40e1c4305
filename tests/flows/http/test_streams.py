"""Logs and events as they come: followed, broken off, taken up again, and by many at once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from svcctl.server.http import streams
from tests.flows.conftest import PATIENCE, Box
from tests.flows.web.stand import Front, front_of

pytestmark = [pytest.mark.slow, pytest.mark.posix]

COUNT = 1_500
LAST = "unfinished"
WRITER = f"""
import sys, time
for number in range({COUNT}):
    print(f"line {{number:06}}", flush=number % 7 == 0)
    if number % 50 == 0:
        time.sleep(0.02)
print("{LAST}", end="", flush=True)
"""
FOLLOW = "/v1/services/writer/logs?follow=true&lines=0"
ALL = [*(f"line {number:06}" for number in range(COUNT)), LAST]
STREAM = {"accept": "text/event-stream"}


@pytest.fixture
def writing(box: Box) -> Box:
    """An agent with a service that writes more than one file, once it is started."""
    (box.home / "writer.py").write_text(WRITER)
    box.start_agent()
    box.apply(
        f"""
        [services.writer]
        exec = ["{sys.executable}", "{box.home}/writer.py"]
        type = "oneshot"
        log = {{ max_size = "16KiB", keep = 50 }}
        """,
        "--no-start",
    )
    return box


class Reader:
    """Reads a stream as a browser does: it goes on after the last id."""

    def __init__(self, client: httpx.AsyncClient, path: str) -> None:
        self.client, self._path = client, path
        self.last_id = ""
        self.items: list[dict[str, Any]] = []

    async def read(self, most: int) -> None:
        """Take up to so many more items, or until the program's last words, then hang up."""
        headers = STREAM | ({"last-event-id": self.last_id} if self.last_id else {})
        async with self.client.stream("GET", self._path, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            await self.take(answer, most)

    async def take(self, answer: httpx.Response, most: int) -> None:
        """Take items of *answer*, as above."""
        async for event in events_of(answer):
            assert event["event"] == "item", event
            self.items.append(json.loads(event["data"]))
            self.last_id = event.get("id", self.last_id)
            most -= 1
            if not most or self.items[-1].get("text") == LAST:
                return

    def texts(self) -> list[str]:
        return [each["text"] for each in self.items if "text" in each]


async def events_of(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    event: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if line and name:
            event[name] = value
        elif not line and "event" in event:
            yield event
            event = {}


@asynccontextmanager
async def reading(front: Front, path: str) -> AsyncIterator[Reader]:
    headers = {"authorization": f"Bearer {front.token()}"}
    async with httpx.AsyncClient(
        base_url=front.url, headers=headers, timeout=PATIENCE, trust_env=False
    ) as client:
        yield Reader(client, path)


def test_lines_are_followed_without_loss_or_doubling_however_often_it_breaks_off(
    writing: Box,
) -> None:
    async def some(front: Front, reader: Reader, *, until: str) -> None:
        async with reading(front, FOLLOW) as other:
            other.last_id, other.items = reader.last_id, reader.items
            while until not in other.texts():
                await other.read(197)
            reader.last_id = other.last_id

    with front_of(writing.home) as front:
        reader = Reader(httpx.AsyncClient(), "")
        asyncio.run(_begin(front, writing, reader))
        asyncio.run(some(front, reader, until=f"line {COUNT // 3:06}"))
    with front_of(writing.home, front) as front:  # it was restarted in the middle of it
        asyncio.run(some(front, reader, until=LAST))

    assert reader.texts() == ALL


def test_where_nothing_happens_a_stream_begins_and_what_is_not_there_has_none(
    writing: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PATIENCE", 3600.0)  # whoever is silent has not begun

    async def status(front: Front, path: str) -> int:
        async with (
            reading(front, path) as reader,
            reader.client.stream("GET", path, headers=STREAM) as answer,
        ):
            return answer.status_code

    async def story(front: Front) -> None:
        found = {path: await status(front, path) for path in begins | refused}
        assert found == begins | refused

    begins = dict.fromkeys((FOLLOW, f"{FOLLOW}&level=error", "/v1/events?follow=1&lines=0"), 200)
    refused = {
        "/v1/services/nothing/logs?follow=true": 404,
        "/v1/services/nothing/events?follow=true": 404,
        f"{FOLLOW}&grep=(": 400,
        f"{FOLLOW}&since=whenever": 400,
    }
    with front_of(writing.home) as front:
        asyncio.run(story(front))


async def _begin(front: Front, box: Box, reader: Reader) -> None:
    """Start the writer once it is followed."""
    async with reading(front, FOLLOW) as first:
        following = asyncio.create_task(first.read(10))
        await asyncio.to_thread(box.ok, "start", "writer", "--no-wait")
        await following
        reader.last_id, reader.items = first.last_id, first.items


def test_what_a_program_did_not_finish_is_told_when_it_ends(writing: Box) -> None:
    async def story(front: Front) -> None:
        async with reading(front, FOLLOW) as reader:
            following = asyncio.create_task(reader.read(-1))
            await asyncio.to_thread(writing.ok, "start", "writer", "--no-wait")
            await following

            assert reader.texts() == ALL

    with front_of(writing.home) as front:
        asyncio.run(story(front))


def test_events_are_followed_without_loss_or_doubling(writing: Box) -> None:
    async def story(front: Front) -> None:
        async with reading(front, "/v1/events?follow=true&lines=1") as reader:
            await reader.read(1)
            first = reader.items[0]["number"]
            await asyncio.to_thread(writing.ok, "start", "writer")
            while reader.items[-1]["kind"] != "InstanceExited":
                await reader.read(2)

            numbers = [each["number"] for each in reader.items]
            assert numbers == list(range(first, first + len(numbers)))

    with front_of(writing.home) as front:
        asyncio.run(story(front))


def test_who_stops_reading_holds_up_nobody_and_misses_nothing(writing: Box) -> None:
    async def story(front: Front) -> None:
        async with (
            reading(front, FOLLOW) as lazy,
            reading(front, "/v1/services/writer/logs") as other,
        ):
            async with lazy.client.stream("GET", FOLLOW, headers=STREAM) as answer:
                await asyncio.to_thread(writing.ok, "start", "writer")  # to its end
                await other.read(10)
                await lazy.take(answer, -1)

            assert lazy.texts() == ALL

    with front_of(writing.home) as front:
        asyncio.run(story(front))
