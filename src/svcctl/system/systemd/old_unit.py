"""A unit that svcctl did not write, as it makes room for one of ours."""

from __future__ import annotations

import time
from collections.abc import Callable

from svcctl.errors import TimedOut
from svcctl.ports import Act
from svcctl.system.systemd.bus import SystemdBus
from svcctl.system.systemd.standing import RUNS

_LOOK_AGAIN = 0.1  # seconds
_PATIENCE = 120.0  # seconds a unit gets to stop; DefaultTimeoutStopSec is 90


class OldUnit:
    """Fulfils :class:`svcctl.app.take_over.OldService` for *unit*; *sleep* waits so many seconds.

    A timer or socket that starts the unit is another unit, and stays as it is.
    """

    def __init__(
        self, unit: str, *, bus: SystemdBus, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._unit, self._bus, self._sleep = unit, bus, sleep

    def runs(self) -> bool:
        """Say whether it runs, or is about to."""
        return self._property("ActiveState") in RUNS

    def is_enabled(self) -> bool:
        """Say whether it starts by itself."""
        return self._property("UnitFileState") == "enabled"

    def stop(self) -> None:
        """Stop it, and come back once it has."""
        self._bus.stop(self._unit)
        for _ in range(int(_PATIENCE / _LOOK_AGAIN)):
            if not self.runs():
                return
            self._sleep(_LOOK_AGAIN)
        raise TimedOut(
            f"unit '{self._unit}' did not stop within {_PATIENCE:g}s",
            hint=f"systemctl status {self._unit}",
        )

    def start(self) -> None:
        """Start it again."""
        self._bus.start(self._unit)

    def disable(self) -> None:
        """Have it start by itself no more."""
        self._bus.disable([self._unit])
        self._bus.reload_units()

    def enable(self) -> None:
        """Have it start by itself again."""
        self._bus.enable([self._unit])
        self._bus.reload_units()

    def acts(self) -> tuple[Act, ...]:
        """Give what would be done to it."""
        return (
            *((Act(kind="run", target=f"systemctl stop {self._unit}"),) if self.runs() else ()),
            *(
                (Act(kind="run", target=f"systemctl disable {self._unit}"),)
                if self.is_enabled()
                else ()
            ),
        )

    def _property(self, name: str) -> str:
        return self._bus.properties([self._unit])[self._unit].get(name, "")
