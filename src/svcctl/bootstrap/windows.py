"""The machine as Windows has it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from svcctl.bootstrap.machine import Machine
from svcctl.errors import SystemFault
from svcctl.ports import Bus, Clock
from svcctl.system.paths import Paths


def machine(paths: Paths, *, clock: Clock, bus: Bus) -> AbstractContextManager[Machine]:
    """See :func:`svcctl.bootstrap.here.machine`."""
    raise SystemFault("there is no agent for Windows yet")
