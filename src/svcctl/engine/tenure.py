"""Tells whether the agent before this one ended in order: who asks for a cause must find it."""

from __future__ import annotations

from svcctl.engine.world import World
from svcctl.events import AgentLost

_KIND = "agent"
_KEY = "running"


def begin(world: World, *, pid: int) -> None:
    """Write down that the agent with *pid* runs; say so where the one before it did not end."""
    for _, former in world.store.items(_KIND):
        lost = former.get("pid")
        world.bus.publish(
            AgentLost(
                at=world.clock.now(),
                pid=lost if isinstance(lost, int) else 0,
                rebooted=former.get("boot_id") != world.boot_id,
            )
        )
    world.store.put(_KIND, _KEY, {"pid": pid, "boot_id": world.boot_id})


def end(world: World) -> None:
    """Write down that the agent ended in order."""
    world.store.delete(_KIND, _KEY)
