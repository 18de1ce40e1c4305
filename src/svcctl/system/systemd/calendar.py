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
    """Give the ``OnCalendar=`` values for five cron fields without ``L`` and ``#``.

    Two of them where both a day of the month and a weekday are given: cron means either, systemd
    both. A field that begins with a star is not given in that sense, so Debian's cron has it.
    """
    minute, hour, day, month, weekday = cron.split()
    clock = f"{_field(hour, first=0)}:{_field(minute, first=0)}:00"
    months, days = _field(month, first=1, names=_MONTHS), _field(day, first=1)
    weekdays = _weekdays(weekday)
    head = f"{weekdays} " if weekdays else ""
    if day.startswith("*") or weekday.startswith("*"):
        return (f"{head}*-{months}-{days} {clock}",)
    return (f"*-{months}-{days} {clock}", f"{head}*-{months}-* {clock}")


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
        low = 0 if start == "*" else _day_number(start)
        high = _day_number(end) if end else low
        if start == "*" or (every and not end):
            high = 7
        found |= {day % 7 for day in range(low, high + 1, int(every or 1))}
    if len(found) == 7:
        return ""
    return ",".join(_DAYS[day].capitalize() for day in sorted(found, key=lambda day: day or 7))


def _day_number(text: str) -> int:
    return int(text) if text.isdecimal() else _DAYS.index(text.lower()[:3])
