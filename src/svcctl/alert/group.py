"""Tells of alerts that belong together in one notice, and no oftener than it helps: pure.

The rules are those of Alertmanager (``dispatch/dispatch.go``, ``notify/dedup_stage.go``):

=====================  ========================================================================
the first alert        is told after *group_wait*, so that those that come with it are in the notice
a new one              is told *group_interval* after the notice before
one that ended         is told likewise, if it was told of
nothing new            is told again every *repeat_interval*, unless somebody acknowledged it
all ended              is told once, and the group is forgotten
=====================  ========================================================================

One that ended before anybody was told of it is never told of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from svcctl.alert.alert import Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a group may be told of, in seconds; *ended*: that it is over is told too."""

    group_wait: float
    group_interval: float
    repeat_interval: float
    ended: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told last, and *at* what time: fingerprints of what fired and of what had ended."""

    at: float
    firing: frozenset[str]
    ended: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Alerts that are told together; *due* is when they are looked at next.

    *acknowledged* holds the fingerprints that somebody takes care of, *since* when it was first
    told of and not acknowledged (None: not so now), *escalated* how many more were told since.
    """

    key: Mapping[str, str]
    due: float
    alerts: Mapping[str, Alert] = field(default_factory=dict)
    told: Told | None = None
    acknowledged: frozenset[str] = frozenset()
    since: float | None = None
    escalated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is to be told now: those that fire, those that ended since the last notice."""

    key: Mapping[str, str]
    at: float
    firing: tuple[Alert, ...]
    ended: tuple[Alert, ...]
    repeated: bool = False


Muted = Callable[[Alert], bool]
"""Says whether nobody wants to hear of an alert now: silenced, inhibited, or flapping."""


def begun(key: Mapping[str, str], pace: Pace, *, now: float) -> Group:
    """Begin a group with nothing in it."""
    return Group(key=key, due=now + pace.group_wait)


def with_alert(group: Group, alert: Alert) -> Group:
    """Add what is known of *alert* now; one that ended unheard of, and is not there, stays away."""
    before = group.alerts.get(alert.fingerprint)
    if before is None and not alert.fires:
        return group
    if before is not None and before.fires and alert.fires:
        alert = replace(alert, began=before.began)
    return replace(group, alerts={**group.alerts, alert.fingerprint: alert})


def set_back(group: Group, pace: Pace, *, now: float) -> Group:
    """Give *group* with no time in it that cannot be: the clock was ahead, and was set right."""
    told = group.told
    return replace(
        group,
        due=min(group.due, now + max(pace.group_wait, pace.group_interval)),
        told=None if told is None else replace(told, at=min(told.at, now)),
        since=None if group.since is None else min(group.since, now),
    )


def acknowledged(group: Group) -> Group:
    """Note that somebody takes care of all that is told of now."""
    firing = frozenset(name for name, alert in group.alerts.items() if alert.fires)
    return replace(group, acknowledged=firing, since=None, escalated=0)


def looked_at(
    group: Group, pace: Pace, *, now: float, muted: Muted
) -> tuple[Group | None, Notice | None]:
    """Give the group after its turn at *now*, None where it is over, and what is to be told."""
    heard = {name: alert for name, alert in group.alerts.items() if not muted(alert)}
    firing = {name: alert for name, alert in heard.items() if alert.fires}
    ended = {name: alert for name, alert in heard.items() if not alert.fires}
    notice = _notice(group, pace, firing, ended, now=now)
    left = {name: alert for name, alert in group.alerts.items() if alert.fires}
    told = group.told
    if notice is not None:
        told = Told(at=now, firing=frozenset(firing), ended=frozenset(ended))
    if not left:
        return None, notice
    still = group.acknowledged & left.keys()
    unheeded = told is not None and not firing.keys() <= still
    since = (group.since if group.since is not None else now) if unheeded else None
    after = replace(
        group,
        alerts=left,
        told=told,
        due=now + pace.group_interval,
        acknowledged=still,
        since=since,
        escalated=0 if since is None else group.escalated,
    )
    return after, notice


def _notice(
    group: Group,
    pace: Pace,
    firing: Mapping[str, Alert],
    ended: Mapping[str, Alert],
    *,
    now: float,
) -> Notice | None:
    told = group.told
    known = told.firing if told else frozenset[str]()
    over = {name: alert for name, alert in ended.items() if name in known}
    is_new = not firing.keys() <= known or (pace.ended and bool(over))
    is_due = told is not None and now - told.at >= pace.repeat_interval
    if not is_new and not (is_due and not firing.keys() <= group.acknowledged):
        return None
    return Notice(
        key=group.key,
        at=now,
        firing=tuple(sorted(firing.values(), key=lambda each: (each.priority, each.began))),
        ended=tuple(sorted(over.values(), key=lambda each: each.began)) if pace.ended else (),
        repeated=not is_new,
    )
