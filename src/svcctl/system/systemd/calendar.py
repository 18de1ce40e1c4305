"""Says in systemd's words when a cron line is due: systemd.time(7) for crontab(5)."""

from __future__ import annotations

from collections.abc import Mapping

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}


def on_calendar(cron: str) -> tuple[str, ...]:
    """Give the ``OnCalendar=`` values for five cron fields that are known to be good.

    Two of them where both a day of the month and a weekday are given: cron means either,
    systemd both.
    """
    minute, hour, day, month, weekday = cron.split()
    clock = f"{_field(hour, first=0)}:{_field(minute, first=0)}:00"
    months = _field(month, first=1, names=_MONTHS)
    days = _field(day, first=1)
    weekdays = _weekdays(weekday)
    by_day = f"*-{months}-{days} {clock}"
    if not weekdays:
        return (by_day,)
    by_weekday = f"{weekdays} *-{months}-* {clock}"
    return (by_weekday,) if day == "*" else (by_day, by_weekday)


def _field(text: str, *, first: int, names: Mapping[str, int] | None = None) -> str:
    return ",".join(_part(each, first=first, names=names or {}) for each in text.split(","))


def _part(text: str, *, first: int, names: Mapping[str, int]) -> str:
    span, _, every = text.partition("/")
    start, _, end = span.partition("-")
    if start == "*":
        return f"{first}/{every}" if every else "*"
    said = str(names.get(start.lower(), start))
    if end:
        said += f"..{names.get(end.lower(), end)}"
    return f"{said}/{every}" if every else said


def _weekdays(text: str) -> str:
    """Give the days of the week by name; nothing where every day is meant."""
    if text == "*":
        return ""
    found: set[int] = set()
    for part in text.split(","):
        span, _, every = part.partition("/")
        start, _, end = span.partition("-")
        if start == "*":
            low, high = 0, 6
        else:
            low = _day_number(start)
            high = _day_number(end) if end else (6 if every else low)
        high += 7 if high < low else 0
        found |= {day % 7 for day in range(low, high + 1, int(every or 1))}
    if len(found) == 7:
        return ""
    return ",".join(_DAYS[day].capitalize() for day in sorted(found, key=lambda day: day or 7))


def _day_number(text: str) -> int:
    return int(text) if text.isdecimal() else _DAYS.index(text.lower()[:3])
