"""Lines and events go on where they broke off, whatever ended: the line, or who serves it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass
from itertools import islice
from queue import Queue
from typing import Any

import pytest

from svcctl.client import AsyncClient, Client
from svcctl.client.http import HttpClient
from svcctl.client.remote import Remote
from svcctl.errors import AgentUnreachable, UnknownService
from svcctl.wire import Request, Selection
from tests.flows.conftest import PATIENCE, Box, until
from tests.flows.remote.front import Front, agent_of_others, fronted, token_of

pytestmark = [pytest.mark.slow, pytest.mark.posix]

COUNTING = """
[services.counter]
exec = ["/bin/sh", "-c", "i=0; while sleep 0.02; do i=$((i+1)); echo $i; done"]
"""


@dataclass(frozen=True)
class Scene:
    """A machine where a service counts, and who serves it."""

    box: Box
    front: Front
    token: str

    @property
    def client(self) -> Client:
        return Client(self.front.url, token=self.token)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with agent_of_others() as box:
        file = box.write(COUNTING, "counting.toml")
        box.ok("apply", str(file), "--yes")
        with fronted(box) as front:
            yield Scene(box, front, token_of(box))


class Following:
    """A stream that is read in a thread, and what was told of it."""

    def __init__(self, scene: Scene, request: Request) -> None:
        self.told: list[str] = []
        self.items: Queue[dict[str, Any]] = Queue()
        remote = Remote(name="there", url=scene.front.url)
        self._client = HttpClient(remote, token=lambda: scene.token, tell=self.told.append)
        self._request = request
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for _, item in self._client.answers(self._request):
                assert isinstance(item, dict)
                self.items.put(item)
        except RuntimeError:  # the test is over
            return

    def take(self, count: int) -> list[dict[str, Any]]:
        return [self.items.get(timeout=PATIENCE) for _ in range(count)]

    def end(self) -> None:
        self._client.hang_up()


@pytest.mark.parametrize("suddenly", [False, True])
def test_who_follows_gets_every_line_though_the_front_is_started_again(
    suddenly: bool, scene: Scene
) -> None:
    args: dict[str, object] = {"follow": True, "lines": 1}
    select = Selection(names=("counter",))
    following = Following(scene, Request(verb="logs", select=select, args=args))
    found = following.take(20)

    scene.front.end(suddenly=suddenly)
    scene.front.begin()
    until(lambda: "'there' is back" in following.told)
    found += following.take(following.items.qsize() + 20)
    following.end()

    numbers = [int(each["text"]) for each in found]
    assert sorted(set(numbers)) == list(range(min(numbers), max(numbers) + 1))
    assert [each for each in following.told if "waiting for it to come back" in each]


def test_who_follows_events_gets_each_once(scene: Scene) -> None:
    with scene.client as client:
        (newest,) = client.events(lines=1)
    args: dict[str, object] = {"follow": True, "after": newest["number"]}
    select = Selection(names=("db",))
    following = Following(scene, Request(verb="events", select=select, args=args))
    with scene.client as client:
        client.restart("db")
    before = following.take(3)

    scene.front.end(suddenly=True)
    scene.box.ok("restart", "db")
    scene.front.begin()
    with scene.client as client:
        client.restart("db")
        (last,) = client.events("db", lines=1)
    seen = list(before)
    while seen[-1]["number"] < last["number"]:
        seen += following.take(1)
    following.end()

    with scene.client as client:
        since = list(client.events("db", after=before[0]["number"] - 1, lines=1000))
    known = [each["number"] for each in since if each["number"] <= last["number"]]
    assert [each["number"] for each in seen] == known


def test_an_iterator_that_is_closed_hangs_up(scene: Scene) -> None:
    with scene.client as client, closing(client.logs("counter", follow=True, lines=3)) as lines:
        found = [int(each["text"]) for each in islice(lines, 10)]

    assert found == list(range(found[0], found[0] + 10))


def test_lines_come_without_blocking_and_end_with_who_reads_them(scene: Scene) -> None:
    async def story() -> list[int]:
        async with AsyncClient(scene.front.url, token=scene.token) as client:
            found: list[int] = []
            async with aclosing(client.logs("counter", follow=True, lines=1)) as lines:
                async for each in lines:
                    found.append(int(each["text"]))
                    if len(found) == 10:
                        return found
        return found

    found = asyncio.run(story())

    assert found == list(range(found[0], found[0] + 10))


def test_who_is_cancelled_waits_no_longer(scene: Scene) -> None:
    async def story() -> None:
        client = AsyncClient(scene.front.url, token=scene.token)
        waiting = asyncio.create_task(client.wait("broken", condition="ready", timeout=3600.0))
        standing = await client.status("web")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        assert standing[0]["phase"] == "running"

    asyncio.run(story())


def test_both_clients_ask_this_machine_too(scene: Scene) -> None:
    home = str(scene.box.home)

    async def story() -> list[str]:
        async with AsyncClient.local(home) as client:
            return [each["instance"] for each in await client.status("web")]

    with Client.local(home) as client:
        outcomes = client.start("web")
        lines = list(client.logs("web", lines=2))

    assert asyncio.run(story()) == ["web"]
    assert [each["ok"] for each in outcomes] == [True]
    assert [each["text"] for each in lines] == ["one", "two"]


def test_errors_are_those_of_the_tree(scene: Scene) -> None:
    async def story() -> None:
        await AsyncClient(scene.front.url, token=scene.token).stop("nix")

    with pytest.raises(UnknownService, match="'nix'"):
        asyncio.run(story())
    with pytest.raises(AgentUnreachable, match="no agent answers at"):
        asyncio.run(AsyncClient.local("/nonexistent").status())
