"""These change the machine they run on: see tests/system/systemd/test_inside.py."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.system.systemd.bus import Systemctl, SystemdBus

collect_ignore_glob = [] if os.environ.get("SVCCTL_LAB") == "systemd" else ["test_*.py"]

UNITS = Path("/run/systemd/system")
DEADLINE = 30.0
LOOK_AGAIN = 0.02


@pytest.fixture(params=["dbus", "systemctl"])
def bus(request: pytest.FixtureRequest) -> Iterator[SystemdBus]:
    """Give each of the ways to systemd."""
    if request.param == "systemctl":
        yield Systemctl()
        return
    from svcctl.system.systemd.dbus import SystemdDbus

    with SystemdDbus() as connection:
        yield connection


@pytest.fixture
def unit() -> Iterator[Callable[[str, str], str]]:
    """Give what writes a unit, and takes all of them away afterwards."""
    written: list[str] = []
    systemctl = Systemctl()
    UNITS.mkdir(parents=True, exist_ok=True)

    def write(name: str, text: str) -> str:
        (UNITS / name).write_text(text)
        written.append(name)
        systemctl.reload_units()
        return name

    yield write
    for name in written:
        systemctl.stop(name)
        until(functools.partial(_rests, systemctl, name))
        systemctl.disable([name])
        systemctl.reset_failed(name)
        (UNITS / name).unlink()
    systemctl.reload_units()


def _rests(bus: SystemdBus, unit: str) -> bool:
    return state(bus, unit) in {"inactive", "failed"}


def state(bus: SystemdBus, unit: str) -> str:
    """Give whether a unit is active."""
    return bus.properties([unit])[unit]["ActiveState"]


def until(check: Callable[[], Any]) -> None:
    """Look until *check* is true, or fail."""
    deadline = time.monotonic() + DEADLINE
    while not check():
        assert time.monotonic() < deadline
        time.sleep(LOOK_AGAIN)
