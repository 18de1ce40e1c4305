"""Who begins knows how the one before ended."""

from __future__ import annotations

from svcctl.engine import tenure
from svcctl.events import AgentLost
from svcctl.testing.world import FakeWorld


def lost(world: FakeWorld) -> list[tuple[int, bool]]:
    return [(each.pid, each.rebooted) for each in world.bus.events if isinstance(each, AgentLost)]


def test_the_first_agent_misses_nobody(world: FakeWorld) -> None:
    tenure.begin(world.ports, pid=7)

    assert lost(world) == []


def test_an_agent_that_was_killed_is_told_of(world: FakeWorld) -> None:
    tenure.begin(world.ports, pid=7)
    after = world.successor()

    tenure.begin(after.ports, pid=8)

    assert lost(after) == [(7, False)]


def test_an_agent_that_went_down_with_its_machine_is_told_of(world: FakeWorld) -> None:
    tenure.begin(world.ports, pid=7)
    after = world.successor(rebooted=True)

    tenure.begin(after.ports, pid=8)

    assert lost(after) == [(7, True)]


def test_of_an_agent_that_ended_in_order_nothing_is_said(world: FakeWorld) -> None:
    tenure.begin(world.ports, pid=7)
    tenure.end(world.ports)
    after = world.successor()

    tenure.begin(after.ports, pid=8)

    assert lost(after) == []


def test_what_cannot_be_read_was_an_agent_all_the_same(world: FakeWorld) -> None:
    world.store.put("agent", "running", {})

    tenure.begin(world.ports, pid=8)

    assert lost(world) == [(0, True)]
