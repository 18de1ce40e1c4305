"""What is known of services that native managers keep."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from svcctl.app.natives import KeptNatively, Natives, OwnTrail
from svcctl.events import AlertRaised, Event, InstanceExited, InstanceSpawned, PhaseChanged
from svcctl.ports import InstanceStatus, Recorded
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


@pytest.mark.parametrize("phase", ["starting", "running", "stopping"])
def test_what_a_manager_says_of_a_unit_whose_host_is_there_is_no_news(
    natives: Natives, told: list[Event], standing: Standing, phase: str
) -> None:
    natives.saw("web", [standing("web", "failed")], now=6.0)

    natives.saw("web", [standing("web", phase)], now=7.0, outside=True)
    natives.saw("web", [standing("web", "failed")], now=8.0, outside=True)

    assert not told


def test_a_service_without_a_host_is_as_its_manager_says(
    natives: Natives, told: list[Event], standing: Standing
) -> None:
    natives.know({"web": kept("web", hosted=False)})
    natives.saw("web", [standing("web", "failed")], now=6.0)

    natives.saw("web", [standing("web", "stopped")], now=7.0)
    natives.saw("web", [standing("web", "running")], now=8.0)

    assert [each.fields()["new"] for each in told] == ["stopped", "running"]


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


@pytest.mark.parametrize(
    ("hosted", "phase", "written"),
    [(True, "stopping", False), (True, "failed", True), (False, "stopping", True)],
    ids=["a host tells better", "no host can tell", "there is no host"],
)
def test_what_a_manager_says_is_written_down_where_no_host_does(
    standing: Standing, hosted: bool, phase: str, written: bool
) -> None:
    natives, trail = Natives(), list[Event]()
    natives.know({"web": kept("web", hosted=hosted)})
    natives.trail.subscribe(trail.append)
    natives.saw("web", [standing("web", "running")], now=6.0)

    natives.saw("web", [standing("web", phase)], now=7.0)

    assert [each.kind for each in recorded(trail)] == ["PhaseChanged"] * written


def test_what_a_host_says_is_written_down(natives: Natives) -> None:
    trail = list[Event]()
    natives.trail.subscribe(trail.append)

    natives.take(changed("running", "stopping"))

    assert trail == [changed("running", "stopping")]


def recorded(events: list[Event]) -> list[Recorded]:
    return [
        Recorded(
            number=number,
            at=each.at,
            kind=type(each).__name__,
            service=each.service,
            instance=each.instance,
            fields=each.fields(),
        )
        for number, each in enumerate(events, start=1)
    ]


def test_what_was_heard_of_others_is_no_part_of_the_agents_own_past(natives: Natives) -> None:
    own = changed("running", "failed", service="mine", instance="mine")
    raised = AlertRaised(
        at=6.0,
        service="web",
        instance="web",
        alert="service_down",
        priority="P1",
        summary="",
        fingerprint="1",
    )
    heard = changed("running", "failed")
    past: Any = SimpleNamespace(read=lambda **_: recorded([own, raised, heard]))

    found = OwnTrail(past, natives).read()

    assert [each.number for each in found] == [1, 2]
