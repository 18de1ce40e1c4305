"""At which hours something may be done by itself: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

from svcctl.engine.schedule import next_due
from svcctl.spec.heal_notation import Cron, Hours, QuietHour, Window
from svcctl.spec.policy import Schedule

UNKNOWN_QUIET = Window(begins=2 * 60, ends=5 * 60)
"""When a service is taken to be quiet of which less than a day is known."""

_HOURS = 24
_LEAST = 20  # hours of the day of which something must be known


def opens(
    hours: Hours, *, now: float, since: float, quiet: Window | None, zone: tzinfo
) -> float | None:
    """Give when (seconds since 1970) something may be done that is due *since* then.

    None: now.  *quiet* is the least busy hour, None where it is not known; *zone* is local time.
    """
    match hours:
        case Cron(fields=fields):
            due = next_due(Schedule(cron=fields), now=since, last_start=None, zone=zone)
            return None if due is not None and due <= now else due
        case QuietHour():
            return _begins(quiet or UNKNOWN_QUIET, now=now, zone=zone)
        case Window():
            return _begins(hours, now=now, zone=zone)


def _begins(window: Window, *, now: float, zone: tzinfo) -> float | None:
    local = datetime.fromtimestamp(now, tz=zone)
    minute = local.hour * 60 + local.minute
    if window.begins < window.ends:
        is_open = window.begins <= minute < window.ends
    else:
        is_open = minute >= window.begins or minute < window.ends
    if is_open:
        return None
    begins = local.replace(
        hour=window.begins // 60, minute=window.begins % 60, second=0, microsecond=0, fold=0
    )
    if begins <= local:
        begins += timedelta(days=1)
    return max(begins.timestamp(), now + 1.0)  # the clock may have been put back meanwhile


def quiet_hour(used: Iterable[tuple[float, float]], *, zone: tzinfo) -> Window | None:
    """Give the hour of the day in which the least of the processor was used.

    *used* are times (seconds since 1970) and percents.  None where too little is known.
    """
    by_hour: defaultdict[int, list[float]] = defaultdict(list)
    for at, percent in used:
        by_hour[datetime.fromtimestamp(at, tz=zone).hour].append(percent)
    if len(by_hour) < _LEAST:
        return None
    hour = min(sorted(by_hour), key=lambda each: sum(by_hour[each]) / len(by_hour[each]))
    return Window(begins=hour * 60, ends=(hour + 1) % _HOURS * 60)
