"""What every manager of services must do, done by the SCM's on a played SCM."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from svcctl.ports import InstanceStatus
from svcctl.spec.service import ServiceSpec
from svcctl.system.registrations import Registrations
from svcctl.system.windows.scm import ScmManager
from tests.contract.managed import Managed, a_service, reached
from tests.contract.test_service_manager import *  # noqa: F403 - the contract
from tests.unit.system.windows.played_scm import DEADLINE, PlayedGround, PlayedScm


class ScmManaged:
    """The manager, with an SCM that forgets itself."""

    def __init__(self, folder: Path) -> None:
        scm = PlayedScm()
        self.manager = ScmManager(
            Registrations(str(folder / "native")),
            scm=scm,
            secure=PlayedGround(),
            host_command=lambda name: (r"C:\Program Files\Python\python.exe", "host.py", name),
            ask_host=scm.ask_host,
            password=lambda _: None,
        )

    def spec(self, name: str = "web", **changes: object) -> ServiceSpec:
        return a_service(name, **changes)

    async def until(
        self, name: str, phase: str, *, other_than: int | None = None
    ) -> InstanceStatus:
        return await reached(self, name, phase, other_than=other_than, look_again=_join_errands)


def _join_errands() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("errand-"):
            thread.join(DEADLINE)


@pytest.fixture  # type: ignore[no-redef]
def managed(tmp_path: Path) -> Managed:
    """Take the place of the contract's own fixture."""
    return ScmManaged(tmp_path)
