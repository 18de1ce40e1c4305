"""Puts together what watches the services of native managers, for the agent that tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.app.native_watch import NativeWatch
from svcctl.bootstrap.native_view import MachineView

if TYPE_CHECKING:
    from svcctl.bootstrap.agent import AgentParts


def native_watch(parts: AgentParts, home: str | None) -> NativeWatch:
    """Give who watches the native services of the agent *parts*; it is still to begin."""
    world = parts.manager.world

    def changed() -> None:
        parts.desk.look_again()
        parts.historian.look_again()

    return NativeWatch(
        MachineView(parts.paths, home),
        parts.natives,
        store=world.store,
        clock=world.clock,
        changed=changed,
    )
