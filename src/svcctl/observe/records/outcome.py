"""What a record says of one piece of work: the status it ended with, and how long it took."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from svcctl.record import Record
from svcctl.spec.where import field_of

_STATUSES = ("status", "status_code", "statusCode", "http_status", "response_status")
_INNER_STATUSES: Mapping[str, tuple[str, ...]] = {
    "http": ("http.response.status_code", "http.status_code"),
    "res": ("res.statusCode", "res.status"),
    "response": ("response.status_code", "response.status"),
}
_SECONDS = 1.0
_NAMED: Mapping[str, float | None] = {
    **dict.fromkeys(("duration", "latency", "elapsed", "took", "dur", "time_taken"), None),
    **dict.fromkeys(("request_time", "upstream_response_time", "upstream_time", "rt"), _SECONDS),
    **dict.fromkeys(("response_time", "process_time", "processing_time", "total_time"), None),
    **dict.fromkeys(("responseTime", "requestTime", "elapsedTime", "executionTime"), 1e-3),
    "event.duration": 1e-9,  # of the Elastic Common Schema
}
"""Fields that say how long something took, with their units in seconds; None: told by the value."""

_UNITS: Mapping[str, float] = {
    **dict.fromkeys(("ns", "nanos", "nanoseconds"), 1e-9),
    **dict.fromkeys(("us", "µs", "μs", "micros", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "milliseconds", "millisecond"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minutes", "minute"), 60.0),
    **dict.fromkeys(("h", "hours", "hour"), 3_600.0),
}
_STEM = re.compile(
    r"(?:\w*_)?(?:duration|latency|elapsed|took|time)"
    r"(?:_(?P<unit>ns|us|ms|s|sec|secs|seconds|millis|micros|nanos)"
    r"|(?P<camel>Ns|Us|Ms|Millis|Micros|Nanos|Sec|Secs|Seconds))"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LENGTH = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-zµμ]+)\s*")
_UNIT_WORD = "|".join(sorted(_UNITS, key=len, reverse=True))
_IN_WORDS = re.compile(
    rf"""\b(?:
      (?:took|duration|latency|elapsed|elapsed\ time|response\ time)\W{{1,3}}
    | (?:completed|finished|done|served|handled|processed|responded|answered|executed|rendered
        |returned|loaded|succeeded|failed)\b[^\n]{{0,120}}?\b(?:in|after)\ +
    )(?P<length>\d+(?:\.\d+)?\s?(?:{_UNIT_WORD}))\b""",
    re.VERBOSE | re.IGNORECASE,
)

MAY_SAY = re.compile(
    rb"status|HTTP/\d|duration|latency|elapsed|took|[Tt]ime|\b(?:dur|rt)="
    rb"|\d ?(?:(?:[mun]|\xc2\xb5|\xce\xbc)s|[smh]\b|sec|min|hour|milli|micro|nano)",
)
"""What is in any line that says a status or a length of time; others need not be read for it."""


def status_of(fields: Mapping[str, object]) -> int:
    """Give the HTTP status among *fields*, 0 where there is none."""
    for name in _STATUSES:
        if name in fields and (found := _status(fields[name])):
            return found
    if "http.status_code" in fields:
        return _status(fields["http.status_code"])
    for outer, names in _INNER_STATUSES.items():
        if outer in fields:
            found = max(_status(field_of(fields, name)) for name in names)
            if found:
                return found
    return 0


def _status(value: object) -> int:
    if isinstance(value, str) and len(value) == 3 and value.isdecimal():
        value = int(value)
    return int(value) if isinstance(value, int) and 100 <= value <= 599 else 0


def seconds_of(record: Record) -> float | None:
    """Give how long what *record* tells of took, None where it does not say.

    A number without a unit, in a field whose name has none, is in seconds if it has a fraction and
    in milliseconds if it is whole.
    """
    for name, value in record.fields.items():
        unit = _unit_of(name)
        if unit != 0.0 and (found := _length(value, unit)) is not None:
            return found
    if "event" in record.fields:
        ecs = field_of(record.fields, "event.duration")
        if (found := _length(ecs, _NAMED["event.duration"])) is not None:
            return found
    said = _IN_WORDS.search(record.message)
    return _length(said["length"], None) if said else None


def _unit_of(name: str) -> float | None:
    """Give the unit of a field of that name: None if its value has to tell, 0 if it is no time."""
    if name in _NAMED:
        return _NAMED[name]
    found = _STEM.fullmatch(name)
    return _UNITS[(found["unit"] or found["camel"]).lower()] if found else 0.0


def _length(value: object, unit: float | None) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return _written(value)
        value = int(value) if value.isdecimal() and len(value) < 20 else float(value)
    if not isinstance(value, int | float) or value < 0 or not math.isfinite(value):
        return None
    return value * (unit or (1e-3 if isinstance(value, int) else 1.0))


def _written(text: str) -> float | None:
    """Read a length with its units, such as ``1m2.5s``; None for anything else."""
    found, end = 0.0, 0
    for part in _LENGTH.finditer(text.strip().lower()):
        unit = _UNITS.get(part["unit"])
        if unit is None or part.start() != end:
            return None
        found, end = found + float(part["number"]) * unit, part.end()
    return found if end and end == len(text.strip()) else None
