"""What is new is handed over in order, and an asker that does not take it costs a bounded sum."""

from __future__ import annotations

import asyncio
import tracemalloc
from types import SimpleNamespace
from typing import cast

import pytest

from svcctl.app.following import Following
from svcctl.engine.keeper import Keeper
from svcctl.engine.manager import AgentManager
from svcctl.events import InstanceExited, InstanceSpawned
from svcctl.ports import Document
from svcctl.testing.fakes import FakeBus, FakeClock, FakeSink

MEBIBYTE = 1024 * 1024
EXITED = InstanceExited(
    at=1.0, service="web", instance="web", pid=7, code=3, signal=None, uptime=1.0
)
SPAWNED = InstanceSpawned(at=1.0, service="web", instance="web", pid=8)


class Asker:
    """Takes items as long as *open* is set."""

    def __init__(self) -> None:
        self.items: list[Document] = []
        self.open = asyncio.Event()

    def __call__(self, item: object) -> None:
        self.items.append(cast("Document", item))

    async def room(self) -> None:
        await self.open.wait()

    @property
    def told(self) -> list[object]:
        return [item.get("text", item.get("event")) for item in self.items]


class Scene:
    """One service that is followed."""

    def __init__(self) -> None:
        self.sink, self.bus = FakeSink(), FakeBus()
        keeper = SimpleNamespace(spec=SimpleNamespace(name="web"), name="web", sink=self.sink)
        self.keeper = cast("Keeper", keeper)
        manager = SimpleNamespace(instance=lambda _: keeper)
        self.following = Following(["web"], grep=None, stream=None, clock=FakeClock())
        self.following.begin([self.keeper], cast("AgentManager", manager), self.bus)


async def pass_on(scene: Scene, asker: Asker) -> None:
    """Let what came be handed over."""
    passing = asyncio.create_task(scene.following.pass_on(asker))
    for _ in range(20):
        await asyncio.sleep(0)
    passing.cancel()
    await asyncio.gather(passing, return_exceptions=True)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_lines_and_restarts_come_in_order(scene: Scene) -> None:
    async def run() -> list[object]:
        asker = Asker()
        asker.open.set()
        scene.sink.log("one", "two")
        scene.bus.publish(EXITED)
        scene.bus.publish(SPAWNED)
        scene.sink.log("three")
        await pass_on(scene, asker)
        return asker.told

    told = asyncio.run(run())

    assert told == ["one", "two", "ended, exit code 3", "restarted, exit code 3", "three"]


def test_what_an_asker_does_not_take_is_left_out_and_counted(scene: Scene) -> None:
    async def run() -> list[object]:
        asker = Asker()
        for _ in range(200):
            scene.sink.log(*["x" * 100] * 100)
        asker.open.set()
        await pass_on(scene, asker)
        return asker.told

    *lines, last = asyncio.run(run())

    assert lines == ["x" * 100] * len(lines)
    assert 1000 < len(lines) < 20_000
    assert last == f"{20_000 - len(lines)} lines left out here: they came faster than read"


def test_an_asker_that_takes_nothing_costs_little_memory(scene: Scene) -> None:
    tracemalloc.start()
    for number in range(20_000):
        for follower in scene.sink._followers:
            follower("stdout", [b"%d" % number] * 20)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 4 * MEBIBYTE


def test_after_the_end_nothing_is_taken(scene: Scene) -> None:
    scene.following.end()

    scene.sink.log("late")

    assert not scene.following._waiting
