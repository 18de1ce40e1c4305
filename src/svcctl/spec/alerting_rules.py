"""What must hold in ``[alerting]`` beyond the types of its options: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from svcctl.errors import SpecError
from svcctl.spec.alert_policy import AlertPolicy
from svcctl.spec.alerting import (
    SECRET_OPTIONS,
    AlertingSpec,
    ChannelKind,
    ChannelSpec,
    EscalationSpec,
)
from svcctl.spec.finding import Finding, checked
from svcctl.spec.grammar import check_open_url, check_secret
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.matching import parse_matcher
from svcctl.spec.names import SERVICE_NAME, did_you_mean
from svcctl.spec.notation import show
from svcctl.spec.service import Manager, ServiceSpec
from svcctl.spec.shape import members

_ROOT: KeyPath = ("alerting",)
_ANY_KIND = frozenset(("kind", "language", "fallback", "patience"))
_MAIL = frozenset(("host", "port", "security", "user", "password", "sender", "to"))
_OPTIONS: Mapping[ChannelKind, frozenset[str]] = {
    ChannelKind.WECOM: frozenset(("url", "mention")),
    ChannelKind.DINGTALK: frozenset(("url", "secret", "mention")),
    ChannelKind.FEISHU: frozenset(("url", "secret")),
    ChannelKind.MAIL: _MAIL,
    ChannelKind.WEBHOOK: frozenset(("url", "headers")),
    ChannelKind.ALERTMANAGER: frozenset(("url", "headers")),
    ChannelKind.APPRISE: frozenset(("urls",)),
}
_NEEDED: Mapping[ChannelKind, tuple[str, ...]] = {
    ChannelKind.MAIL: ("host", "sender", "to"),
    ChannelKind.APPRISE: ("urls",),
}
_NATIVE = frozenset((Manager.SYSTEMD, Manager.SCM, Manager.LAUNCHD))
_PLAIN = frozenset((ChannelKind.WEBHOOK, ChannelKind.ALERTMANAGER))
"""Kinds whose address may stand in the file, as it need not be a secret."""


def alerting_findings(spec: AlertingSpec, known: Iterable[str] = ()) -> Iterator[Finding]:
    """Give everything that is wrong in *spec*.

    *known* are channels that are there and not in it, being mistakes themselves.
    """
    channels = frozenset((*spec.channels, *known))
    for name, channel in spec.channels.items():
        yield from _channel((*_ROOT, "channels", name), name, channel, channels)
    for priority in ("P0", "P1", "P2"):
        path = (*_ROOT, "priorities", priority)
        each = getattr(spec.priorities, priority)
        yield from _named(path, each.channels, channels)
        yield from _escalations(path, each.escalate, channels)
    for number, route in enumerate(spec.routes):
        path = (*_ROOT, "routes", number)
        yield from _matchers((*path, "match"), route.match)
        yield from _named(path, route.channels, channels)
        yield from _escalations(path, route.escalate, channels)
    for number, inhibit in enumerate(spec.inhibit):
        path = (*_ROOT, "inhibit", number)
        yield from _matchers((*path, "source"), inhibit.source)
        yield from _matchers((*path, "target"), inhibit.target)
    for number, window in enumerate(spec.maintenance):
        path = (*_ROOT, "maintenance", number)
        yield from _matchers((*path, "match"), window.match)
        yield from checked((*path, "begins"), local_time, window.begins)
        if window.every is not None and window.every <= window.lasts:
            problem = f"{path_text(path)} lasts as long as it takes to come again"
            yield Finding(path=(*path, "every"), problem=problem, hint="then nobody is ever told")


def alert_findings(
    specs: Mapping[str, ServiceSpec], channels: AbstractSet[str] | None
) -> Iterator[tuple[str, Finding]]:
    """Give, by service, what names a channel that is not there, and what nobody would tell.

    Where no file at hand has ``[alerting]`` (None) another may.
    """
    for name, spec in specs.items():
        if spec.manager in _NATIVE and spec.alert != AlertPolicy():
            problem = f"nobody tells of a service that {spec.manager} keeps"
            hint = "leave it out, or have the agent keep it: manager = 'agent'"
            yield name, Finding(path=("alert",), problem=problem, hint=hint, about_key=True)
        for number, each in enumerate(spec.alert.to if channels is not None else ()):
            for finding in _unknown(("alert", "to", number), each, channels or frozenset()):
                yield name, finding


def local_time(text: str) -> float:
    """Give the seconds since 1970 of a local time such as ``2026-11-22T02:00``.

    Raises SpecError.
    """
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise SpecError(
            f"{show(text)} is not a time", hint="write it as 2026-11-22T02:00"
        ) from error


def _channel(
    path: KeyPath, name: str, channel: ChannelSpec, known: AbstractSet[str]
) -> Iterator[Finding]:
    if not SERVICE_NAME.fullmatch(name):
        hint = "use a-z, 0-9, '.', '_' and '-'"
        problem = f"{show(name)} cannot name a channel"
        yield Finding(path=path, problem=problem, hint=hint, about_key=True)
    defaults = {key: member.default for key, member in members(ChannelSpec).items()}
    mine = _ANY_KIND | _OPTIONS[channel.kind]
    for option, default in defaults.items():
        if option not in mine and getattr(channel, option) != default:
            hint = f"it takes {', '.join(sorted(_OPTIONS[channel.kind]))}"
            problem = f"a channel of kind '{channel.kind}' has no {option!r}"
            yield Finding(path=(*path, option), problem=problem, hint=hint, about_key=True)
    for option in _NEEDED.get(channel.kind, ("url",)):
        if not getattr(channel, option):
            problem = f"channel {name!r} of kind '{channel.kind}' has no {option!r}"
            yield Finding(path=path, problem=problem, about_key=True)
    for option in SECRET_OPTIONS:
        yield from _secrets((*path, option), channel, getattr(channel, option))
    if channel.fallback == name:
        problem = f"channel {name!r} is its own fallback"
        yield Finding(path=(*path, "fallback"), problem=problem)
    elif channel.fallback:
        yield from _unknown((*path, "fallback"), channel.fallback, known)


def _secrets(path: KeyPath, channel: ChannelSpec, value: object) -> Iterator[Finding]:
    match value:
        case "":
            return
        case str() if path[-1] == "url" and channel.kind in _PLAIN and "://" in value:
            yield from checked(path, check_open_url, value)
        case str():
            yield from checked(path, check_secret, value)
        case tuple():
            for number, each in enumerate(value):
                yield from checked((*path, number), check_secret, each)
        case Mapping():
            for key, each in value.items():
                yield from checked((*path, key), check_secret, each)


def _escalations(
    path: KeyPath, steps: Iterable[EscalationSpec], known: AbstractSet[str]
) -> Iterator[Finding]:
    for number, each in enumerate(steps):
        yield from _named((*path, "escalate", number), each.channels, known)


def _named(path: KeyPath, names: Iterable[str], known: AbstractSet[str]) -> Iterator[Finding]:
    for number, each in enumerate(names):
        yield from _unknown((*path, "channels", number), each, known)


def _unknown(path: KeyPath, name: str, known: AbstractSet[str]) -> Iterator[Finding]:
    if name not in known:
        hint = did_you_mean(name, known) or f"add [alerting.channels.{name}]"
        yield Finding(path=path, problem=f"there is no channel {name!r}", hint=hint)


def _matchers(path: KeyPath, texts: Iterable[str]) -> Iterator[Finding]:
    found = list(texts)
    if not found:
        problem = f"{path_text(path)} is empty, which would fit everything"
        yield Finding(path=path, problem=problem, hint='name a label, such as service=~".*"')
    for number, each in enumerate(found):
        yield from checked((*path, number), parse_matcher, each)
