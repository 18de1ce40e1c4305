"""The two forms of syslog: RFC 5424, and what RFC 3164 found in use."""

from __future__ import annotations

import re

from svcctl.observe.metrics.levels import level_of
from svcctl.observe.records.meaning import Meaning, level_of_syslog, of_fields
from svcctl.observe.records.times import read_text

_5424 = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) (?P<program>\S+) (?P<pid>\S+) (?P<id>\S+) "
    r"(?P<said>-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: (?P<message>.*))?",
    re.DOTALL,
)
_3164 = re.compile(
    r"(?:<(?P<pri>\d{1,3})>)?(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (?P<host>[\w.:-]+) "
    r"(?P<program>[^\s\[:]+)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)",
    re.DOTALL,
)
_PARAMETER = re.compile(r'([^\s=\]"]+)="((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\([\"\\\]])")
_BOM = "\ufeff"


def read_5424(line: str, now: float) -> Meaning | None:
    """A line as in RFC 5424, its structured data as fields."""
    found = _5424.fullmatch(line)
    if found is None:
        return None
    fields = _common(found)
    for name, value in _PARAMETER.findall(found["said"]):
        fields[name] = _ESCAPE.sub(r"\1", value)
    message = (found["message"] or "").removeprefix(_BOM)
    return Meaning(
        message=message,
        at=read_text(found["time"], now=now),
        level=level_of_syslog(int(found["pri"])),
        trace=of_fields(fields, now=now).trace,
        fields=fields,
    )


def read_3164(line: str, now: float) -> Meaning | None:
    """A line as syslog daemons write it into files, with its PRI or without."""
    found = _3164.fullmatch(line)
    if found is None:
        return None
    pri, message = found["pri"], found["message"]
    level = level_of_syslog(int(pri)) if pri else level_of(message.encode(errors="replace"))
    return Meaning(
        message=message,
        at=read_text(found["time"], now=now),
        level=level,
        fields=_common(found),
    )


def _common(found: re.Match[str]) -> dict[str, object]:
    names = ("host", "program", "pid", "id")
    known = found.groupdict()
    return {name: known[name] for name in names if known.get(name) not in {None, "-"}}
