"""Puts an agent together: the one place where ports get their adapters."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.app.access import Access
from svcctl.app.agent import Ending
from svcctl.app.alerting.desk import Desk
from svcctl.app.dispatch import Dispatch
from svcctl.app.healer import HEALER
from svcctl.app.history import Historian
from svcctl.app.metrics import LineCount, Metrics, VerbCount
from svcctl.app.natives import Natives
from svcctl.app.waiting import Nobody
from svcctl.auth.identity import inside
from svcctl.bootstrap.access import Guard
from svcctl.bootstrap.attendants import attendants
from svcctl.bootstrap.core import core
from svcctl.bootstrap.deeds import deeds
from svcctl.bootstrap.machine import StopSignals
from svcctl.contact import GuardedDoor
from svcctl.engine.bus import LocalBus
from svcctl.engine.manager import AgentManager
from svcctl.errors import SvcctlError
from svcctl.system.paths import Paths
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.app.healing.acting import CarryOut

__all__ = ["AgentParts", "agent_parts"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentParts:
    """A working agent without its doors.

    *lines* are counted, and *historian* writes, once somebody begins it; *natives* are watched
    then as well.  *guard* says who may do what.
    """

    manager: AgentManager
    natives: Natives
    guard: Guard
    desk: Desk
    metrics: Metrics
    lines: LineCount
    historian: Historian
    dispatch: Dispatch
    bus: LocalBus
    ending: Ending
    paths: Paths
    door: GuardedDoor
    stop_signals: StopSignals


@contextmanager
def agent_parts(
    paths: Paths,
    *,
    group: str | None = None,
    services: str | None = None,
    sample: float | None = None,
    traces: str | None = None,
) -> Iterator[AgentParts]:
    """Give an agent that has adopted what runs; leaving the block touches no service.

    Members of *group* may use it too.  *services* is the folder where services in Python have
    theirs: None for where those of our own account look, empty where each is to look.  *sample*:
    seconds between two looks at what programs use.  *traces* is the URL of the collector that is
    sent traces.

    Must be entered within a running event loop.  Raises Conflict where another agent has these
    folders, StateFault where they cannot be used.
    """
    with (
        core(paths, services=services, traces=traces) as kept,
        kept.door(group) as door,
        attendants(kept, sample=sample) as around,
    ):
        manager, natives, clock = kept.manager, around.natives, kept.world.clock
        ending = Ending()
        guard = Guard(kept.store, specs=lambda: {**natives.specs, **manager.specs}, clock=clock)
        _admit_fronts(guard.access, door)
        counted = VerbCount(kept.tally, clock=clock)
        carried_out = deeds(kept, around, guard, ending)
        dispatch = Dispatch(
            carried_out.here,
            elsewhere=carried_out.elsewhere,
            authority=guard.access,
            audit=kept.store,
            clock=clock,
            record_all=kept.store.record_all,
            witnesses=(counted, around.healer.witness, *kept.traced_verbs),
        )
        with around.at_work(_carry_out(dispatch)):
            yield AgentParts(
                manager=manager,
                natives=natives,
                guard=guard,
                desk=around.desk,
                metrics=around.metrics,
                lines=around.lines,
                historian=around.historian,
                dispatch=dispatch,
                bus=kept.bus,
                ending=ending,
                paths=paths,
                door=door,
                stop_signals=kept.here.stop_signals,
            )
            kept.end()


def _admit_fronts(access: Access, door: GuardedDoor) -> None:
    """Let those in who serve others, as ``[access]`` names them now and later on."""

    def admit() -> None:
        try:
            door.admit(access.fronts)
        except SvcctlError as error:  # services are to be kept all the same
            log.error("agent.not-admitted", extra={"problem": error.problem, "hint": error.hint})

    access.listeners.add(admit)
    if access.fronts:
        admit()


def _carry_out(dispatch: Dispatch) -> CarryOut:
    """Give what has the healer act as anybody else would."""

    async def carry_out(verb: str, *, names: tuple[str, ...], args: Mapping[str, object]) -> object:
        return await dispatch.carry_out(
            verb,
            selection=Selection(names=names),
            args=args,
            identity=inside(HEALER),
            emit=Nobody(),
        )

    return carry_out
