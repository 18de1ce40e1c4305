"""Which level a line is of, for those who only count: a microsecond, and no record is made."""

from __future__ import annotations

import re

from svcctl.record import Level

_HEAD = 240  # bytes in which programs say it
_WORD = re.compile(
    rb"(?<![A-Za-z_])(?:(TRACE)|(DEBUG)|(INFO|NOTICE)|(WARN(?:ING)?)|(ERROR|ERR|SEVERE)"
    rb"|(CRIT(?:ICAL)?|FATAL|PANIC|ALERT|EMERG(?:ENCY)?))(?![A-Za-z_])",
    re.IGNORECASE,
)
_LEVELS = (
    Level.UNKNOWN,
    Level.TRACE,
    Level.DEBUG,
    Level.INFO,
    Level.WARNING,
    Level.ERROR,
    Level.CRITICAL,
)


def level_of(line: bytes) -> Level:
    """Give the level that *line* names first, in whatever form; UNKNOWN where it names none."""
    found = _WORD.search(line, 0, _HEAD)
    return Level.UNKNOWN if found is None else _LEVELS[found.lastindex or 0]
