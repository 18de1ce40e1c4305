"""What the fields of a record mean: when, how bad, what, and of which trace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from svcctl.observe.metrics.levels import level_of
from svcctl.observe.records.times import read_time
from svcctl.record import Level
from svcctl.spec.where import field_of

_TIMES = ("time", "timestamp", "@timestamp", "ts", "t", "asctime", "date", "datetime", "@t", "when")
_LEVELS = (
    *("level", "severity", "lvl", "levelname", "log.level", "loglevel", "log_level", "@l"),
    *("severity_text", "severityText", "l"),
)
_MESSAGES = ("message", "msg", "event", "@m", "@mt", "text", "body", "log", "MESSAGE")
_TRACES = (
    *("trace_id", "traceId", "traceID", "trace.id", "traceid", "TraceId", "TRACE_ID"),
    *("otelTraceID", "dd.trace_id", "x-b3-traceid", "x_b3_traceid", "@tr"),
)
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

_LETTERS = {
    "T": Level.TRACE,
    "V": Level.TRACE,
    "D": Level.DEBUG,
    "I": Level.INFO,
    "N": Level.INFO,
    "W": Level.WARNING,
    "E": Level.ERROR,
    "C": Level.CRITICAL,
    "F": Level.CRITICAL,
    "A": Level.CRITICAL,
}
_SYSLOG = (  # RFC 5424, 6.2.1
    *(Level.CRITICAL, Level.CRITICAL, Level.CRITICAL, Level.ERROR),
    *(Level.WARNING, Level.INFO, Level.INFO, Level.DEBUG),
)
_OTHERS = {"VERBOSE": Level.TRACE, "FINE": Level.DEBUG, "FINER": Level.TRACE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a form found in a line; *at* is None where it says no time."""

    message: str
    at: float | None = None
    level: Level = Level.UNKNOWN
    trace: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)


def of_fields(fields: Mapping[str, object], *, now: float, message: str | None = None) -> Meaning:
    """Give what *fields* mean, by the names that programs use for time, level and so on."""
    if message is None:
        found = _first(fields, _MESSAGES)
        message = found.rstrip("\n") if isinstance(found, str) else ""
    return Meaning(
        message=message,
        at=_time(fields, now=now),
        level=level_named(_first(fields, _LEVELS)),
        trace=_trace(fields),
        fields=fields,
    )


def level_named(value: object) -> Level:
    """Give the level that *value* names: a word, a letter, or a number of bunyan and pino."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _numbered(value)
    if not isinstance(value, str) or not value:
        return Level.UNKNOWN
    word = value.strip().upper()
    if word.isdigit():
        return _numbered(int(word))
    return _LETTERS.get(word) or _OTHERS.get(word) or level_of(word.encode())


def level_of_syslog(priority: int) -> Level:
    """Give the level of a PRI of syslog, or of its severity alone."""
    return _SYSLOG[priority % 8]


def level_of_status(status: str) -> Level:
    """Give the level of an HTTP status: 5xx are errors, 4xx warnings."""
    return {"5": Level.ERROR, "4": Level.WARNING}.get(status[:1], Level.INFO)


def _numbered(number: int) -> Level:
    """Tell levels of bunyan and pino, where 30 is info; those up to 7 are of syslog."""
    if number <= 7:
        return level_of_syslog(number)
    steps = (Level.TRACE, Level.DEBUG, Level.INFO, Level.WARNING, Level.ERROR, Level.CRITICAL)
    return steps[min(max(number // 10, 1), 6) - 1]


def _first(fields: Mapping[str, object], names: tuple[str, ...]) -> object:
    for name in names:
        found = fields.get(name)
        if found is None and "." in name:
            found = field_of(fields, name)
        if found is not None and not isinstance(found, Mapping):
            return found
    return None


def _time(fields: Mapping[str, object], *, now: float) -> float | None:
    for name in _TIMES:
        if name in fields and (found := read_time(fields[name], now=now)) is not None:
            return found
    return None


def _trace(fields: Mapping[str, object]) -> str:
    found = _first(fields, _TRACES)
    if found is not None:
        return str(found)
    parent = _PARENT.fullmatch(str(fields.get("traceparent", "")))
    return parent[1] if parent else ""
