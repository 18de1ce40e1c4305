"""The past is gone through, and what would have been done is said, with the reasons."""

from __future__ import annotations

from dataclasses import replace

from svcctl.app.healing.rehearsal import Rehearsal, Rehearsed
from svcctl.events import Event, FindingEnded, PhaseChanged
from svcctl.spec.heal import HealingSpec
from svcctl.spec.service import ServiceSpec

from .scenes import NOW, found, policy, scene, service

Told = list[tuple[float, str, str]]


def told(rows: list[Rehearsed]) -> Told:
    return [
        (row.at - NOW, row.wanted.service, row.held.reason if row.held else row.wanted.policy.do)
        for row in rows
    ]


def rehearse(
    events: list[Event], *specs: ServiceSpec, until: float, healing: HealingSpec | None = None
) -> Told:
    now = scene(*specs, healing=healing)
    return told(Rehearsal(scene=now).run(events, until=NOW + until))


def over(at: float) -> FindingEnded:
    return FindingEnded(at=NOW + at, service="web", pattern=found().pattern)


def test_what_lasts_is_done_again_after_its_cooldown_until_the_budget_is_spent() -> None:
    web = service("web", policy(cooldown=600.0, budget="2 in 1h"))

    rows = rehearse([found()], web, until=3000.0)

    done = [row for row in rows if row[2] == "restart"]
    assert done == [(0.0, "web", "restart"), (600.0, "web", "restart")]
    assert (1200.0, "web", "budget") in rows


def test_what_was_over_in_time_would_not_have_been_done() -> None:
    web = service("web", policy(after=300.0))

    assert rehearse([found(), over(200.0)], web, until=900.0) == [(0.0, "web", "young")]
    assert rehearse([found(), over(400.0)], web, until=900.0)[-1] == (300.0, "web", "restart")


def test_dry_runs_are_rehearsed_as_if_they_were_none() -> None:
    web = service("web", policy(dry_run=True))

    rows = rehearse([found()], web, until=1.0, healing=HealingSpec(dry_run=True))

    assert rows == [(0.0, "web", "restart")]


def test_a_rule_that_fired_asks_once_for_each_time() -> None:
    fired = found("rule", action="reload")
    again = replace(fired, at=NOW + 400)

    rows = rehearse([fired, again], service("web"), until=900.0)

    assert rows == [(0.0, "web", "reload"), (400.0, "web", "reload")]


def test_what_was_not_up_then_would_have_been_left_alone() -> None:
    stopped = PhaseChanged(
        at=NOW - 1, service="web", instance="web", old="stopping", new="stopped", reason="asked"
    )

    assert rehearse([stopped, found()], service("web", policy()), until=9.0) == [
        (0.0, "web", "stopped")
    ]


def test_the_cause_would_have_been_healed_first() -> None:
    web, db = service("web", policy(), needs=("db",)), service("db", policy())
    events = [found(), found(service="db", at=NOW + 1)]

    rows = rehearse([events[1], events[0]], web, db, until=2.0)

    assert (1.0, "db", "restart") in rows
    assert (0.0, "web", "restart") not in rows
