"""What is known of services that native managers keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from svcctl.app.natives import KeptNatively, Natives
from svcctl.events import Event, InstanceExited, InstanceSpawned, PhaseChanged
from svcctl.ports import InstanceStatus
from svcctl.spec.service import Manager, ServiceSpec

Standing = Callable[[str, str], InstanceStatus]


def kept(name: str, *, hosted: bool = True) -> KeptNatively:
    spec = ServiceSpec(name=name, exec=("/bin/app",), manager=Manager.SYSTEMD)
    return KeptNatively(spec=spec, revision="1", hosted=hosted)


def changed(old: str, new: str, **more: Any) -> PhaseChanged:
    fields: dict[str, Any] = {"at": 5.0, "service": "web", "instance": "web", "reason": ""}
    return PhaseChanged(old=old, new=new, **{**fields, **more})


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def natives(told: list[Event]) -> Natives:
    made = Natives()
    made.know({"web": kept("web")})
    made.bus.subscribe(told.append)
    return made


def test_how_a_service_is_at_first_is_no_event(
    natives: Natives, told: list[Event], standing: Standing
) -> None:
    assert natives.unseen == {"web"}

    assert natives.saw("web", [standing("web", "failed")], now=7.0)

    assert not told
    assert not natives.unseen
    assert [each.phase for each in natives.standing] == ["failed"]


def test_what_nobody_told_is_an_event(
    natives: Natives, told: list[Event], standing: Standing
) -> None:
    natives.saw("web", [standing("web", "running")], now=6.0)

    assert not natives.saw("web", [standing("web", "failed")], now=7.0)

    assert told == [changed("running", "failed", at=7.0, reason="gave up")]


def test_what_a_host_told_is_not_told_again_by_its_manager(
    natives: Natives, told: list[Event], standing: Standing
) -> None:
    natives.saw("web", [standing("web", "running")], now=6.0)

    natives.take(changed("running", "failed"))
    natives.saw("web", [standing("web", "failed")], now=7.0)

    assert told == [changed("running", "failed")]


def test_a_host_that_goes_down_with_its_failed_service_ends_no_failure(
    natives: Natives, told: list[Event], standing: Standing
) -> None:
    natives.saw("web", [standing("web", "failed")], now=6.0)

    natives.take(changed("failed", "stopped", reason="the agent stops"))
    natives.saw("web", [standing("web", "stopping")], now=7.0)
    natives.saw("web", [standing("web", "failed")], now=8.0)

    assert not told


def test_rows_follow_what_happens(natives: Natives, standing: Standing) -> None:
    natives.saw("web", [standing("web", "starting")], now=6.0)
    where = {"service": "web", "instance": "web"}

    natives.take(InstanceSpawned(at=8.0, pid=42, **where))
    natives.take(changed("starting", "running"))
    (row,) = natives.standing
    assert (row.phase, row.pid, row.started_at) == ("running", 42, 8.0)

    natives.take(InstanceExited(at=9.0, pid=42, code=3, signal=None, uptime=1.0, **where))
    (row,) = natives.standing
    assert (row.pid, row.exit_code) == (None, 3)


def test_what_is_registered_no_more_is_forgotten(
    natives: Natives, told: list[Event], standing: Standing
) -> None:
    natives.saw("web", [standing("web", "running")], now=6.0)

    assert natives.know({"shop": kept("shop")})
    natives.take(changed("running", "failed"))

    assert not natives.know({"shop": kept("shop")})
    assert not natives.saw("web", [standing("web", "failed")], now=7.0)
    assert natives.unseen == {"shop"}
    assert not natives.standing
    assert not told
