"""Alerts, groups and silences as JSON, to be kept over restarts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from svcctl.alert.alert import Alert
from svcctl.alert.group import Group, Notice, Told
from svcctl.alert.silences import Silence
from svcctl.errors import SvcctlError
from svcctl.ports import Store
from svcctl.spec.alert_policy import Priority
from svcctl.spec.matching import parse_matcher

T = TypeVar("T")

Document = Mapping[str, Any]

log = logging.getLogger(__name__)


def alert_document(alert: Alert) -> dict[str, Any]:
    """Give *alert* as JSON."""
    return asdict(alert) | {"labels": dict(alert.labels), "samples": list(alert.samples)}


def alert_of(document: Document) -> Alert:
    """Read what :func:`alert_document` gave; raises KeyError, TypeError or ValueError."""
    return Alert(
        **{
            **document,
            "priority": Priority(document["priority"]),
            "samples": tuple(document["samples"]),
        }
    )


def group_document(group: Group) -> dict[str, Any]:
    """Give *group* as JSON."""
    told = group.told
    return {
        "key": dict(group.key),
        "due": group.due,
        "alerts": [alert_document(each) for each in group.alerts.values()],
        "told": told
        and {"at": told.at, "firing": sorted(told.firing), "ended": sorted(told.ended)},
        "acknowledged": sorted(group.acknowledged),
        "since": group.since,
        "escalated": group.escalated,
    }


def group_of(document: Document) -> Group:
    """Read what :func:`group_document` gave; raises as :func:`alert_of`."""
    alerts = [alert_of(each) for each in document["alerts"]]
    told = document["told"]
    return Group(
        key=document["key"],
        due=document["due"],
        alerts={each.fingerprint: each for each in alerts},
        told=told
        and Told(at=told["at"], firing=frozenset(told["firing"]), ended=frozenset(told["ended"])),
        acknowledged=frozenset(document["acknowledged"]),
        since=document["since"],
        escalated=document["escalated"],
    )


def notice_document(notice: Notice) -> dict[str, Any]:
    """Give *notice* as JSON."""
    return {
        "key": dict(notice.key),
        "at": notice.at,
        "firing": [alert_document(each) for each in notice.firing],
        "ended": [alert_document(each) for each in notice.ended],
        "repeated": notice.repeated,
    }


def notice_of(document: Document) -> Notice:
    """Read what :func:`notice_document` gave; raises as :func:`alert_of`."""
    return Notice(
        **{
            **document,
            "firing": tuple(alert_of(each) for each in document["firing"]),
            "ended": tuple(alert_of(each) for each in document["ended"]),
        }
    )


def silence_document(silence: Silence) -> dict[str, Any]:
    """Give *silence* as JSON."""
    return asdict(silence) | {"matchers": [str(each) for each in silence.matchers]}


def silence_of(document: Document) -> Silence:
    """Read what :func:`silence_document` gave; raises as :func:`alert_of`, or SpecError."""
    return Silence(
        **{**document, "matchers": tuple(parse_matcher(each) for each in document["matchers"])}
    )


def readable(store: Store, kind: str, read: Callable[[Document], T]) -> dict[str, T]:
    """Give all documents of a *kind* that can be read, by key; others are told, and left alone."""
    found: dict[str, T] = {}
    for key, document in store.items(kind):
        try:
            found[key] = read(document)
        except (SvcctlError, KeyError, TypeError, ValueError) as error:
            log.warning("alert.unreadable", extra={"key": key, "problem": str(error)})
    return found
