"""Which level a line is of, for those who only count: a microsecond, and no record is made."""

from __future__ import annotations

import re

from svcctl.record import Level

_HEAD = 240  # bytes in which programs say it
_SIGN = re.compile(
    rb"(?<![A-Za-z_])(?:(TRACE)|(DEBUG)|(INFO|NOTICE)|(WARN(?:ING)?)|(ERROR|ERR|SEVERE)"
    rb"|(CRIT(?:ICAL)?|FATAL|PANIC|ALERT|EMERG(?:ENCY)?))(?![A-Za-z_])"
    rb'|"level":\s?([1-6])0\b'  # bunyan and pino
    rb"|\A([IWEF])[01]\d{3}\s",  # klog
    re.IGNORECASE,
)
_BY_BADNESS = (
    Level.TRACE,
    Level.DEBUG,
    Level.INFO,
    Level.WARNING,
    Level.ERROR,
    Level.CRITICAL,
)
_LETTERS = {
    b"I": Level.INFO,
    b"W": Level.WARNING,
    b"E": Level.ERROR,
    b"F": Level.CRITICAL,
}


def level_of(line: bytes) -> Level:
    """Give the level that *line* names first, in whatever form; UNKNOWN where it names none."""
    found = _SIGN.search(line, 0, _HEAD)
    if found is None or found.lastindex is None:
        return Level.UNKNOWN
    match found.lastindex:
        case 7:
            return _BY_BADNESS[int(found[7]) - 1]
        case 8:
            return _LETTERS[found[8].upper()]
        case word:
            return _BY_BADNESS[word - 1]
