"""What every manager of services must do, done by the real SCM with real hosts.

See tests/contract/test_service_manager.py.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from svcctl.bootstrap.native import NativeMachine
from svcctl.ports import InstanceStatus
from svcctl.spec.policy import RestartPolicy
from svcctl.spec.service import ServiceSpec
from svcctl.system.paths import find_paths
from svcctl.system.registrations import Registrations
from svcctl.system.windows.ground import Ground
from svcctl.system.windows.scm import ScmManager
from svcctl.system.windows.scm_api import ScmApi
from svcctl.system.windows.scm_database import ScmDatabase
from tests.contract import test_service_manager as contract
from tests.system.windows import waiting
from tests.system.windows.scm_lab import WatchedAdvapi32

pytestmark = pytest.mark.slow

STAY = "import time; time.sleep(1000)"
LOOK_AGAIN = 0.05


class RealScm:
    """The manager as svcctl puts it together, but for what Wine's SCM lacks."""

    def __init__(self, home: Path) -> None:
        paths = find_paths({"SVCCTL_HOME": str(home)})
        machine = NativeMachine(paths, str(home))
        self.manager = ScmManager(
            Registrations(paths.native),
            scm=ScmDatabase(ScmApi(WatchedAdvapi32())),
            secure=Ground(paths),
            host_command=machine.host_command,
            ask_host=machine.ask_host,
            password=lambda _: None,
        )

    def spec(self, name: str = "web", **changes: object) -> ServiceSpec:
        plain = ServiceSpec(
            name=name,
            exec=(sys.executable, "-c", STAY),
            restart=RestartPolicy(delay=0.0, jitter=0.0),
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
            while self.manager.status([name])[0].pid is not None:
                await asyncio.sleep(LOOK_AGAIN)
            await self.manager.uninstall(name)


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[RealScm]:
    real = RealScm(tmp_path / "home of svcctl")
    yield real
    waiting.run(real.clear())


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        waiting.run(test(**fixtures))

    return run


globals().update(
    {name: in_loop(test) for name, test in vars(contract).items() if name.startswith("test_")}
)
