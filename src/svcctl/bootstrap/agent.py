"""Puts an agent together: the one place where ports get their adapters."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from svcctl import __version__
from svcctl.app.agent import About, Agent, Ending
from svcctl.app.applying import Applying
from svcctl.app.dispatch import Dispatch
from svcctl.app.logs import Logs
from svcctl.app.reading import Reading
from svcctl.app.services import Services
from svcctl.app.waiting import Waiting
from svcctl.engine.bus import LocalBus
from svcctl.engine.manager import AgentManager
from svcctl.engine.store import SqliteStore
from svcctl.engine.world import OpenSink, World
from svcctl.errors import Denied
from svcctl.events import AgentStarted, AgentStopped
from svcctl.observe.logs.archive import Packer
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.files import instance_folder
from svcctl.ports import LogSink
from svcctl.spec.service import ServiceSpec
from svcctl.system.clock import SystemClock
from svcctl.system.paths import Paths
from svcctl.system.posix.account import owner_of
from svcctl.system.posix.local_socket import listen, lock, may_connect, peer
from svcctl.system.posix.notify import PosixNoticeBoard
from svcctl.system.posix.process import boot_id, own_usage
from svcctl.system.posix.signals import stop_signals
from svcctl.system.posix.spawn import PosixSpawner
from svcctl.system.posix.watch import PosixFileWatch

__all__ = ["AgentParts", "agent_parts", "stop_signals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentParts:
    """A working agent without its doors."""

    manager: AgentManager
    dispatch: Dispatch
    bus: LocalBus
    ending: Ending
    paths: Paths
    listener: socket.socket
    who_is: Callable[[socket.socket], str]


@contextmanager
def agent_parts(paths: Paths, *, group: str | None = None) -> Iterator[AgentParts]:
    """Give an agent that has adopted what runs; leaving the block touches no service.

    Members of *group* may use it too.

    Must be entered within a running event loop.  Raises Conflict where another agent has these
    folders, StateFault where they cannot be used.
    """
    with ExitStack() as stack:
        stack.enter_context(lock(paths.lock))
        clock, bus = SystemClock(), LocalBus()
        store = SqliteStore(f"{paths.state}/state.db")
        stack.callback(store.close)
        bus.subscribe(store.append)
        spawner = stack.enter_context(PosixSpawner(agent=paths.agent))
        notices = PosixNoticeBoard(paths.notify)
        stack.callback(notices.close)
        world = World(
            clock=clock,
            spawner=spawner,
            bus=bus,
            store=store,
            notices=notices,
            files=PosixFileWatch(clock),
            open_sink=_sink_opener(paths, clock, bus),
            environ=dict(os.environ),
            credentials=f"{paths.run}/credentials",
            boot_id=boot_id(),
        )
        manager = AgentManager(world)
        adopted = manager.load()
        started_at = clock.now()
        bus.publish(AgentStarted(at=started_at, pid=os.getpid(), adopted=adopted))
        about = About(
            version=__version__,
            home=paths.state,
            socket=paths.socket,
            started_at=started_at,
            adopted=adopted,
            recovered=store.recovered,
            usage=own_usage,
        )
        listener = listen(paths.socket, group=group)
        stack.callback(listener.close)
        ending = Ending()
        yield AgentParts(
            manager=manager,
            dispatch=_dispatch(manager, store, about, ending, paths.logs),
            bus=bus,
            ending=ending,
            paths=paths,
            listener=listener,
            who_is=lambda connection: _who_is(connection, group),
        )
        left = manager.close()
        bus.publish(AgentStopped(at=clock.now(), left_running=left))


def _dispatch(
    manager: AgentManager, store: SqliteStore, about: About, ending: Ending, logs_folder: str
) -> Dispatch:
    clock, bus = manager.world.clock, manager.world.bus
    waiting = Waiting(manager, bus=bus)
    services = Services(manager, waiting=waiting)
    reading = Reading(manager, waiting=waiting, events=store, bus=bus, clock=clock)
    logs = Logs(manager, folder=logs_folder, bus=bus, clock=clock)
    agent = Agent(manager, about=about, ending=ending, clock=clock)

    def forget_logs(service: str) -> None:
        import shutil  # noqa: PLC0415 - 0.5 MB, for a verb that is rarely used

        shutil.rmtree(Path(logs_folder) / service, ignore_errors=True)

    applying = Applying(manager, services=services, waiting=waiting, forget_logs=forget_logs)
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
        "enable": services.enable,
        "disable": services.disable,
        "apply": applying.apply,
        "remove": applying.remove,
        "show": reading.show,
        "logs": logs.logs,
        "events": reading.events,
        "tree": reading.tree,
        "wait": reading.wait,
        "environment": reading.environment,
        "agent-status": agent.status,
        "agent-stop": agent.stop,
        "agent-upgrade": agent.upgrade,
    }
    return Dispatch(deeds, audit=store, clock=clock)


def _who_is(connection: socket.socket, group: str | None) -> str:
    """Name the actor at the other end, or raise Denied."""
    who = peer(connection)
    if not may_connect(who, owner=os.geteuid(), group=group):
        raise Denied(
            f"user {who.uid} may not use the agent of user {os.geteuid()}",
            hint="run your own agent, or ask for membership in the agent's group",
        )
    return f"uid:{who.uid}"


def _sink_opener(paths: Paths, clock: SystemClock, bus: LocalBus) -> OpenSink:
    packer = Packer()

    def open_sink(spec: ServiceSpec, instance: str) -> LogSink:
        return Capture(
            instance,
            spec.name,
            folder=instance_folder(paths.logs, spec.name, instance),
            pipes=f"{paths.run}/pipes",
            policy=spec.log,
            clock=clock,
            bus=bus,
            packer=packer,
            owner=owner_of(spec.user),
        )

    return open_sink
