"""What decisions on healing are tried with: troubles, and scenes in which all is well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC

from svcctl.app.healing.deed import Deed, State
from svcctl.app.healing.scene import Scene, Standing
from svcctl.app.healing.trouble import Troubles
from svcctl.app.healing.wanted import Requests, Wanted
from svcctl.engine.life import Phase
from svcctl.events import Event, FindingMade
from svcctl.spec.heal import HealingSpec, HealPolicy
from svcctl.spec.heal_notation import Window
from svcctl.spec.service import Need, ServiceSpec

NOW = 1_750_000_000.0
"""Sunday, 15 June 2025, 15:06:40 UTC."""


def found(
    kind: str = "silence",
    service: str = "web",
    *,
    at: float = NOW,
    since: float | None = None,
    score: float = 1.0,
    action: str = "",
    seen_in: str = "",
    instance: str = "",
    subject: str = "it",
    exhausted_at: float | None = None,
) -> FindingMade:
    return FindingMade(
        at=at,
        service=service,
        instance=instance,
        kind=kind,
        subject=subject,
        pattern=f"{service}/{kind}/{subject}/{instance}",
        observed="much",
        expected="little",
        since=at if since is None else since,
        score=score,
        explanation=f"{kind} of {service}",
        action=action,
        seen_in=seen_in,
        exhausted_at=exhausted_at,
    )


def service(
    name: str = "web", *policies: HealPolicy, needs: Iterable[str] = (), instances: int = 1
) -> ServiceSpec:
    return ServiceSpec(
        name=name,
        exec=("/bin/app",),
        heal=policies,
        needs=dict.fromkeys(needs, Need.READY),
        instances=instances,
    )


def policy(*on: str, **options: object) -> HealPolicy:
    return HealPolicy(on=on or ("silence",), **options)  # type: ignore[arg-type]


def deed(
    service: str = "web",
    *,
    at: float,
    by: str = "heal[0]",
    what: str = "restart",
    state: State = State.DONE,
    ended: float | None = None,
) -> Deed:
    over = state is not State.BEGUN
    return Deed(
        number=int(at),
        at=at,
        service=service,
        what=what,
        by=by,
        why="it",
        state=state,
        ended=(at if ended is None else ended) if over else 0.0,
    )


def scene(
    *specs: ServiceSpec,
    events: Iterable[Event] = (),
    now: float = NOW,
    standing: Mapping[str, Standing] | None = None,
    deeds: Sequence[Deed] = (),
    healing: HealingSpec | None = None,
    busy: float | None = 0.0,
    quiet: Window | None = None,
) -> Scene:
    """Give a scene in which every service runs, unless *standing* says otherwise."""
    troubles = Troubles()
    for event in events:
        troubles.take(event)
    by_name = {spec.name: spec for spec in specs}
    stands = {name: up() for name in by_name} | dict(standing or {})
    return Scene(
        now=now,
        zone=UTC,
        healing=healing or HealingSpec(),
        specs=by_name,
        troubles=troubles,
        deeds=deeds,
        standing=stands.get,
        needs=lambda name: tuple(by_name[name].needs) if name in by_name else (),
        busy=lambda _: busy,
        quiet=lambda _: quiet,
    )


def up(*phases: Phase, name: str = "web", since: float = NOW - 3600.0) -> Standing:
    given = phases or (Phase.RUNNING,)
    names = [name if number == 1 else f"{name}.{number}" for number in range(1, len(given) + 1)]
    by_name = dict(zip(names, given, strict=True))
    return Standing(phases=by_name, up=dict.fromkeys(names, since))


def wanted(now: Scene, *, requests: Iterable[FindingMade] = ()) -> list[Wanted]:
    """Give what is to be done in a scene, *requests* being what rules fire meanwhile."""
    asked = Requests(troubles=now.troubles)
    for event in requests:
        asked.take(event)
    return list(asked.wanted(now.specs))
