"""What starts and stops services besides boot and people, in the numbers of the SCM.

https://learn.microsoft.com/windows/win32/api/winsvc/ns-winsvc-service_trigger
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from svcctl.errors import SpecError
from svcctl.spec.names import did_you_mean
from svcctl.spec.native import Trigger

START, STOP = 1, 2
"""SERVICE_TRIGGER_ACTION_SERVICE_START and _STOP."""

DEVICE, ADDRESS, DOMAIN, FIREWALL, POLICY, ETW = 1, 2, 3, 4, 5, 20
"""SERVICE_TRIGGER_TYPE_*; ETW is the CUSTOM one."""

STRING = 2
"""SERVICE_TRIGGER_DATA_TYPE_STRING: UTF-16, each string with its NUL, another NUL at the end."""

_NAMED = {
    "ip-available": (ADDRESS, "4f27f2de-14e2-430b-a549-7cd48cbc8245"),
    "ip-lost": (ADDRESS, "cc4ba62a-162e-4648-847a-b6bdf993e335"),
    "domain-join": (DOMAIN, "1ce20aba-9851-4421-9430-1ddeb766e809"),
    "domain-leave": (DOMAIN, "ddaf516e-58c2-4866-9574-c3b615d42ea1"),
    "machine-policy": (POLICY, "659fcae6-5bdb-4da9-b1ff-ca2a178d46e0"),
    "user-policy": (POLICY, "54fb46c8-f089-464c-b1fd-59d1b62c3b50"),
}
_PORTS = {
    "port-open": "b7569e07-8421-4ee0-ad10-86915afdad09",
    "port-close": "a144ed38-8e12-4de4-9d96-e64740b1a524",
}
_CLASSES = {"device": DEVICE, "etw": ETW}
_ACTIONS = {"start": START, "stop": STOP}
_PORT = re.compile(r"(\d{1,5})/(tcp|udp)")
_WORDS = (*_NAMED, *_PORTS, *_CLASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScmTrigger:
    """A SERVICE_TRIGGER: its numbers and its GUID; each of *items* is a data type and the bytes."""

    kind: int
    action: int
    subtype: str
    items: tuple[tuple[int, bytes], ...] = ()


def scm_trigger(trigger: Trigger) -> ScmTrigger:
    """Give *trigger* as the SCM takes it; raises SpecError for what it cannot be."""
    if trigger.do not in _ACTIONS:
        raise SpecError(f"a trigger cannot {trigger.do!r}", hint="do = 'start' or 'stop'")
    action = _ACTIONS[trigger.do]
    word, _, value = trigger.on.partition(":")
    if trigger.on in _NAMED:
        kind, subtype = _NAMED[trigger.on]
        return ScmTrigger(kind=kind, action=action, subtype=subtype)
    if word in _PORTS:
        found = _PORT.fullmatch(value.lower())
        if not found or not 0 < int(found[1]) < 65536:
            raise SpecError(
                f"trigger {trigger.on!r} has no port", hint=f"for example {word}:80/tcp"
            )
        strings = multi_string((str(int(found[1])), found[2].upper()))
        return ScmTrigger(
            kind=FIREWALL, action=action, subtype=_PORTS[word], items=((STRING, strings),)
        )
    if word in _CLASSES:
        return ScmTrigger(kind=_CLASSES[word], action=action, subtype=_guid(trigger.on, value))
    raise SpecError(
        f"there is no trigger {trigger.on!r}",
        hint=did_you_mean(word, _WORDS) or f"known: {', '.join(_WORDS)}",
    )


def trigger_text(trigger: ScmTrigger) -> str:
    """Give *trigger* in words, those of a spec where it has them."""
    action = "stop" if trigger.action == STOP else "start"
    return f"{action} on {_occasion(trigger)}"


def spec_trigger(trigger: ScmTrigger) -> Trigger | None:
    """Give *trigger* as a spec has it; None where a spec cannot say it."""
    action = {number: word for word, number in _ACTIONS.items()}.get(trigger.action)
    if action is None:
        return None
    found = Trigger(on=_occasion(trigger), do=action)
    try:
        return found if scm_trigger(found) == trigger else None
    except SpecError:
        return None


def multi_string(strings: tuple[str, ...]) -> bytes:
    """Give *strings* as Windows keeps several in one: UTF-16, a NUL after each and at the end."""
    return ("".join(f"{each}\0" for each in strings or ("",)) + "\0").encode("utf-16-le")


def single_strings(data: bytes) -> tuple[str, ...]:
    """Give the strings in *data*, whichever way they end."""
    return tuple(each for each in data.decode("utf-16-le", "replace").split("\0") if each)


def _occasion(trigger: ScmTrigger) -> str:
    for word, (kind, subtype) in _NAMED.items():
        if (kind, subtype) == (trigger.kind, trigger.subtype):
            return word
    if trigger.kind == FIREWALL:
        strings = [
            each for kind, data in trigger.items if kind == STRING for each in single_strings(data)
        ]
        for word, subtype in _PORTS.items():
            if subtype == trigger.subtype:
                return f"{word}:{'/'.join(strings).lower()}"
    for word, kind in _CLASSES.items():
        if kind == trigger.kind:
            return f"{word}:{trigger.subtype}"
    return f"type {trigger.kind}:{trigger.subtype}"


def _guid(on: str, value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise SpecError(
            f"trigger {on!r} has no GUID",
            hint="for example device:53f56307-b6bf-11d0-94f2-00a0c91efb8b",
        ) from None
