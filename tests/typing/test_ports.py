"""Every adapter fits its port: mypy reads these assignments, a run only sees that they import."""

from __future__ import annotations

from svcctl.contact import NoticeBoard
from svcctl.engine.bus import LocalBus
from svcctl.engine.keeper import Keeper
from svcctl.engine.keeping import Keeping
from svcctl.engine.manager import AgentManager
from svcctl.engine.store import SqliteStore
from svcctl.observe.logs.capture import Capture
from svcctl.ports import (
    AuditLog,
    Bus,
    Clock,
    EventLog,
    FileWatch,
    LogSink,
    ServiceManager,
    Spawner,
    Store,
)
from svcctl.system.clock import SystemClock
from svcctl.system.launchd.manager import LaunchdManager
from svcctl.system.posix.notify import PosixNoticeBoard
from svcctl.system.posix.spawn import PosixSpawner
from svcctl.system.systemd.manager import SystemdManager
from svcctl.system.watch import FileSystemWatch
from svcctl.testing.manager import FakeManager


def test_every_adapter_fits_its_port() -> None:
    managers: list[type[ServiceManager]] = [
        AgentManager,
        FakeManager,
        LaunchdManager,
        SystemdManager,
    ]
    spawners: list[type[Spawner]] = [PosixSpawner]
    clocks: list[type[Clock]] = [SystemClock]
    sinks: list[type[LogSink]] = [Capture]
    buses: list[type[Bus]] = [LocalBus]
    stores: list[type[Store]] = [SqliteStore]
    logs: list[type[EventLog]] = [SqliteStore]
    audits: list[type[AuditLog]] = [SqliteStore]
    boards: list[type[NoticeBoard]] = [PosixNoticeBoard]
    watches: list[type[FileWatch]] = [FileSystemWatch]
    keepers: list[type[Keeping]] = [Keeper]

    kinds = [
        managers,
        spawners,
        clocks,
        sinks,
        buses,
        stores,
        logs,
        audits,
        boards,
        watches,
        keepers,
    ]
    assert all(kinds)
