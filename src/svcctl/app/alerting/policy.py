"""What ``[alerting]`` and the services say, as the rules of the router: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from svcctl.alert.alert import Alert
from svcctl.alert.group import Pace
from svcctl.alert.policy import PACES, Escalation, Policy, Route
from svcctl.alert.silences import Inhibition, Silence
from svcctl.app.alerting.cause import ABOUT, LASTS, Cause
from svcctl.spec.alert_policy import Happening, Priority
from svcctl.spec.alerting import (
    AlertingSpec,
    EscalationSpec,
    MaintenanceSpec,
    PrioritySpec,
    RouteSpec,
)
from svcctl.spec.alerting_rules import local_time
from svcctl.spec.matching import How, Matcher, fit, parse_matcher
from svcctl.spec.service import Manager, ServiceSpec

Services = Mapping[str, ServiceSpec]

_DOWN = str(Happening.SERVICE_DOWN)
_NATIVE = frozenset((Manager.SYSTEMD, Manager.SCM, Manager.LAUNCHD))
_ABSENT = frozenset((_DOWN, str(Happening.SERVICE_RESTARTING)))


def policy(spec: AlertingSpec, services: Services) -> Policy:
    """Give who is told of what; what services say goes before what routes say."""
    return Policy(
        routes=(
            *_of_services(spec, services),
            *_of_routes(spec),
            *_routes("", (), _everybody(spec, services), spec),
        ),
        inhibitions=(
            Inhibition(
                sources=(_equal("alert", _DOWN),),
                targets=(Matcher(label="alert", how=How.NOT_EQUAL, value=_DOWN),),
                equal=("service",),
            ),
            *(
                Inhibition(
                    sources=tuple(map(parse_matcher, each.source)),
                    targets=tuple(map(parse_matcher, each.target)),
                    equal=each.equal,
                )
                for each in spec.inhibit
            ),
        ),
        maintenance=tuple(map(_maintenance, spec.maintenance)),
    )


def alert_of(cause: Cause, spec: AlertingSpec, services: Services, *, host: str) -> Alert | None:
    """Give the alert for *cause*, None where the service wants nobody told of such.

    Its priority is that of the service, else that of the first route that fits and has one, else
    that of the finding, else that of the matrix.
    """
    service = services.get(cause.service)
    mine = service.alert if service else None
    if mine and mine.on and cause.happening not in mine.on:
        return None
    manager = str(service.manager) if service and service.manager in _NATIVE else ""
    mine_alone = (
        *(("service", cause.service), ("instance", cause.instance)),
        *(("manager", manager), cause.about),
    )
    labels = {
        **(service.labels if service else {}),
        "host": host,
        **{name: value for name, value in mine_alone if value},
    }
    alert = Alert(
        name=str(cause.happening),
        labels=labels,
        priority=Priority(cause.priority or spec.severity.of(cause.happening)),
        summary=cause.summary,
        began=cause.began,
        details=cause.details,
        samples=cause.samples,
    )
    given = (mine.priority if mine else None) or _by_route(spec, alert)
    return replace(alert, priority=given) if given else alert


def cause_of(alert: Alert) -> Cause:
    """Give the cause that *alert* is of, as far as it tells."""
    about = next((name for name in ABOUT if alert.label(name)), "")
    happening = Happening(alert.name)
    lasts = LASTS.get(happening)
    return Cause(
        happening=happening,
        service=alert.label("service"),
        instance=alert.label("instance"),
        summary=alert.summary,
        began=alert.began,
        about=(about, alert.label(about)) if about else ("", ""),
        details=alert.details,
        samples=alert.samples,
        until=None if lasts is None else alert.began + lasts,
    )


def follows(alert: Alert, firing: Iterable[Alert], services: Services) -> bool:
    """Say whether *alert* is wrong only because its service needs one of which another is."""
    needed = _needed(alert.label("service"), services)
    return bool(needed) and any(
        each.name in _ABSENT and each.label("service") in needed for each in firing
    )


def _needed(name: str, services: Services) -> set[str]:
    found: set[str] = set()
    left = [name]
    while left:
        spec = services.get(left.pop())
        new = set(spec.needs) - found if spec else set()
        found |= new
        left += new
    return found - {name}


def _of_services(spec: AlertingSpec, services: Services) -> Iterator[Route]:
    for name, service in sorted(services.items()):
        known = tuple(each for each in service.alert.to if each in spec.channels)
        if known:
            yield from _routes(f"service {name}", (_equal("service", name),), known, spec)


def _of_routes(spec: AlertingSpec) -> Iterator[Route]:
    for each in spec.routes:
        matchers = tuple(map(parse_matcher, each.match))
        yield from _routes(" ".join(each.match), matchers, each.channels, spec, each)


def _everybody(spec: AlertingSpec, services: Services) -> tuple[str, ...]:
    """Give all channels where nobody said which are for what, else none."""
    named = [
        *(spec.priorities.of(each).channels for each in Priority),
        *(each.channels for each in spec.routes),
        *(each.alert.to for each in services.values()),
    ]
    return () if any(named) else tuple(spec.channels)


def _routes(
    name: str,
    matchers: tuple[Matcher, ...],
    channels: tuple[str, ...],
    spec: AlertingSpec,
    said: RouteSpec | None = None,
) -> Iterator[Route]:
    """Give a route for each priority, which says what *said* does not."""
    for priority in Priority:
        usual = spec.priorities.of(priority)
        yield Route(
            name=f"{name} {priority}".lstrip(),
            matchers=(*matchers, _equal("priority", priority)),
            channels=channels or usual.channels,
            pace=_pace(said, usual, PACES[priority]),
            group_by=said.group_by if said else ("service", "priority"),
            escalations=tuple(map(_escalation, (said.escalate if said else ()) or usual.escalate)),
        )


def _pace(said: RouteSpec | None, usual: PrioritySpec, otherwise: Pace) -> Pace:
    def first(name: str) -> float:
        values = (getattr(each, name) for each in (said, usual, otherwise) if each is not None)
        return next(float(value) for value in values if value is not None)

    return Pace(
        group_wait=first("group_wait"),
        group_interval=first("group_interval"),
        repeat_interval=first("repeat_interval"),
        ended=usual.ended,
    )


def _escalation(spec: EscalationSpec) -> Escalation:
    return Escalation(after=spec.after, channels=spec.channels)


def _maintenance(spec: MaintenanceSpec) -> Silence:
    begins = local_time(spec.begins)
    return Silence(
        number=0,
        matchers=tuple(map(parse_matcher, spec.match)),
        begins=begins,
        ends=begins + spec.lasts,
        who="maintenance",
        why=spec.why,
        every=spec.every,
    )


def _by_route(spec: AlertingSpec, alert: Alert) -> Priority | None:
    for each in spec.routes:
        if each.priority and fit(map(parse_matcher, each.match), alert):
            return each.priority
    return None


def _equal(label: str, value: str) -> Matcher:
    return Matcher(label=label, how=How.EQUAL, value=value)
