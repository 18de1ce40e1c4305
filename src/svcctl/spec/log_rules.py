"""What must hold within one rule over logs, beyond the types of its options."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from svcctl.errors import SpecError
from svcctl.spec.finding import Finding, checked
from svcctl.spec.locate import KeyPath
from svcctl.spec.log_rule import ALERT, RUN, LogRule, Mode
from svcctl.spec.names import SERVICE_NAME, did_you_mean
from svcctl.spec.notation import show
from svcctl.spec.policy import LogTo
from svcctl.spec.regular import parse_regular
from svcctl.spec.service import ServiceSpec
from svcctl.spec.where import parse_where

ACTIONS = (ALERT, "restart", "reload", "stop", "reset")
"""What a rule may lead to, besides a command of ``hook.run``; all but the first are verbs."""

_WINDOWED = {Mode.SHARE, Mode.PERCENTILE, Mode.RISES, Mode.FALLS}
_FEWEST, _MOST = 3, 1000  # times `within` that fit into `past`


def rule_findings(spec: ServiceSpec) -> Iterator[Finding]:
    """Give what is wrong with the rules of *spec*."""
    if spec.rules and spec.log.to is not LogTo.CAPTURE:
        hint = 'capture it: log.to = "capture"'
        problem = f"rules see nothing of output that goes to {spec.log.to}"
        yield Finding(path=("rules",), problem=problem, hint=hint)
    yield from rules_findings(spec.rules, hooks=spec.hook.run)


def rules_findings(rules: Sequence[LogRule], *, hooks: Collection[str] | None) -> Iterator[Finding]:
    """Give what is wrong with *rules* of anything that has some.

    *hooks* are the commands they may lead to; None where these cannot be known.
    """
    names: set[str] = set()
    for number, rule in enumerate(rules):
        path: KeyPath = ("rules", number)
        yield from _texts(rule, path)
        yield from _asks(rule, path)
        yield from _value(rule, path)
        yield from _times(rule, path)
        yield from _action(rule, path, hooks)
        if rule.title in names:
            hint = "give it a name of its own"
            problem = f"there is another rule {show(rule.title)}"
            yield Finding(path=path, problem=problem, hint=hint)
        names.add(rule.title)


def _texts(rule: LogRule, path: KeyPath) -> Iterator[Finding]:
    for key, pattern in (("match", rule.match), ("unless", rule.unless)):
        if pattern is not None:
            yield from checked((*path, key), parse_regular, pattern)
    if rule.field_:
        yield from checked((*path, "field"), parse_where, rule.field_)


def _asks(rule: LogRule, path: KeyPath) -> Iterator[Finding]:
    asked = (rule.match, rule.level, rule.value, rule.field_, rule.absent_for)
    windowed = rule.rises is not None or rule.falls is not None
    if not any(asked) and not windowed:
        hint = 'add for example: match = "ERROR", level = "error" or field = "status>=500"'
        yield Finding(path=path, problem="a rule has to look for something", hint=hint)
    modes = [mode for mode in Mode if mode is not Mode.COUNT and getattr(rule, mode) is not None]
    if len(modes) > 1:
        problem = f"a rule takes one of {' and '.join(modes)}"
        yield Finding(path=(*path, modes[1]), problem=problem, hint="make two rules of it")
    if rule.mode is Mode.SHARE and not (rule.level or rule.field_ or rule.value):
        hint = 'say of what with match, and which with level or field: field = "status>=500"'
        yield Finding(path=(*path, "share"), problem="share has no part to compare", hint=hint)


def _value(rule: LogRule, path: KeyPath) -> Iterator[Finding]:
    limited = rule.above is not None or rule.below is not None
    if limited and not rule.value:
        key = "above" if rule.above is not None else "below"
        hint = 'name a group of match or a field: value = "ms"'
        yield Finding(path=(*path, key), problem=f"{key} needs a value to look at", hint=hint)
    if rule.value and not limited:
        hint = "add for example: above = 2000"
        yield Finding(path=(*path, "value"), problem="value needs above or below", hint=hint)
    if rule.percentile is not None and (rule.above is None) == (rule.below is None):
        hint = "one of above and below says where it ends"
        yield Finding(path=(*path, "percentile"), problem="percentile needs a limit", hint=hint)
    if rule.value and (named := _groups(rule)) and rule.value not in named:
        near = did_you_mean(rule.value, named)
        hint = near or f"its groups are {', '.join(named)}; leave their names out to use a field"
        problem = f"{show(rule.value)} is no group of match"
        yield Finding(path=(*path, "value"), problem=problem, hint=hint)


def _groups(rule: LogRule) -> list[str]:
    """Give the groups of the pattern if they have names, as somebody meant one of them then."""
    if rule.match is None:
        return []
    try:
        groups = parse_regular(rule.match).groups
    except SpecError:
        return []
    return list(groups) if any(not each.isdecimal() for each in groups) else []


def _times(rule: LogRule, path: KeyPath) -> Iterator[Finding]:
    counted = rule.mode is Mode.COUNT and rule.least > 1
    if rule.within is None and (counted or rule.mode in _WINDOWED):
        key = "count" if counted else str(rule.mode)
        hint = 'add for example: within = "5m"'
        yield Finding(path=(*path, key), problem=f"{key} needs a time", hint=hint)
    compares = rule.mode in {Mode.RISES, Mode.FALLS}
    if rule.within is None or not compares:
        return
    if not rule.within * _FEWEST <= rule.past <= rule.within * _MOST:
        problem = f"past is not from {_FEWEST} to {_MOST} times within"
        yield Finding(path=(*path, "past"), problem=problem, hint='write for example: past = "1h"')


def _action(rule: LogRule, path: KeyPath, hooks: Collection[str] | None) -> Iterator[Finding]:
    action, place = rule.action, (*path, "action")
    if action.startswith(RUN):
        name = action.removeprefix(RUN)
        if hooks is not None and name not in hooks:
            near = did_you_mean(name, hooks)
            hint = near or f'add to hook.run: {name or "name"} = ["/usr/bin/command"]'
            yield Finding(path=place, problem=f"hook.run has no {show(name)}", hint=hint)
    elif action not in ACTIONS:
        hint = did_you_mean(action, ACTIONS) or f"one of {', '.join(ACTIONS)}, or run:NAME"
        yield Finding(path=place, problem=f"{show(action)} is no action of a rule", hint=hint)


def is_action(text: str) -> bool:
    """Say whether *text* is an action, of whatever service."""
    return text in ACTIONS or text.startswith(RUN)


def hook_findings(spec: ServiceSpec) -> Iterator[Finding]:
    """Give the commands of ``hook.run`` that have no name one could ask for."""
    for name in spec.hook.run:
        if not SERVICE_NAME.fullmatch(name):
            problem = f"{show(name)} cannot name a command"
            hint = "use a-z, 0-9, '.', '_' and '-'"
            yield Finding(path=("hook", "run", name), problem=problem, hint=hint, about_key=True)
