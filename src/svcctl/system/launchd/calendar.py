"""Says in launchd's words when a cron line is due: crontab(5) for launchd.plist(5)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from cronsim import CronSim

from svcctl.errors import SpecError

Dates = dict[str, int]
"""One entry of ``StartCalendarInterval``: what is left out may be anything."""

_MOST = 400  # entries; more would be a list nobody can read, and launchd wakes for each of them
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_FULL: Mapping[str, frozenset[int]] = {
    "Minute": frozenset(range(60)),
    "Hour": frozenset(range(24)),
    "Day": frozenset(range(1, 32)),
    "Month": frozenset(range(1, 13)),
    "Weekday": frozenset(range(7)),
}


def calendar(cron: str) -> list[Dates]:
    """Give the entries for five cron fields that are known to be good.

    Days of the month and weekdays stand in entries of their own where both are given, as cron
    means either.  Raises SpecError for what launchd cannot say.
    """
    found = CronSim(cron, _SOME_DAY)
    limits = {
        "Minute": frozenset(found.minutes),
        "Hour": frozenset(found.hours),
        "Day": frozenset(found.days),
        "Month": frozenset(found.months),
        "Weekday": frozenset(_weekday(each) for each in found.weekdays),
    }
    if any(each < 0 for values in limits.values() for each in values):
        raise _unsayable(cron, "the last day, or the n-th weekday, of a month")
    given = {key: values for key, values in limits.items() if values != _FULL[key]}
    entries = [dates for part in _alternatives(given, cron) for dates in _product(part)]
    if len(entries) > _MOST:
        raise _unsayable(cron, f"{len(entries)} times that are no multiple of each other")
    return entries


def _weekday(day: int | tuple[int, int]) -> int:
    return day % 7 if isinstance(day, int) else -1


def _alternatives(
    given: Mapping[str, frozenset[int]], cron: str
) -> list[Mapping[str, frozenset[int]]]:
    if not {"Day", "Weekday"} <= given.keys():
        return [given]
    _, _, day, _, weekday = cron.split()
    if day.startswith("*") or weekday.startswith("*"):
        raise _unsayable(cron, "a day that must fit the month and the week")
    return [
        {key: values for key, values in given.items() if key != left_out}
        for left_out in ("Weekday", "Day")
    ]


def _product(limits: Mapping[str, frozenset[int]]) -> Iterator[Dates]:
    for values in itertools.product(*(sorted(each) for each in limits.values())):
        yield dict(zip(limits, values, strict=True))


def _unsayable(cron: str, what: str) -> SpecError:
    return SpecError(
        f"launchd has no words for {what}: {cron!r}",
        hint="use schedule.every, or keep the service by the agent: manager = 'agent'",
    )
