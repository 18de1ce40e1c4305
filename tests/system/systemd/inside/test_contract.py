"""What every manager of services must do, done by a real systemd with real hosts.

See tests/contract/test_service_manager.py.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest

from svcctl.bootstrap.native import NativeMachine
from svcctl.ports import InstanceStatus
from svcctl.spec.policy import RestartPolicy
from svcctl.spec.service import ServiceSpec
from svcctl.system.paths import find_paths
from svcctl.system.registrations import Registrations
from svcctl.system.systemd.bus import SystemdBus
from svcctl.system.systemd.manager import SystemdManager
from tests.contract import test_service_manager as contract
from tests.system.systemd.inside.conftest import DEADLINE, LOOK_AGAIN


class RealSystemd:
    """The manager as svcctl puts it together."""

    def __init__(self, bus: SystemdBus) -> None:
        paths = find_paths({}, system=True)
        machine = NativeMachine(paths, None)
        self.manager = SystemdManager(
            Registrations(paths.native),
            paths=paths,
            host_command=machine.host_command,
            ask_host=machine.ask_host,
            bus=bus,
        )

    def spec(self, name: str = "web", **changes: object) -> ServiceSpec:
        plain = ServiceSpec(
            name=name, exec=("/bin/sleep", "1000"), restart=RestartPolicy(delay=0.0, jitter=0.0)
        )
        return replace(plain, **changes)  # type: ignore[arg-type]

    async def until(
        self, name: str, phase: str, *, other_than: int | None = None
    ) -> InstanceStatus:
        while True:
            (status,) = self.manager.status([name])
            if status.phase == phase and (other_than is None or status.pid != other_than):
                return status
            await asyncio.sleep(LOOK_AGAIN)

    async def clear(self) -> None:
        """Remove every service."""
        for name in self.manager.names():
            self.manager.stop(name)
            while self.manager.status([name])[0].phase not in {"stopped", "failed"}:
                await asyncio.sleep(LOOK_AGAIN)
            await self.manager.uninstall(name)
        await self.manager.settle()


@pytest.fixture
def managed(bus: SystemdBus) -> Iterator[RealSystemd]:
    real = RealSystemd(bus)
    yield real
    asyncio.run(asyncio.wait_for(real.clear(), DEADLINE))


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(asyncio.wait_for(test(**fixtures), DEADLINE))

    return run


globals().update(
    {name: in_loop(test) for name, test in vars(contract).items() if name.startswith("test_")}
)
