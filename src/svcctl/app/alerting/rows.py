"""Alerts and silences as verbs give and take them: pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from svcctl.alert.alert import Alert
from svcctl.alert.silences import Silence
from svcctl.app.alerting.telling import Telling
from svcctl.errors import SpecError, UsageError
from svcctl.ports import Document, Recorded
from svcctl.spec.matching import How, Matcher, parse_matcher

_FOR_EVER = 100 * 365.25 * 86_400  # seconds
_MATCH_HINT = "svcctl silence add service=web --for 2h"


def firing(alerts: Iterable[Alert], telling: Telling) -> list[Document]:
    """Give what is known of *alerts* that fire."""
    acknowledged = telling.acknowledged
    return [
        _firing(
            each,
            why=telling.router.why_muted(each),
            is_acknowledged=each.fingerprint in acknowledged,
        )
        for each in alerts
    ]


def _firing(alert: Alert, *, why: str, is_acknowledged: bool) -> Document:
    state = "muted" if why else "firing"
    if is_acknowledged:
        state = "acknowledged"
    return {
        "id": alert.fingerprint,
        "alert": alert.name,
        "priority": str(alert.priority),
        "service": alert.label("service"),
        "instance": alert.label("instance"),
        "labels": dict(alert.labels),
        "summary": alert.summary,
        "details": alert.details,
        "samples": list(alert.samples),
        "began": alert.began,
        "ended": None,
        "state": state,
        "why_muted": why,
    }


def ended(events: Iterable[Recorded]) -> list[Document]:
    """Give what is over, of all *events*, the latest first."""
    found = [each for each in events if each.kind == "AlertEnded"]
    return [
        {
            "id": each.fields["fingerprint"],
            "alert": each.fields["alert"],
            "priority": each.fields["priority"],
            "service": each.service,
            "instance": each.instance,
            "labels": {},
            "summary": each.fields["summary"],
            "details": "",
            "samples": [],
            "began": each.at - cast("float", each.fields["lasted"]),
            "ended": each.at,
            "state": "ended",
            "why_muted": "",
        }
        for each in reversed(found)
    ]


def silence(found: Silence, *, now: float) -> Document:
    """Give what is known of a silence; a maintenance window has the number 0."""
    return {
        "number": found.number,
        "match": [str(each) for each in found.matchers],
        "begins": found.begins,
        "ends": found.ends,
        "every": found.every,
        "who": found.who,
        "why": found.why,
        "holds": found.holds(now),
    }


def silence_of(match: object, *, seconds: float, who: str, why: str, now: float) -> Silence:
    """Make a silence from *now* on; raises UsageError where it makes no sense."""
    texts = match if isinstance(match, list) else []
    if not texts or not all(isinstance(each, str) for each in texts):
        raise UsageError("a silence needs conditions on labels", hint=_MATCH_HINT)
    if seconds <= 0:
        raise UsageError("a silence needs an end", hint=_MATCH_HINT)
    try:
        matchers = tuple(map(parse_matcher, texts))
    except SpecError as error:
        raise UsageError(error.problem, hint=error.hint) from error
    return Silence(number=0, matchers=matchers, begins=now, ends=now + seconds, who=who, why=why)


def rejection(alert: Alert, *, who: str, why: str, now: float) -> Silence:
    """Make the silence for a finding that somebody called false: for its pattern, for ever."""
    labels = [(name, alert.label(name)) for name in ("service", "pattern")]
    return Silence(
        number=0,
        matchers=tuple(Matcher(label=name, how=How.EQUAL, value=value) for name, value in labels),
        begins=now,
        ends=now + _FOR_EVER,
        who=who,
        why=why or "a false positive",
    )
