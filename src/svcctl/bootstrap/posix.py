"""The machine as POSIX systems have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from svcctl.bootstrap.machine import Machine
from svcctl.engine.world import OpenSink
from svcctl.observe.logs.archive import Packer
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.fifo import Fifos
from svcctl.observe.logs.files import instance_folder
from svcctl.ports import Bus, Clock, LogSink
from svcctl.spec.service import ServiceSpec
from svcctl.system.lock import agent_lock
from svcctl.system.paths import Paths, private_folder
from svcctl.system.posix.account import owner_of
from svcctl.system.posix.local_socket import SocketDoor, actor, listen
from svcctl.system.posix.notify import PosixNoticeBoard
from svcctl.system.posix.process import boot_id, own_usage
from svcctl.system.posix.signals import stop_signals
from svcctl.system.posix.spawn import PosixSpawner
from svcctl.system.posix.survivors import mark_in
from svcctl.system.watch import FileSystemWatch


@contextmanager
def machine(paths: Paths, *, clock: Clock, bus: Bus) -> Iterator[Machine]:
    """See :func:`svcctl.bootstrap.here.machine`."""
    with ExitStack() as stack:
        private_folder(paths.run, mode=0o711)
        stack.enter_context(agent_lock(paths.lock))
        spawner = stack.enter_context(PosixSpawner(agent=paths.agent, mark=mark_in(paths.run)))
        notices = PosixNoticeBoard(paths.notify)
        stack.callback(notices.close)
        yield Machine(
            spawner=spawner,
            notices=notices,
            files=FileSystemWatch(clock),
            open_sink=_sink_opener(paths, clock, bus),
            boot_id=boot_id(),
            usage=own_usage,
            listen=lambda group: _listen(paths, group),
            stop_signals=stop_signals,
        )


def _listen(paths: Paths, group: str | None) -> SocketDoor:
    return SocketDoor(
        listen(paths.socket, group=group),
        who_is=lambda connection: actor(connection, of="the agent", group=group),
    )


def _sink_opener(paths: Paths, clock: Clock, bus: Bus) -> OpenSink:
    packer = Packer()

    def open_sink(spec: ServiceSpec, instance: str) -> LogSink:
        return Capture(
            instance,
            spec.name,
            folder=instance_folder(paths.logs, spec.name, instance),
            inlets=Fifos(f"{paths.run}/pipes", instance, owner=owner_of(spec.user)),
            policy=spec.log,
            clock=clock,
            bus=bus,
            packer=packer,
        )

    return open_sink
