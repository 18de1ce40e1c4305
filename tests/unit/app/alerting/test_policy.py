"""Configuration becomes routes, and causes become alerts: who is told of what."""

from __future__ import annotations

from typing import Any

import pytest

from svcctl.alert.policy import PACES
from svcctl.app.alerting.cause import ABOUT, Cause
from svcctl.app.alerting.policy import alert_of, cause_of, follows, policy
from svcctl.spec.alert_policy import AlertPolicy, Happening, Priority
from svcctl.spec.alerting import (
    AlertingSpec,
    ChannelKind,
    ChannelSpec,
    EscalationSpec,
    InhibitSpec,
    MaintenanceSpec,
    PrioritiesSpec,
    PrioritySpec,
    RouteSpec,
    SeveritySpec,
)
from svcctl.spec.service import Need, ServiceSpec

CHANNELS = {name: ChannelSpec(kind=ChannelKind.WEBHOOK) for name in ("call", "chat", "mail")}
SPEC = AlertingSpec(
    channels=CHANNELS,
    priorities=PrioritiesSpec(
        P0=PrioritySpec(
            channels=("call",), escalate=(EscalationSpec(after=60.0, channels=("mail",)),)
        ),
        P1=PrioritySpec(channels=("chat",), group_wait=5.0),
    ),
)
DOWN = Happening.SERVICE_DOWN


def cause(happening: Happening = DOWN, service: str = "web", **more: Any) -> Cause:
    return Cause(
        happening=happening,
        service=service,
        instance=service,
        summary="it is",
        began=1.0,
        **more,
    )


def services(*specs: ServiceSpec) -> dict[str, ServiceSpec]:
    return {each.name: each for each in specs}


def told(spec: AlertingSpec, of: Cause, known: dict[str, ServiceSpec] | None = None) -> Any:
    known = known or {}
    alert = alert_of(of, spec, known, host="h")
    assert alert is not None
    return policy(spec, known).route(alert)


def test_each_priority_has_its_channels_and_its_pace() -> None:
    route = told(SPEC, cause())

    assert (route.channels, route.pace) == (("call",), PACES[Priority.P0])
    assert route.escalations[0].channels == ("mail",)
    assert told(SPEC, cause(Happening.NOT_LIVE)).pace.group_wait == 5.0
    assert told(SPEC, cause(Happening.LATENCY)).channels == ()


def test_who_names_channels_nowhere_has_all_of_them_told_of_everything() -> None:
    spec = AlertingSpec(channels=CHANNELS)

    for priority in Priority:
        assert told(spec, cause(priority=priority)).channels == tuple(CHANNELS)
    web = ServiceSpec(name="web", exec=("a",), alert=AlertPolicy(to=("mail",)))
    assert told(spec, cause(service="web"), services(web)).channels == ("mail",)
    assert told(spec, cause(service="other"), services(web)).channels == ()


def test_a_route_says_what_it_says_and_the_priority_the_rest() -> None:
    routed = AlertingSpec(
        channels=CHANNELS,
        priorities=SPEC.priorities,
        routes=(RouteSpec(match=("service=web",), channels=("mail",), group_interval=9.0),),
    )

    route = told(routed, cause())

    assert (route.channels, route.pace.group_interval) == (("mail",), 9.0)
    assert route.pace.repeat_interval == PACES[Priority.P0].repeat_interval
    assert route.escalations[0].after == 60.0
    assert told(routed, cause(service="db")).channels == ("call",)


def test_a_service_says_who_is_told_of_it_before_any_route() -> None:
    web = ServiceSpec(name="web", alert=AlertPolicy(to=("chat", "gone")))
    routed = AlertingSpec(
        channels=CHANNELS, routes=(RouteSpec(match=("service=web",), channels=("mail",)),)
    )

    assert told(routed, cause(), services(web)).channels == ("chat",)


def test_a_service_wants_nobody_told_of_some() -> None:
    web = ServiceSpec(name="web", alert=AlertPolicy(on=(Happening.CRASH,)))

    assert alert_of(cause(), SPEC, services(web), host="h") is None
    assert alert_of(cause(Happening.CRASH), SPEC, services(web), host="h") is not None


@pytest.mark.parametrize(
    ("spec", "service", "found", "expected"),
    [
        (SPEC, ServiceSpec(name="web"), cause(), Priority.P0),
        (SPEC, ServiceSpec(name="web"), cause(Happening.RULE, priority="P2"), Priority.P2),
        (
            AlertingSpec(severity=SeveritySpec(service_down=Priority.P2)),
            ServiceSpec(name="web"),
            cause(),
            Priority.P2,
        ),
        (
            AlertingSpec(routes=(RouteSpec(match=("tier=batch",), priority=Priority.P2),)),
            ServiceSpec(name="web", labels={"tier": "batch"}),
            cause(priority="P1"),
            Priority.P2,
        ),
        (
            AlertingSpec(routes=(RouteSpec(match=("tier=batch",), priority=Priority.P2),)),
            ServiceSpec(
                name="web", labels={"tier": "batch"}, alert=AlertPolicy(priority=Priority.P1)
            ),
            cause(),
            Priority.P1,
        ),
    ],
)
def test_the_nearest_says_how_much_it_matters(
    spec: AlertingSpec, service: ServiceSpec, found: Cause, expected: Priority
) -> None:
    alert = alert_of(found, spec, services(service), host="h")

    assert alert is not None
    assert alert.priority is expected


def test_an_alert_has_the_labels_of_its_service_and_tells_its_cause() -> None:
    web = ServiceSpec(name="web", labels={"tier": "front", "service": "mine"})
    found = cause(Happening.NOT_LIVE, about=("probe", "http"), details="why", samples=("line",))

    alert = alert_of(found, SPEC, services(web), host="h")

    assert alert is not None
    assert alert.labels == {
        "tier": "front",
        "host": "h",
        "service": "web",
        "instance": "web",
        "probe": "http",
    }
    assert cause_of(alert) == found


def test_what_is_about_no_instance_has_no_such_label() -> None:
    found = Cause(happening=Happening.RULE, service="web", instance="", summary="", began=0.0)

    alert = alert_of(found, SPEC, {}, host="h")

    assert alert is not None
    assert alert.labels == {"host": "h", "service": "web"}
    assert cause_of(alert).key == found.key


def test_every_label_that_tells_causes_apart_is_known_again() -> None:
    for name in ABOUT:
        found = cause(about=(name, "x"))
        alert = alert_of(found, SPEC, {}, host="h")
        assert alert is not None
        assert cause_of(alert).key == found.key


def test_who_needs_what_is_down_follows_from_it_however_far() -> None:
    known = services(
        ServiceSpec(name="db"),
        ServiceSpec(name="api", needs={"db": Need.READY}),
        ServiceSpec(name="web", needs={"api": Need.READY}),
        ServiceSpec(name="other"),
    )

    def alert(name: str, happening: Happening = DOWN) -> Any:
        return alert_of(cause(happening, name), SPEC, known, host="h")

    assert follows(alert("web"), [alert("db")], known)
    assert follows(alert("api", Happening.NOT_READY), [alert("db")], known)
    assert not follows(alert("db"), [alert("web")], known)
    assert not follows(alert("other"), [alert("db")], known)
    assert not follows(alert("web"), [alert("db", Happening.LATENCY)], known)
    assert not follows(alert("db"), [alert("db")], known)


def test_what_is_wrong_with_a_service_that_is_down_is_not_told() -> None:
    found = policy(SPEC, {}).inhibitions[0]
    down, slow = (alert_of(cause(each), SPEC, {}, host="h") for each in (DOWN, Happening.LATENCY))
    assert down is not None
    assert slow is not None

    assert found.mutes(slow, [down])
    assert not found.mutes(down, [down])


def test_inhibition_and_maintenance_are_taken_over() -> None:
    spec = AlertingSpec(
        inhibit=(InhibitSpec(source=("a=b",), target=("c=d",), equal=("host",)),),
        maintenance=(
            MaintenanceSpec(
                match=("service=web",), begins="2026-11-22T02:00+00:00", lasts=60.0, every=3600.0
            ),
        ),
    )

    rules = policy(spec, {})

    assert rules.inhibitions[1].equal == ("host",)
    assert rules.maintenance[0].begins == 1_795_312_800.0
    assert rules.maintenance[0].holds(1_795_312_800.0 + 3659)
    assert not rules.maintenance[0].holds(1_795_312_800.0 + 3660)
