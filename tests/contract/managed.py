"""Managers of services to be held to the contract, and how a test drives each of them.

Any other manager joins by a fixture ``managed`` that gives a :class:`Managed`, and by importing
the tests of ``test_service_manager``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from svcctl.engine.manager import AgentManager
from svcctl.ports import Applied, InstanceStatus, ServiceManager
from svcctl.spec import canonical
from svcctl.spec.policy import RestartPolicy
from svcctl.spec.service import ServiceSpec
from svcctl.system.launchd.manager import LaunchdManager
from svcctl.system.paths import Paths
from svcctl.system.registrations import Registrations
from svcctl.testing.manager import FakeManager
from svcctl.testing.world import FakeWorld
from tests.unit.system.launchd.recorded import RecordedLaunchd


class Managed(Protocol):
    """A manager that keeps nothing yet; entered as an async context manager where it is one."""

    @property
    def manager(self) -> ServiceManager: ...

    def spec(self, name: str = "web", **changes: object) -> ServiceSpec:
        """Give a service that runs until it is stopped, and may be started at once again."""

    async def until(
        self, name: str, phase: str, *, other_than: int | None = None
    ) -> InstanceStatus:
        """Let things happen until the service is in *phase*, with another pid; bounded."""


def applied(spec: ServiceSpec) -> Applied:
    """Give *spec* as managers take it."""
    document = canonical.dump(spec)
    return Applied(name=spec.name, spec=document, revision=canonical.revision(document))


def a_service(name: str = "web", **changes: object) -> ServiceSpec:
    """Give a service whose restarts are as fast as can be."""
    plain = ServiceSpec(
        name=name, exec=("/bin/sleep", "1000"), restart=RestartPolicy(delay=0.0, jitter=0.0)
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


async def reached(
    managed: Managed,
    name: str,
    phase: str,
    *,
    other_than: int | None,
    look_again: Callable[[], object],
) -> InstanceStatus:
    """Look, and let something happen, until the service is in *phase*."""
    seen = ""
    for _ in range(1000):
        (status,) = managed.manager.status([name])
        if status.phase == phase and (other_than is None or status.pid != other_than):
            return status
        seen = f"{status.phase} (pid {status.pid})"
        look_again()
        await asyncio.sleep(0)
    raise AssertionError(f"{name} is {seen}, not {phase}")


class FakeManaged:
    """The fake, whose clock goes forward while a test waits."""

    def __init__(self) -> None:
        self.manager = FakeManager()

    def spec(self, name: str = "web", **changes: object) -> ServiceSpec:
        return a_service(name, **changes)

    async def until(
        self, name: str, phase: str, *, other_than: int | None = None
    ) -> InstanceStatus:
        clock = self.manager.clock
        return await reached(
            self, name, phase, other_than=other_than, look_again=lambda: clock.forward(1.0)
        )


class AgentManaged(AbstractAsyncContextManager["AgentManaged"]):
    """Our own engine in a world of fakes; it can only be made within an event loop."""

    def __init__(self) -> None:
        self._world = FakeWorld()
        self.manager = AgentManager(self._world.ports)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.manager.close()

    def spec(self, name: str = "web", **changes: object) -> ServiceSpec:
        return a_service(name, **changes)

    async def until(
        self, name: str, phase: str, *, other_than: int | None = None
    ) -> InstanceStatus:
        clock = self._world.clock
        return await reached(
            self, name, phase, other_than=other_than, look_again=lambda: clock.forward(0.1)
        )


class LaunchdManaged:
    """launchd as recorded."""

    def __init__(self, folder: Path) -> None:
        paths = Paths(
            config=f"{folder}/config",
            state=f"{folder}/state",
            run=f"{folder}/run",
            logs=f"{folder}/logs",
        )
        registrations = Registrations(paths.native)
        launchd = RecordedLaunchd(registrations)
        self.manager = LaunchdManager(
            registrations,
            paths=paths,
            host_command=lambda name: ("/usr/bin/python3", "host.py", name),
            ask_host=launchd.ask_host,
            folder=str(folder / "LaunchDaemons"),
            run=launchd.run,
            sleep=lambda _: None,
        )

    def spec(self, name: str = "web", **changes: object) -> ServiceSpec:
        return a_service(name, **changes)

    async def until(
        self, name: str, phase: str, *, other_than: int | None = None
    ) -> InstanceStatus:
        return await reached(self, name, phase, other_than=other_than, look_again=lambda: None)
