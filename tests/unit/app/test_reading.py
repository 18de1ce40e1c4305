"""Points in time as people give them, and events as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from svcctl.app.arguments import check
from svcctl.app.natives import Natives
from svcctl.app.reading import Reading, moment
from svcctl.app.verbs import find
from svcctl.app.waiting import Waiting
from svcctl.engine.manager import AgentManager
from svcctl.engine.store import SqliteStore
from svcctl.errors import UsageError
from svcctl.events import RunSkipped
from svcctl.testing.world import FakeWorld
from svcctl.wire import Selection


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (None, 0.0),
        ("10m", 400.0),
        ("2026-11-21T08:00", datetime(2026, 11, 21, 8).astimezone().timestamp()),
        ("2026-11-21T08:00:00+00:00", 1795248000.0),
    ],
)
def test_an_age_or_a_time_is_meant(text: str | None, at: float) -> None:
    assert moment(text, now=1000.0) == at


def test_what_is_neither_is_refused_with_both_forms() -> None:
    with pytest.raises(UsageError, match="neither an age nor a time") as caught:
        moment("yesterday", now=1000.0)

    assert "10m" in caught.value.hint
    assert "2026-11-21T08:00" in caught.value.hint


class Told:
    """Takes the items of a verb, by their numbers."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, item: Any) -> None:
        self.numbers.append(item["number"])

    async def room(self) -> None: ...


class Chronicle:
    """An event log as an agent has it, and who asks for events."""

    def __init__(self, world: FakeWorld, path: Path) -> None:
        self.bus, self.store = world.bus, SqliteStore(str(path))
        self.bus.subscribe(self.store.append)
        manager = AgentManager(world.ports)
        waiting = Waiting(manager, bus=world.bus)
        self._reading = Reading(
            manager,
            waiting=waiting,
            events=self.store,
            bus=world.bus,
            clock=world.clock,
            natives=Natives(),
        )

    def happens(self, count: int) -> None:
        for at in range(count):
            self.bus.publish(RunSkipped(at=float(at), service="web", instance="web"))

    async def ask(self, told: Told, **args: Any) -> object:
        verb = find("events")
        assert verb is not None
        return await self._reading.events(Selection(all=True), check(verb, args), told)


@pytest.fixture
def chronicle(world: FakeWorld, tmp_path: Path) -> Chronicle:
    return Chronicle(world, tmp_path / "state.db")


async def test_events_after_a_number_are_told(chronicle: Chronicle) -> None:
    chronicle.happens(5)
    told = Told()

    assert await chronicle.ask(told, after=3) == {"events": 2}

    assert told.numbers == [4, 5]
    chronicle.store.close()


async def test_the_first_events_after_a_number_are_a_page(chronicle: Chronicle) -> None:
    chronicle.happens(5)
    told = Told()

    await chronicle.ask(told, after=1, first=2)

    assert told.numbers == [2, 3]
    chronicle.store.close()


async def test_who_goes_on_after_an_event_misses_none_however_many_there_were(
    chronicle: Chronicle,
) -> None:
    chronicle.happens(1_000)
    told = Told()
    following = asyncio.create_task(chronicle.ask(told, follow=True, after=7))
    while not told.numbers or told.numbers[-1] < 1_000:
        await asyncio.sleep(0)

    chronicle.happens(2)
    while told.numbers[-1] < 1_002:
        await asyncio.sleep(0)

    assert told.numbers == list(range(8, 1_003))
    following.cancel()
    await asyncio.wait({following})
    chronicle.store.close()


async def test_who_follows_has_no_page(chronicle: Chronicle) -> None:
    with pytest.raises(UsageError, match="who follows"):
        await chronicle.ask(Told(), follow=True, first=2)
    chronicle.store.close()


@pytest.mark.parametrize(("lines", "past"), [(2, [4, 5]), (0, [])])
async def test_who_follows_is_told_each_event_once_with_its_number(
    chronicle: Chronicle,
    turns: Callable[[], Awaitable[None]],
    lines: int,
    past: list[int],
) -> None:
    chronicle.happens(5)
    told = Told()
    following = asyncio.create_task(chronicle.ask(told, follow=True, lines=lines))
    await turns()

    chronicle.happens(2)
    await turns()
    chronicle.happens(1)
    await turns()

    assert told.numbers == [*past, 6, 7, 8]
    following.cancel()
    await asyncio.wait({following})
    chronicle.store.close()
