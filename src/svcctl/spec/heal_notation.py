"""Reads what healing is told in texts of their own: budgets and times of day."""

from __future__ import annotations

import re
from dataclasses import dataclass

from svcctl.errors import SpecError
from svcctl.spec.heal import QUIET
from svcctl.spec.notation import parse_duration, show

_BUDGET = re.compile(r"\s*([0-9]{1,6})\s+in\s+(.+)", re.ASCII)
_WINDOW = re.compile(r"\s*([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})\s*", re.ASCII)
_MOST = 1000
_LONGEST = 31 * 86_400.0
_FIELDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most *most* in any *within* seconds."""

    most: int
    within: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of each day, in minutes since midnight, local time; *ends* may be before *begins*."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """Moments, as five fields of cron(8) name them."""

    fields: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHour:
    """The least busy hour that is known."""


Hours = Window | Cron | QuietHour


def parse_budget(text: str) -> Budget:
    """Read ``3 in 1h``; raises SpecError."""
    found = _BUDGET.fullmatch(text)
    if found is None:
        raise SpecError(f"{show(text)} is no budget", hint='write for example "3 in 1h"')
    most, within = int(found[1]), parse_duration(found[2])
    if most > _MOST:
        raise SpecError(f"{most} is more than {_MOST}", hint='write for example "3 in 1h"')
    if not 0 < within <= _LONGEST:
        raise SpecError(f"{show(text)} spans no time, or more than 31 days")
    return Budget(most=most, within=within)


def parse_hours(text: str) -> Hours | None:
    """Read ``02:00-05:00``, ``0 3 * * *`` or ``quiet``; None for an empty text.

    Raises SpecError.
    """
    if not text:
        return None
    if text == QUIET:
        return QuietHour()
    if len(text.split()) == _FIELDS:
        return Cron(fields=text)
    if found := _WINDOW.fullmatch(text):
        hours = tuple(map(int, found.groups()))
        begins, ends = (_minutes(text, *hours[at : at + 2]) for at in (0, 2))
        if begins == ends:
            raise SpecError(f"{show(text)} is no time at all", hint="leave it out for any time")
        return Window(begins=begins, ends=ends)
    raise SpecError(
        f"{show(text)} is no time of day",
        hint='write for example "02:00-05:00", "0 3 * * *" or "quiet"',
    )


def _minutes(text: str, hour: int, minute: int) -> int:
    whole = hour * 60 + minute
    if minute > 59 or whole > 24 * 60:
        raise SpecError(f"{show(text)}: {hour}:{minute:02} is no time of day")
    return whole % (24 * 60)
