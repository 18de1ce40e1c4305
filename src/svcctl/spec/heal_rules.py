"""What must hold in what is said of healing, beyond the types of its options: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from svcctl.spec.alert_policy import Happening
from svcctl.spec.cron import check_cron
from svcctl.spec.finding import Finding, checked
from svcctl.spec.heal import SCALE, HealingSpec, HealPolicy
from svcctl.spec.heal_notation import Cron, parse_budget, parse_hours
from svcctl.spec.locate import KeyPath
from svcctl.spec.log_rule import ALERT, RUN
from svcctl.spec.log_rules import ACTIONS
from svcctl.spec.names import did_you_mean
from svcctl.spec.notation import show
from svcctl.spec.service import ServiceSpec

HEALABLE = tuple(
    each for each in Happening if each not in {Happening.AGENT_LOST, Happening.UNHEALED}
)
"""What can be wrong with a service, in words that ``on`` may have."""

DEEDS = tuple(each for each in (*ACTIONS, "pause") if each != ALERT)
"""Verbs that ``do`` may have."""


def heal_findings(spec: ServiceSpec) -> Iterator[Finding]:
    """Give what is wrong with what *spec* says of healing."""
    known = (*map(str, HEALABLE), *(rule.title for rule in spec.rules))
    for number, policy in enumerate(spec.heal):
        path: KeyPath = ("heal", number)
        yield from _on(policy, path, known)
        yield from _do(policy, path, spec.hook.run)
        yield from checked((*path, "budget"), parse_budget, policy.budget)
        yield from checked((*path, "at"), _check_hours, policy.at)


def healing_findings(spec: HealingSpec) -> Iterator[Finding]:
    """Give what is wrong in ``[healing]``."""
    yield from checked(("healing", "budget"), parse_budget, spec.budget)
    yield from checked(("healing", "service_budget"), parse_budget, spec.service_budget)


def _on(policy: HealPolicy, path: KeyPath, known: Collection[str]) -> Iterator[Finding]:
    if not policy.on:
        hint = 'add for example: on = ["leak"]'
        yield Finding(path=(*path, "on"), problem="nothing is named to heal", hint=hint)
    for number, word in enumerate(policy.on):
        if word not in known:
            hint = did_you_mean(word, known) or f"a rule's name, or one of {', '.join(HEALABLE)}"
            problem = f"nothing is called {show(word)} that could be wrong"
            yield Finding(path=(*path, "on", number), problem=problem, hint=hint)


def _do(policy: HealPolicy, path: KeyPath, hooks: Collection[str]) -> Iterator[Finding]:
    place, deed = (*path, "do"), policy.do
    if deed.startswith(RUN):
        name = deed.removeprefix(RUN)
        if name not in hooks:
            hint = did_you_mean(name, hooks) or f'add to hook.run: {name or "name"} = ["command"]'
            yield Finding(path=place, problem=f"hook.run has no {show(name)}", hint=hint)
    elif deed.startswith(SCALE):
        count = deed.removeprefix(SCALE)
        if not count.isdecimal() or not 1 <= int(count) <= 1000:
            problem = f"{show(deed)}: {show(count)} is not a number from 1 to 1000"
            yield Finding(path=place, problem=problem, hint='write for example: do = "scale:4"')
    elif deed not in DEEDS:
        hint = did_you_mean(deed, DEEDS) or f"one of {', '.join(DEEDS)}, run:NAME or scale:N"
        yield Finding(path=place, problem=f"{show(deed)} heals nothing", hint=hint)


def _check_hours(text: str) -> None:
    """Raise SpecError unless *text* says when."""
    hours = parse_hours(text)
    if isinstance(hours, Cron):
        check_cron(hours.fields)
