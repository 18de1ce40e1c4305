"""A whole world of fakes for an engine: what a test needs to keep services without an outside."""

from __future__ import annotations

from collections.abc import Mapping

from svcctl.engine.world import AsHere, World, as_it_is
from svcctl.spec.service import ServiceSpec
from svcctl.testing.fakes import (
    FakeBus,
    FakeChild,
    FakeClock,
    FakeFileWatch,
    FakeNoticeBoard,
    FakeSink,
    FakeSpawner,
    FakeStore,
)
from svcctl.testing.programs import FakePrograms


class FakeWorld:
    """The ports of one agent; :meth:`successor` gives those of the next one.

    *environ* is what services inherit; *credentials* the folder for secrets in files,
    *as_here* puts definitions in terms of the machine.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        credentials: str = "/nowhere",
        boot_id: str = "boot",
        as_here: AsHere = as_it_is,
    ) -> None:
        self.clock = FakeClock()
        self.spawner = FakeSpawner(self.clock)
        self.bus = FakeBus()
        self.store = FakeStore()
        self.notices = FakeNoticeBoard()
        self.files = FakeFileWatch()
        self.programs = FakePrograms()
        self.sinks: dict[str, FakeSink] = {}
        self.environ = dict(environ or {})
        self.credentials = credentials
        self.boot_id = boot_id
        self.as_here = as_here

    @property
    def ports(self) -> World:
        """The world as the engine takes it."""
        return World(
            clock=self.clock,
            spawner=self.spawner,
            bus=self.bus,
            store=self.store,
            notices=self.notices,
            files=self.files,
            ask_program=self.programs,
            open_sink=self._open_sink,
            environ=self.environ,
            credentials=self.credentials,
            boot_id=self.boot_id,
            as_here=self.as_here,
        )

    def child(self, tag: str = "web") -> FakeChild:
        """Give the program of *tag* (``web``, ``web.2``, ``web:pre_start``) that runs."""
        (found,) = [each for each in self.spawner.running if each.launch.tag == tag]
        return found

    def tags(self) -> list[str]:
        """Name what runs, in the order it was started."""
        return [each.launch.tag for each in self.spawner.running]

    def successor(self, *, rebooted: bool = False) -> FakeWorld:
        """Give the world that the next agent finds, this one having been killed.

        Programs run on, unless the machine was *rebooted*, and tell this one nothing any more.
        """
        found = FakeWorld(
            environ=self.environ,
            credentials=self.credentials,
            boot_id=f"{self.boot_id}+" if rebooted else self.boot_id,
        )
        found.store, found.sinks, found.programs = self.store, self.sinks, self.programs
        found.clock = FakeClock(now=self.clock.now(), monotonic=self.clock.monotonic())
        found.spawner = FakeSpawner(found.clock)
        if not rebooted:
            found.spawner.inherit(self.spawner)
        return found

    def _open_sink(self, spec: ServiceSpec, instance: str) -> FakeSink:
        sink = self.sinks.setdefault(instance, FakeSink())
        sink.policy, sink.closed = spec.log, False
        return sink
