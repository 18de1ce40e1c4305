"""Verbs come back when what they asked for is true, or cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from svcctl.app.goals import PROVING, Goal, Outcome
from svcctl.app.waiting import Waiting
from svcctl.engine.manager import AgentManager
from svcctl.errors import TimedOut
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.policy import RestartPolicy
from svcctl.spec.service import Need, ServiceSpec
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]


class Items:
    """Keeps what was told meanwhile."""

    def __init__(self) -> None:
        self.kinds: list[object] = []

    def __call__(self, item: object) -> None:
        assert isinstance(item, dict)
        self.kinds.append(item["kind"])

    async def room(self) -> None: ...


def spec(name: str, **changes: object) -> ServiceSpec:
    plain = ServiceSpec(name=name, exec=(name,), ready="notify", restart=RestartPolicy(jitter=0.0))
    return replace(plain, **changes)  # type: ignore[arg-type]


class House:
    """Services in a world of fakes, and somebody who waits for them."""

    def __init__(self, world: FakeWorld) -> None:
        self.world = world
        self.manager = AgentManager(world.ports)
        self.waiting = Waiting(self.manager, bus=world.bus)
        self.items = Items()

    async def start(self, *specs: ServiceSpec) -> None:
        for each in specs:
            document = canonical.dump(each)
            await self.manager.install(
                Applied(name=each.name, spec=document, revision=canonical.revision(document))
            )
        await self.manager.start_many(each.name for each in specs)

    def until(
        self, goal: Goal, *names: str, within: float | None = None
    ) -> asyncio.Task[list[Outcome]]:
        goals = dict.fromkeys(names, goal)
        work = self.waiting.until(goals, emit=self.items, within=within)
        return asyncio.create_task(work)


async def test_it_comes_back_once_all_are_up(world: FakeWorld, turns: Turns) -> None:
    house = House(world)
    await house.start(spec("web"), spec("db"))

    waiting = house.until(Goal.UP, "web", "db")
    await turns()
    world.notices.say("web", {"READY": "1"})
    await turns()
    assert not waiting.done()
    world.notices.say("db", {"READY": "1"})

    outcomes = await waiting
    assert [(each.instance, each.ok, each.phase) for each in outcomes] == [
        ("web", True, "running"),
        ("db", True, "running"),
    ]


async def test_what_is_so_already_is_not_waited_for(world: FakeWorld) -> None:
    house = House(world)
    await house.start(spec("web"))

    outcomes = await house.until(Goal.STARTED, "web")

    assert outcomes[0].pid == world.child().identity.pid


async def test_nothing_to_wait_for_is_done_at_once(world: FakeWorld) -> None:
    assert await House(world).until(Goal.UP) == []


async def test_what_crashes_says_why_and_what_it_wrote_last(world: FakeWorld, turns: Turns) -> None:
    house = House(world)
    await house.start(spec("web"))
    world.sinks["web"].log(*(f"line {number}" for number in range(12)))

    waiting = house.until(Goal.UP, "web")
    await turns()
    world.child().exit(3)

    (outcome,) = await waiting
    assert (outcome.ok, outcome.problem) == (False, "exit code 3")
    assert outcome.lines == tuple(f"line {number}" for number in range(2, 12))
    assert "svcctl logs web" in outcome.hint


async def test_progress_is_told_of_those_who_are_waited_for_only(
    world: FakeWorld, turns: Turns
) -> None:
    house = House(world)
    await house.start(spec("web"), spec("db"))

    waiting = house.until(Goal.UP, "web")
    await turns()
    world.notices.say("db", {"READY": "1"})
    world.notices.say("web", {"READY": "1", "STATUS": "hello"})
    await waiting

    assert house.items.kinds == ["StatusReported", "PhaseChanged"]


async def test_who_waits_for_what_gave_up_is_told(world: FakeWorld, turns: Turns) -> None:
    house = House(world)
    await house.start(spec("web", needs={"db": Need.READY}), spec("db"))

    waiting = house.until(Goal.UP, "web")
    await turns()
    world.child("db").exit(78)

    (outcome,) = await waiting
    assert outcome.problem == "needs 'db', which does not run"


async def test_what_takes_too_long_is_named(world: FakeWorld) -> None:
    house = House(world)
    await house.start(spec("web"), spec("db"))
    world.notices.say("db", {"READY": "1"})

    with pytest.raises(TimedOut) as raised:
        await house.until(Goal.READY, "web", "db", within=0.01)

    assert raised.value.problem == "not within 0.01s: web (ready)"


async def test_who_gives_up_waiting_is_told_of_nothing_more(world: FakeWorld, turns: Turns) -> None:
    house = House(world)
    await house.start(spec("web"))
    waiting = house.until(Goal.UP, "web")
    await turns()

    waiting.cancel()
    await turns()
    world.notices.say("web", {"READY": "1"})

    assert house.items.kinds == []


@pytest.mark.slow
async def test_a_program_that_dies_at_once_was_never_up(world: FakeWorld, turns: Turns) -> None:
    house = House(world)
    await house.start(spec("web", ready="exec"))

    waiting = house.until(Goal.UP, "web")
    await turns()
    world.child().exit(1)

    (outcome,) = await waiting
    assert (outcome.ok, outcome.problem) == (False, "exit code 1")


async def test_a_program_that_was_started_anew_meanwhile_has_to_survive_it_again(
    world: FakeWorld, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(world)
    await house.start(spec("web", ready="exec"))
    sleep, starts = asyncio.sleep, iter(range(4))

    async def die_meanwhile(seconds: float) -> None:
        if seconds != PROVING:
            await sleep(seconds)
            return
        world.child().exit(1)
        await turns()
        if next(starts, None) is not None:  # between any two looks but the last
            world.clock.forward(600.0)
            await turns()

    monkeypatch.setattr(asyncio, "sleep", die_meanwhile)

    (outcome,) = await house.until(Goal.UP, "web")

    assert next(starts, None) is None
    assert (outcome.ok, outcome.problem) == (False, "exit code 1")


async def test_an_instance_that_goes_while_it_is_waited_for_ends_the_wait(
    world: FakeWorld, turns: Turns
) -> None:
    house = House(world)
    await house.start(spec("web", instances=2))
    waiting = house.until(Goal.DOWN, "web.2")
    await turns()

    await house.manager.scale("web", 1)
    world.clock.forward()

    (outcome,) = await waiting
    assert outcome.ok


async def test_an_instance_that_goes_will_never_be_up(world: FakeWorld, turns: Turns) -> None:
    house = House(world)
    await house.start(spec("web"))
    waiting = house.until(Goal.UP, "web")
    await turns()

    house.manager.stop("web")
    world.clock.forward()
    await house.manager.uninstall("web")

    (outcome,) = await waiting
    assert (outcome.ok, outcome.problem) == (False, "was removed meanwhile")


@pytest.mark.slow
async def test_what_was_up_and_goes_while_others_are_waited_for_is_not_up(
    world: FakeWorld, turns: Turns
) -> None:
    house = House(world)
    await house.start(spec("web"), spec("db"))
    waiting = house.until(Goal.UP, "web", "db")
    await turns()
    world.notices.say("web", {"READY": "1"})
    await turns()

    house.manager.stop("web")
    world.clock.forward()
    await house.manager.uninstall("web")
    world.notices.say("db", {"READY": "1"})

    outcomes = await waiting
    assert [(each.instance, each.ok) for each in outcomes] == [("web", False), ("db", True)]
