"""Times as programs write them, in seconds since 1970.

A time without a zone is local; one without a year is of the last twelve months.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T _](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r"\s?(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?"
)
_ACCESS = re.compile(r"(\d\d)/([A-Za-z]{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})")
_SYSLOG = re.compile(r"([A-Za-z]{3}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?")
_APACHE = re.compile(
    r"[A-Za-z]{3} ([A-Za-z]{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d+))? (\d{4})"
)
_KLOG = re.compile(r"(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d+)")

TIME_AHEAD = rf"(?:{_ISO.pattern.replace('(', '(?:').replace('(?:?:', '(?:')})"
"""A pattern without groups of the times that stand at the beginning of most lines."""

_DAY = 86400.0
_SMALLEST = 1e8  # seconds: 1973; a smaller number is no time
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))  # s, ms, us and ns since 1970


def read_time(value: object, *, now: float) -> float | None:
    """Give the time that *value* tells, a text or a number since 1970; None where it tells none."""
    if isinstance(value, str):
        return read_text(value, now=now)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not value >= _SMALLEST:
        return None
    return next((value / unit for most, unit in _UNITS if value < most), None)


def read_text(text: str, *, now: float) -> float | None:
    """Give the time that *text* is; None where it is none."""
    try:
        if found := _ISO.fullmatch(text):
            return _iso(found)
        if found := _ACCESS.fullmatch(text):
            day, month, year, hour, minute, second, zone = found.groups()
            clock = f"{hour}:{minute}:{second}"
            return _stamp(f"{year}-{_month(month):02d}-{day}T{clock}", zone)
        if found := _APACHE.fullmatch(text):
            name, day, hour, minute, second, fraction, year = found.groups()
            date = f"{year}-{_month(name):02d}-{int(day):02d}"
            return _stamp(f"{date}T{hour}:{minute}:{second}", "") + _fraction(fraction)
        return _yearless(text, now=now) or _number(text, now=now)
    except ValueError:
        return None


def _iso(found: re.Match[str]) -> float:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    zone = "+0000" if zone in {"Z", "UTC", "GMT"} else (zone or "").replace(":", "")
    return _stamp(f"{year}-{month}-{day}T{hour}:{minute}:{second}", zone) + _fraction(fraction)


def _yearless(text: str, *, now: float) -> float | None:
    if found := _SYSLOG.fullmatch(text):
        name, day, hour, minute, second, fraction = found.groups()
        month = _month(name)
    elif found := _KLOG.fullmatch(text):
        number, day, hour, minute, second, fraction = found.groups()
        month = int(number)
    else:
        return None
    year = time.localtime(now).tm_year
    for each in (year + 1, year, year - 1):
        stamp = f"{each}-{month:02d}-{int(day):02d}T{hour}:{minute}:{second}"
        try:
            at = _stamp(stamp, "") + _fraction(fraction)
        except ValueError:  # 29 February
            continue
        if at <= now + _DAY:
            return at
    return None


def _number(text: str, *, now: float) -> float | None:
    return read_time(float(text), now=now) if text[:1].isdigit() else None


def _month(name: str) -> int:
    return _MONTHS.index(name.lower()) + 1


def _fraction(digits: str | None) -> float:
    return float(f"0.{digits}") if digits else 0.0


@lru_cache(maxsize=4096)
def _stamp(text: str, zone: str) -> float:
    """Give the time of a second; most seconds have many lines."""
    leap = text.endswith(":60")
    found = datetime.fromisoformat(f"{text[:-2]}59" if leap else text)
    if not zone:
        return found.timestamp() + leap
    hours, minutes = int(zone[1:3]), int(zone[3:5] or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    utc = found.replace(tzinfo=UTC) - (offset if zone[0] == "+" else -offset)
    return utc.timestamp() + leap
