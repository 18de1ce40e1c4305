"""Decides whether something is done by itself now, and why not if it is not: pure.

====================  ==========================================================================
reason                it is not done because
====================  ==========================================================================
off                   healing is switched off
unsure                nobody is sure enough that something is wrong
young                 it has not lasted long enough
attended              a person, or a program, is at work on the service
stopped               the service is stopped, paused, disabled, or gone
changing              it starts, stops or reloads
healing               the service is being healed
cause                 what it needs is at fault, or was until a moment ago
answered              something was done about it, which may have helped
cooldown              the same was done a moment ago
hour                  it is to be done at another hour
busy                  it uses too much of the processor
budget                too much was done already
nothing               there is nothing left to do
dry_run               it is only rehearsed
====================  ==========================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from svcctl.app.healing.answers import answered_at, settling, well_since
from svcctl.app.healing.deed import Deed, State, free_at
from svcctl.app.healing.hours import opens
from svcctl.app.healing.scene import Scene, Standing
from svcctl.app.healing.trouble import MOMENTARY, OWN
from svcctl.app.healing.wanted import Wanted
from svcctl.engine.life import QUIET, Phase
from svcctl.spec.heal import SCALE
from svcctl.spec.heal_notation import parse_budget, parse_hours
from svcctl.spec.log_rule import RUN
from svcctl.spec.notation import format_duration

ECHOES = frozenset(("healing", "answered", "cooldown", "changing"))
"""Reasons that follow from what was done a moment ago."""

_LOOK_AGAIN = 60.0  # seconds between two looks at what a busy service uses
_MOVING = frozenset((Phase.STARTING, Phase.STOPPING, Phase.PAUSING, Phase.RESUMING, Phase.BACKOFF))
_REVIVES = frozenset(("restart", "reset"))
"""What makes sense of a service that gave up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """It is not done: *reason* is one word, *problem* says it to people.

    *until* is when (seconds since 1970) it is decided anew though nothing happens.
    """

    reason: str
    problem: str
    until: float | None = None


def decide(wanted: Wanted, scene: Scene, *, at_once: bool = False) -> Held | None:
    """Say why *wanted* is not done now; None: it is.

    *at_once*: a person asks for it, so that neither the hour matters nor how long it has lasted.
    """
    checks = (
        each
        for each in (_OF_A_LOOK if wanted.only_looks else _CHECKS)
        if not (at_once and each in _PATIENT)
    )
    return next((held for check in checks if (held := check(wanted, scene))), None)


def steps_aside(wanted: Wanted, scene: Scene) -> Held | None:
    """Say why what is being done is not gone on with, from one instance to the next."""
    return _stands(wanted, scene) or (None if wanted.only_looks else _unattended(wanted, scene))


def _is_on(wanted: Wanted, scene: Scene) -> Held | None:
    del wanted
    if scene.healing.enabled:
        return None
    return Held(reason="off", problem="healing is switched off ([healing] enabled = false)")


def _is_sure(wanted: Wanted, scene: Scene) -> Held | None:
    del scene
    score, least = wanted.trouble.score, wanted.policy.min_score
    if score >= least:
        return None
    return Held(reason="unsure", problem=f"its score is {score:.2f}, less than {least:.2f}")


def _lasts(wanted: Wanted, scene: Scene) -> Held | None:
    due = wanted.trouble.since + wanted.policy.after
    if scene.now >= due:
        return None
    after = format_duration(wanted.policy.after)
    return Held(reason="young", problem=f"it has not lasted for {after}", until=due)


def _unattended(wanted: Wanted, scene: Scene) -> Held | None:
    standing = scene.standing(wanted.service)
    if standing is None or not standing.attended:
        return None
    return Held(reason="attended", problem=f"{standing.attended} is at work on it")


def _stands(wanted: Wanted, scene: Scene) -> Held | None:
    """Whether its instances are such that it can be done."""
    standing, what = scene.standing(wanted.service), wanted.policy.do
    if standing is None:
        return Held(reason="stopped", problem="there is no such service any more")
    if not standing.enabled:
        return Held(reason="stopped", problem="it is disabled")
    phases = _phases(wanted, standing)
    if not phases:
        return Held(reason="stopped", problem="there is no such instance any more")
    if any(each in {Phase.PAUSED, Phase.PAUSING} for each in phases):
        return Held(reason="stopped", problem="it is paused")
    at_rest = {Phase.FAILED} if what in _REVIVES else set()
    if all(each in QUIET - at_rest for each in phases):
        return Held(reason="stopped", problem=f"it is {phases[0]}")
    anyhow = what == "stop" or what.startswith((RUN, SCALE))
    moving = [each for each in phases if each in _MOVING]
    if moving and not anyhow:
        return Held(reason="changing", problem=f"it is {moving[0]}")
    if standing.reloads and not what.startswith(RUN):
        return Held(reason="changing", problem="it reloads")
    return None


def able(wanted: Wanted, standing: Standing) -> tuple[str, ...]:
    """Name the instances that it is done to: those that are up, or gave up."""
    at_rest = QUIET - {Phase.FAILED} if wanted.policy.do in _REVIVES else QUIET
    names = wanted.targets or tuple(standing.phases)
    return tuple(each for each in names if standing.phases.get(each, Phase.STOPPED) not in at_rest)


def _phases(wanted: Wanted, standing: Standing) -> list[Phase]:
    names = wanted.targets or tuple(standing.phases)
    return [standing.phases[name] for name in names if name in standing.phases]


def _alone(wanted: Wanted, scene: Scene) -> Held | None:
    under_way = [each for each in scene.deeds_on(wanted.service) if each.state is State.BEGUN]
    if not under_way:
        return None
    return Held(reason="healing", problem=f"{under_way[0].what} is under way")


def _cause_first(wanted: Wanted, scene: Scene) -> Held | None:
    """Whether all that the service needs is well, and was for long enough to help."""
    helped_at = 0.0
    for name in scene.needs(wanted.service):
        if problem := _fault(name, scene):
            return Held(reason="cause", problem=f"it needs {name!r}, {problem}")
        helped_at = max(helped_at, well_since(name, scene))
    if helped_at < wanted.trouble.seen or wanted.trouble.happening in OWN:
        return None
    due = helped_at + settling(wanted.trouble, scene)
    if wanted.trouble.happening in MOMENTARY:
        return Held(reason="cause", problem="what it needs was at fault, and is well now")
    if scene.now < due:
        return Held(reason="cause", problem="what it needs is well, which may help", until=due)
    return None


def _fault(name: str, scene: Scene) -> str:
    """Say what is wrong with a service that others need, or give an empty text."""
    standing = scene.standing(name)
    if standing is None:
        return ""
    up = {Phase.RUNNING, Phase.FINISHED}
    if down := [each for each in standing.phases.values() if each not in up]:
        return f"which is {down[0]}"
    if any(each.state is State.BEGUN and each.may_help for each in scene.deeds_on(name)):
        return "which is being healed"
    troubles = [each for each in scene.troubles.of(name) if each.is_fault]
    faults = [each for each in troubles if answered_at(each, scene) is None]
    return f"in which something is wrong: {faults[0].summary}" if faults else ""


def _answered(wanted: Wanted, scene: Scene) -> Held | None:
    trouble = wanted.trouble
    answered = answered_at(trouble, scene)
    if answered is None:
        return None
    problem = "something was done about it already"
    if trouble.happening in MOMENTARY:
        return Held(reason="answered", problem=problem)
    due = answered + settling(trouble, scene)
    return None if scene.now >= due else Held(reason="answered", problem=problem, until=due)


def _rested(wanted: Wanted, scene: Scene) -> Held | None:
    mine = [each.at for each in scene.deeds_on(wanted.service) if each.by == wanted.by]
    due = max(mine, default=-math.inf) + wanted.policy.cooldown
    if scene.now >= due:
        return None
    cooldown = format_duration(wanted.policy.cooldown)
    return Held(reason="cooldown", problem=f"it was done less than {cooldown} ago", until=due)


def _is_urgent(wanted: Wanted, scene: Scene) -> bool:
    end = wanted.trouble.exhausted_at
    return end is not None and end - wanted.policy.latest <= scene.now


def _at_its_hour(wanted: Wanted, scene: Scene) -> Held | None:
    policy, trouble = wanted.policy, wanted.trouble
    hours = parse_hours(policy.at)
    if hours is None or _is_urgent(wanted, scene):
        return None
    due = opens(
        hours,
        now=scene.now,
        since=trouble.since,
        quiet=scene.quiet(wanted.service),
        zone=scene.zone,
    )
    if due is None:
        return None
    if trouble.exhausted_at is not None:
        due = min(due, trouble.exhausted_at - policy.latest)
    return Held(reason="hour", problem=f"it is to be done at {policy.at}", until=due)


def _calm(wanted: Wanted, scene: Scene) -> Held | None:
    below = wanted.policy.below
    if below is None or _is_urgent(wanted, scene):
        return None
    busy, most = scene.busy(wanted.service), below * 100
    if busy is not None and busy < most:
        return None
    used = "an unknown part" if busy is None else f"{busy:.0f}%"
    problem = f"it uses {used} of a processor, not less than {most:.0f}%"
    return Held(reason="busy", problem=problem, until=scene.now + _LOOK_AGAIN)


def _left_to_do(wanted: Wanted, scene: Scene) -> Held | None:
    if not wanted.policy.do.startswith(SCALE):
        return None
    standing = scene.standing(wanted.service)
    count = len(standing.phases) if standing else 0
    if count < int(wanted.policy.do.removeprefix(SCALE)):
        return None
    return Held(reason="nothing", problem=f"it has {count} instances already")


def _affordable(wanted: Wanted, scene: Scene) -> Held | None:
    healing = scene.healing
    alike = [each for each in scene.deeds if each.may_help is not wanted.only_looks]
    mine = [each for each in alike if each.service == wanted.service]
    limits: tuple[tuple[str, str, Iterable[Deed]], ...] = (
        (wanted.policy.budget, f"of {wanted.by}", mine),
        (healing.service_budget, "of one service", mine),
        (healing.budget, "of all services", alike),
    )
    for text, whose, deeds in limits:
        if not text:
            continue
        due = free_at((each.at for each in deeds), parse_budget(text), now=scene.now)
        if due is not None:
            until = due if math.isfinite(due) else None
            problem = f"the budget {whose}, {text}, is spent"
            return Held(reason="budget", problem=problem, until=until)
    return None


def _is_meant(wanted: Wanted, scene: Scene) -> Held | None:
    if not (wanted.policy.dry_run or scene.healing.dry_run):
        return None
    return Held(reason="dry_run", problem="it is only rehearsed (dry_run)")


_Check = Callable[[Wanted, Scene], Held | None]

_CHECKS: tuple[_Check, ...] = (
    _is_on,
    _stands,
    _unattended,
    _is_sure,
    _alone,
    _lasts,
    _cause_first,
    _answered,
    _rested,
    _left_to_do,
    _at_its_hour,
    _calm,
    _affordable,
    _is_meant,
)
_OF_A_LOOK: tuple[_Check, ...] = (_is_on, _stands, _affordable, _is_meant)
"""All that matters to a command that only looks."""

_PATIENT = frozenset((_lasts, _answered, _rested, _at_its_hour, _calm))
"""What a person who asks for it need not wait for."""
