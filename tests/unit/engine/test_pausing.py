"""A service with commands of its own to stand still and to go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase, Told
from svcctl.events import HookFailed
from svcctl.spec.policy import Hooks
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]


def running(world: FakeWorld) -> Keeper:
    hook = Hooks(pause=("stand", "still"), resume=("go", "on"))
    spec = ServiceSpec(name="web", exec=("web",), hook=hook)
    keeper = Keeper(
        spec, number=1, revision="r", world=world.ports, await_needs=lambda _: pytest.fail("needs")
    )
    keeper.tell(Told.START)
    return keeper


async def test_the_command_makes_it_stand_still_and_nothing_else_does(
    world: FakeWorld, turns: Turns
) -> None:
    keeper = running(world)

    keeper.tell(Told.PAUSE)
    await turns()
    assert keeper.state.phase is Phase.PAUSING
    world.child("web:pause").exit(0)
    await turns()

    assert (keeper.state.phase, world.child("web").frozen) == (Phase.PAUSED, False)


async def test_where_the_command_fails_the_tree_is_frozen(world: FakeWorld, turns: Turns) -> None:
    keeper = running(world)

    keeper.tell(Told.PAUSE)
    await turns()
    world.child("web:pause").exit(1)
    await turns()

    assert (keeper.state.phase, world.child("web").frozen) == (Phase.PAUSED, True)


async def test_it_goes_on_though_its_command_fails_which_is_told(
    world: FakeWorld, turns: Turns
) -> None:
    keeper = running(world)
    keeper.tell(Told.PAUSE)
    await turns()
    world.child("web:pause").exit(0)
    await turns()

    keeper.tell(Told.RESUME)
    await turns()
    world.child("web:resume").exit(3)
    await turns()

    (failed,) = (each for each in world.bus.events if isinstance(each, HookFailed))
    assert keeper.state.phase is Phase.RUNNING
    assert (failed.hook, failed.problem) == ("resume", "resume command 'go' ended with exit code 3")
