"""Puts together what every agent has: a world, its records, and what runs in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl import __version__
from svcctl.app.agent import About
from svcctl.app.dispatch import Witness
from svcctl.bootstrap.here import machine
from svcctl.bootstrap.machine import Machine
from svcctl.bootstrap.programs import ask_program
from svcctl.contact import GuardedDoor
from svcctl.engine import tenure
from svcctl.engine.bus import LocalBus
from svcctl.engine.manager import AgentManager
from svcctl.engine.store import SqliteStore
from svcctl.engine.world import World, untraced
from svcctl.events import AgentStarted, AgentStopped, StateReplaced
from svcctl.observe.metrics.tally import Tally
from svcctl.system.clock import SystemClock
from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths, find_paths

if TYPE_CHECKING:  # what makes traces is loaded where that is wanted
    from svcctl.observe.traces.lives import Lives

_OURS_ALONE = frozenset(
    (
        *("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"),
        *("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"),
        *("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CACHE_DIRECTORY", "LOGS_DIRECTORY"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What keeps services; *began_at* is when it took over, *lives* makes traces of them."""

    here: Machine
    paths: Paths
    world: World
    bus: LocalBus
    store: SqliteStore
    tally: Tally
    manager: AgentManager
    about: About
    began_at: float
    lives: Lives | None

    @property
    def traced_verbs(self) -> tuple[Witness, ...]:
        """What makes traces of verbs, where traces are made."""
        return () if self.lives is None else (self.lives.verb,)

    @contextmanager
    def door(self, group: str | None) -> Iterator[GuardedDoor]:
        """Listen, to members of *group* too, while the block lasts."""
        door = self.here.listen(group)
        try:
            yield door
        finally:
            door.close()

    def end(self) -> None:
        """Keep nothing any more: what runs goes on, for the next agent to adopt."""
        left = self.manager.close()
        self.bus.publish(AgentStopped(at=self.world.clock.now(), left_running=left))
        tenure.end(self.world)


@contextmanager
def core(paths: Paths, *, services: str | None, traces: str | None) -> Iterator[Core]:
    """Give what has adopted what runs in *paths*; for *services* and *traces* see ``agent_parts``.

    Raises Conflict where another agent has these folders, StateFault where they cannot be used.
    """
    with ExitStack() as stack:
        clock, bus = SystemClock(), LocalBus()
        here = stack.enter_context(machine(paths, clock=clock, bus=bus))
        store = SqliteStore(f"{paths.state}/state.db")
        stack.callback(store.close)
        bus.subscribe(store.append)
        tally = Tally()
        bus.subscribe(tally.notice)
        lives = None if traces is None else stack.enter_context(_traced(traces))
        if lives is not None:
            bus.subscribe(lives.notice)
        world = World(
            clock=clock,
            spawner=here.spawner,
            bus=bus,
            store=store,
            notices=here.notices,
            files=here.files,
            ask_program=ask_program,
            open_sink=here.open_sink,
            environ=_inherited(os.environ),
            credentials=f"{paths.run}/credentials",
            boot_id=here.boot_id,
            services=_services() if services is None else services,
            shell_argv=here.shell_argv,
            as_here=here.as_here,
            trace=untraced if lives is None else lives.environment,
        )
        began_at = clock.now()
        tenure.begin(world, pid=os.getpid())
        manager = AgentManager(world)
        adopted = manager.load()
        started_at = clock.now()
        bus.publish(AgentStarted(at=started_at, pid=os.getpid(), adopted=adopted))
        if store.recovered:
            bus.publish(StateReplaced(at=started_at, problem=store.recovered))
        yield Core(
            here=here,
            paths=paths,
            world=world,
            bus=bus,
            store=store,
            tally=tally,
            manager=manager,
            about=_about(here, paths, store, started_at=started_at, adopted=adopted),
            began_at=began_at,
            lives=lives,
        )


def _about(
    here: Machine, paths: Paths, store: SqliteStore, *, started_at: float, adopted: int
) -> About:
    return About(
        version=__version__,
        home=paths.state,
        socket=paths.socket,
        started_at=started_at,
        adopted=adopted,
        recovered=store.recovered,
        usage=here.usage,
        outlived=here.outlived,
    )


def _traced(endpoint: str) -> AbstractContextManager[Lives]:
    from svcctl.observe.traces.export import traced  # noqa: PLC0415 - an extra

    return traced(endpoint, version=__version__)


def _services() -> str:
    """Give the folder for services, so that those of other accounts have theirs there too."""
    return "" if platform() is Platform.WINDOWS else find_paths(os.environ).services


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Give what services inherit: not what systemd told this very process, see sd_notify(3)."""
    return {name: value for name, value in environ.items() if name not in _OURS_ALONE}
