"""The machine as Windows has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from svcctl.bootstrap.machine import Machine
from svcctl.engine.world import OpenSink
from svcctl.errors import UsageError
from svcctl.observe.logs.archive import Packer
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.files import instance_folder
from svcctl.observe.logs.read_pipe import ReadPipes
from svcctl.ports import Bus, Clock, LogSink
from svcctl.spec.service import ServiceSpec
from svcctl.spec.windows_stop import as_on_windows
from svcctl.system.lock import agent_lock
from svcctl.system.paths import Paths
from svcctl.system.watch import FileSystemWatch
from svcctl.system.windows.console_signals import stop_signals
from svcctl.system.windows.door import PipeDoor
from svcctl.system.windows.notices import WindowsNoticeBoard
from svcctl.system.windows.private import make_private, private_folder
from svcctl.system.windows.process import boot_id, own_usage
from svcctl.system.windows.program import shell
from svcctl.system.windows.spawn import WindowsSpawner


@contextmanager
def machine(paths: Paths, *, clock: Clock, bus: Bus) -> Iterator[Machine]:
    """See :func:`svcctl.bootstrap.here.machine`."""
    with ExitStack() as stack:
        for folder in (paths.state, paths.run):
            private_folder(folder)
        with suppress(PermissionError):  # hosts share it, and may not look at it
            make_private(paths.logs)
        stack.enter_context(agent_lock(paths.lock))
        spawner = stack.enter_context(WindowsSpawner(agent=paths.agent))
        notices = WindowsNoticeBoard(paths.agent)
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
            shell_argv=(shell(), "/d", "/s", "/c"),
            as_here=as_on_windows,
            outlived=False,
        )


def _listen(paths: Paths, group: str | None) -> PipeDoor:
    if group is not None:
        raise UsageError(
            "a group cannot be let in on Windows",
            hint="administrators and the agent's own account may use it",
        )
    return PipeDoor(paths.socket)


def _sink_opener(paths: Paths, clock: Clock, bus: Bus) -> OpenSink:
    packer = Packer()

    def open_sink(spec: ServiceSpec, instance: str) -> LogSink:
        return Capture(
            instance,
            spec.name,
            folder=instance_folder(paths.logs, spec.name, instance),
            inlets=ReadPipes(),
            policy=spec.log,
            clock=clock,
            bus=bus,
            packer=packer,
        )

    return open_sink
