"""Puts an agent together: the one place where ports get their adapters."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from svcctl import __version__
from svcctl.app.agent import About, Agent, Ending
from svcctl.app.alerting.desk import Desk
from svcctl.app.applying import Applying
from svcctl.app.conversing import Conversing
from svcctl.app.dispatch import Deed, Dispatch, Witness
from svcctl.app.findings import Findings
from svcctl.app.foreign_logs import ForeignLogs
from svcctl.app.healer import HEALER, Healer
from svcctl.app.history import Historian
from svcctl.app.kept_table import KeptTable
from svcctl.app.logs import Logs
from svcctl.app.metrics import LineCount, Metrics, VerbCount
from svcctl.app.natives import Natives
from svcctl.app.reading import Reading
from svcctl.app.services import Services
from svcctl.app.shipping import Docks, Shipping
from svcctl.app.waiting import Nobody, Waiting
from svcctl.app.watch_deeds import WatchDeeds
from svcctl.app.watch_settings import WatchSettings
from svcctl.app.watching import Watching
from svcctl.auth.identity import inside
from svcctl.bootstrap.access import Guard
from svcctl.bootstrap.here import machine
from svcctl.bootstrap.machine import StopSignals
from svcctl.bootstrap.programs import ask_program
from svcctl.bootstrap.resources import judging
from svcctl.bootstrap.understanding import understanding
from svcctl.contact import Door
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
from svcctl.wire import Selection

if TYPE_CHECKING:  # what tells of alerts, or makes traces, is loaded where that is wanted
    from svcctl.app.alerting.telling import Telling
    from svcctl.app.healing.acting import CarryOut
    from svcctl.app.log_source import LogSources
    from svcctl.observe.traces.lives import Lives
    from svcctl.spec.alerting import AlertingSpec

__all__ = ["AgentParts", "agent_parts"]


_OURS_ALONE = frozenset(
    (
        *("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"),
        *("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"),
        *("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CACHE_DIRECTORY", "LOGS_DIRECTORY"),
    )
)


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
    door: Door
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
        about = About(
            version=__version__,
            home=paths.state,
            socket=paths.socket,
            started_at=started_at,
            adopted=adopted,
            recovered=store.recovered,
            usage=here.usage,
            outlived=here.outlived,
        )
        door = here.listen(group)
        stack.callback(door.close)
        ending = Ending()
        natives = _registered(paths)
        desk = Desk(
            lambda spec: _telling(spec, manager, natives),
            store=store,
            events=store,
            bus=bus,
            clock=clock,
            since=began_at,
        )
        findings = Findings(store=store, events=store, bus=bus, clock=clock)
        _begin(stack, desk, findings)
        judged = stack.enter_context(judging(manager, findings, every=sample))
        heard = understanding(manager, findings, folder=f"{paths.state}/learnt")
        shipping = stack.enter_context(_shipping(manager, paths, store))
        watching = Watching(manager)
        foreign = ForeignLogs(manager, watching=watching, open_sources=lambda: _foreign(paths))
        metrics = Metrics(
            manager,
            about=about,
            tally=tally,
            natives=natives,
            foreign=foreign,
            also=lambda: tuple(shipping.samples()),
            trend=judged.resources.trend,
        )
        historian = Historian(manager, natives, judged.sampler)
        stack.callback(historian.close)
        counted = VerbCount(tally, clock=clock)
        healer = Healer(manager, store=store, events=store, is_quiet=findings.is_quiet)
        guard = Guard(store, specs=lambda: {**natives.specs, **manager.specs}, clock=clock)
        dispatch = _dispatch(
            manager,
            store,
            about,
            ending,
            logs_folder=paths.logs,
            desk=desk,
            healer=healer,
            foreign=foreign,
            shipping=shipping,
            natives=natives,
            guard=guard,
            more={
                "metrics": metrics.metrics,
                "history": historian.history,
                "trends": judged.resources.trends,
                **findings.deeds(heard.known),
            },
            witnesses=(counted, healer.witness, *([] if lives is None else [lives.verb])),
        )
        healer.begin(_carry_out(dispatch))
        stack.callback(healer.close)
        foreign.listen(heard.take)
        _begin(stack, watching, heard, foreign)
        yield AgentParts(
            manager=manager,
            natives=natives,
            guard=guard,
            desk=desk,
            metrics=metrics,
            lines=LineCount(manager, tally, foreign),
            historian=historian,
            dispatch=dispatch,
            bus=bus,
            ending=ending,
            paths=paths,
            door=door,
            stop_signals=here.stop_signals,
        )
        left = manager.close()
        bus.publish(AgentStopped(at=clock.now(), left_running=left))
        tenure.end(world)


class _Watches(Protocol):
    """Watches something from :meth:`begin` to :meth:`close`."""

    def begin(self) -> None: ...
    def close(self) -> None: ...


def _begin(stack: ExitStack, *parts: _Watches) -> None:
    """Have each begin, and end with *stack*, the last first."""
    for each in parts:
        each.begin()
        stack.callback(each.close)


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


def _telling(spec: AlertingSpec, manager: AgentManager, natives: Natives) -> Telling:
    from svcctl.bootstrap.alerting import telling  # noqa: PLC0415 - for those who are told

    return telling(spec, manager=manager, natives=natives)


def _registered(paths: Paths) -> Natives:
    """Give the services of native managers as they are registered; hosts have none of their own."""
    natives = Natives()
    if os.path.isdir(paths.native):  # noqa: PTH112 - pathlib is slow to load
        from svcctl.bootstrap.registered import registered  # noqa: PLC0415 - where there may be

        natives.know(registered(paths)[0])
    return natives


@contextmanager
def _shipping(manager: AgentManager, paths: Paths, store: SqliteStore) -> Iterator[Shipping]:
    """Send logs to where they are to go, as long as the block lasts."""
    clock, bus = manager.world.clock, manager.world.bus
    opened = partial(_docks, manager, paths)
    shipping = Shipping(opened, store=store, bus=bus, clock=clock)
    shipping.begin()
    try:
        yield shipping
    finally:
        shipping.close()


def _docks(manager: AgentManager, paths: Paths) -> Docks:
    from svcctl.bootstrap.shipping import Docks  # noqa: PLC0415 - where logs are sent

    return Docks(
        world=manager.world,
        folder=f"{paths.state}/shipping",
        logs=paths.logs,
        services=paths.services,
    )


def _foreign(paths: Paths) -> LogSources:
    from svcctl.bootstrap.foreign_logs import Sources  # noqa: PLC0415 - where something is watched

    return Sources(f"{paths.state}/watches")


def _traced(endpoint: str) -> AbstractContextManager[Lives]:
    from svcctl.observe.traces.export import traced  # noqa: PLC0415 - an extra

    return traced(endpoint, version=__version__)


def _services() -> str:
    """Give the folder for services, so that those of other accounts have theirs there too."""
    return "" if platform() is Platform.WINDOWS else find_paths(os.environ).services


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Give what services inherit: not what systemd told this very process, see sd_notify(3)."""
    return {name: value for name, value in environ.items() if name not in _OURS_ALONE}


def _dispatch(
    manager: AgentManager,
    store: SqliteStore,
    about: About,
    ending: Ending,
    *,
    logs_folder: str,
    desk: Desk,
    healer: Healer,
    foreign: ForeignLogs,
    shipping: Shipping,
    natives: Natives,
    guard: Guard,
    more: Mapping[str, Deed],
    witnesses: Sequence[Witness],
) -> Dispatch:
    clock, bus = manager.world.clock, manager.world.bus
    waiting = Waiting(manager, bus=bus)
    services = Services(manager, waiting=waiting)
    reading = Reading(manager, waiting=waiting, events=store, bus=bus, clock=clock, natives=natives)
    logs = Logs(manager, folder=logs_folder, bus=bus, clock=clock, foreign=foreign)
    agent = Agent(manager, about=about, ending=ending, clock=clock, natives=natives)

    def forget_logs(service: str) -> None:
        import shutil  # noqa: PLC0415 - 0.5 MB, for a verb that is rarely used

        shutil.rmtree(f"{logs_folder}/{service}", ignore_errors=True)

    windows = platform() is Platform.WINDOWS
    watches = WatchSettings(foreign, services=manager.names, windows=windows)
    applying = Applying(
        manager,
        services=services,
        waiting=waiting,
        forget_logs=forget_logs,
        settings={
            "alerting": KeptTable("alerting", desk),
            "shipping": KeptTable("shipping", shipping),
            "healing": KeptTable("healing", healer),
            "access": KeptTable("access", guard.access),
            "watches": watches,
        },
    )
    deeds = {
        "status": reading.status,
        "start": services.start,
        "stop": services.stop,
        "restart": services.restart,
        "reload": services.reload,
        "pause": services.pause,
        "resume": services.resume,
        "reset": services.reset,
        "kill": services.kill,
        "scale": services.scale,
        "run": services.run,
        "enable": services.enable,
        "disable": services.disable,
        "logs": logs.logs,
        "events": reading.events,
        "tree": reading.tree,
        "wait": reading.wait,
        "environment": reading.environment,
        **more,
        **Conversing(manager).deeds(),
        **desk.deeds(),
        **shipping.deeds(),
        **healer.deeds(),
        **WatchDeeds(foreign, watches).deeds(
            apply=applying.apply, show=reading.show, remove=applying.remove
        ),
        **guard.deeds(),
        "agent-status": agent.status,
        "agent-stop": agent.stop,
        "agent-upgrade": agent.upgrade,
    }
    return Dispatch(deeds, authority=guard.access, audit=store, clock=clock, witnesses=witnesses)
