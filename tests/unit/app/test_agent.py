"""How an agent ends, and what it refuses because its services would end with it."""

from __future__ import annotations

import pytest

from svcctl.app.agent import About, Agent, Ending
from svcctl.app.arguments import Arguments
from svcctl.app.natives import Natives
from svcctl.engine.manager import AgentManager
from svcctl.errors import NotAvailable
from svcctl.testing.world import FakeWorld
from svcctl.wire import Selection


class Nobody:
    """Takes no items."""

    def __call__(self, item: object) -> None: ...

    async def room(self) -> None: ...


def agent_of(world: FakeWorld, ending: Ending, *, outlived: bool) -> Agent:
    about = About(
        version="1",
        home="/x",
        socket="/x/agent.sock",
        started_at=0.0,
        adopted=0,
        recovered="",
        usage=dict,
        outlived=outlived,
    )
    return Agent(
        AgentManager(world.ports),
        about=about,
        ending=ending,
        clock=world.clock,
        natives=Natives(),
    )


def stop_arguments(*, leave_services: bool) -> Arguments:
    return Arguments({"leave_services": leave_services, "timeout": None})


async def test_where_services_outlive_their_agent_it_can_be_replaced(world: FakeWorld) -> None:
    ending = Ending()
    agent = agent_of(world, ending, outlived=True)

    await agent.upgrade(Selection(), Arguments({}), Nobody())

    assert (ending.asked.is_set(), ending.how) == (True, "upgrade")


async def test_where_they_do_not_it_is_neither_replaced_nor_leaves_them(world: FakeWorld) -> None:
    ending = Ending()
    agent = agent_of(world, ending, outlived=False)

    with pytest.raises(NotAvailable, match="services end with their agent"):
        await agent.upgrade(Selection(), Arguments({}), Nobody())
    with pytest.raises(NotAvailable):
        await agent.stop(Selection(), stop_arguments(leave_services=True), Nobody())

    assert not ending.asked.is_set()


async def test_such_an_agent_stops_with_its_services(world: FakeWorld) -> None:
    ending = Ending()
    agent = agent_of(world, ending, outlived=False)

    said = await agent.stop(Selection(), stop_arguments(leave_services=False), Nobody())

    assert said == {"stopped": [], "left": []}
    assert (ending.asked.is_set(), ending.how) == (True, "stop")
