"""The forms in which programs write: each tells the meaning of a line that has it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from svcctl.errors import UsageError, quoted
from svcctl.observe.metrics.levels import level_of
from svcctl.observe.records import syslog
from svcctl.observe.records.meaning import (
    Meaning,
    level_named,
    level_of_status,
    of_fields,
)
from svcctl.observe.records.times import TIME_AHEAD, read_text

Form = Callable[[str, float], Meaning | None]
"""Gives what a line means, read at a time; None where it is not of this form."""

_PAIR = re.compile(r'(?<![\w@.\-/])([\w@][\w@.\-/]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?=\s|$)')
_ESCAPE = re.compile(r"\\(.)")
_ACCESS = re.compile(
    r"(?P<remote>\S+) (?P<ident>\S+) (?P<user>.+?) \[(?P<time>[^\]]+)\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?(?P<rest>.*)'
)
_REQUEST = re.compile(r"(?P<method>[A-Z]+) (?P<path>\S+)(?: (?P<protocol>HTTP/\S+))?")
_SECONDS = re.compile(r'\s"?(?:(?:rt|request_time)=)?(\d+\.\d+)"?')
_NGINX_ERROR = re.compile(
    r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>[a-z]+)\] (?P<pid>\d+)#(?P<tid>\d+): "
    r"(?:\*(?P<connection>\d+) )?(?P<message>.*)"
)
_APACHE_ERROR = re.compile(
    r"\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [^\]]+)\] \[(?:(?P<module>[\w-]*):)?(?P<level>\w+)\]"
    r"(?: \[pid (?P<pid>\d+)(?::tid (?P<tid>\d+))?\])?(?: \[client (?P<client>[^\]]+)\])?"
    r" ?(?P<message>.*)"
)
_KLOG = re.compile(
    r"(?P<level>[IWEF])(?P<time>\d{4} \d\d:\d\d:\d\d\.\d+) +(?P<thread>\d+) "
    r"(?P<source>[^\s:]+:\d+)\] (?P<message>.*)"
)
_AHEAD = re.compile(rf"\[?(?P<time>{TIME_AHEAD})\]?[\s,:|-]*(?P<message>.*)")
_TRACE = re.compile(r"\b(?:trace_?id|traceid)[=: ]+\"?([0-9a-fA-F-]{8,64})", re.IGNORECASE)


def read_json(line: str, now: float) -> Meaning | None:
    """An object of JSON, whatever wrote it; Docker's too."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return of_fields(found, now=now) if isinstance(found, dict) else None


def read_logfmt(line: str, now: float) -> Meaning | None:
    """``key=value`` pairs and nothing else."""
    fields = _pairs(line)
    if len(fields) < 2 or _PAIR.sub("", line).strip():
        return None
    return of_fields(fields, now=now)


def _pairs(line: str) -> dict[str, object]:
    return {
        found[1]: found[3] if found[2] is None else _ESCAPE.sub(r"\1", found[2])
        for found in _PAIR.finditer(line)
    }


def read_access(line: str, now: float) -> Meaning | None:
    """What nginx and Apache write of requests: common or combined, and with a time behind."""
    found = _ACCESS.fullmatch(line)
    if found is None:
        return None
    fields: dict[str, object] = {
        name: value
        for name, value in found.groupdict().items()
        if value not in {None, "-", ""} and name != "rest"
    }
    if request := _REQUEST.fullmatch(found["request"]):
        fields |= {name: value for name, value in request.groupdict().items() if value}
    if seconds := _SECONDS.match(found["rest"]):
        fields["request_time"] = seconds[1]
    status = found["status"]
    return Meaning(
        message=f"{found['request']} {status}",
        at=read_text(found["time"], now=now),
        level=level_of_status(status),
        fields=fields,
    )


def by_groups(pattern: re.Pattern[str], *, alone: bool = True) -> Form:
    """Give the form of lines that fit *pattern*; its named groups are the fields.

    Without *alone* the pattern may be found anywhere in a line.
    """
    look = pattern.fullmatch if alone else pattern.search

    def read(line: str, now: float) -> Meaning | None:
        found = look(line)
        if found is None:
            return None
        fields = {name: value for name, value in found.groupdict().items() if value is not None}
        meaning = of_fields(fields, now=now)
        return meaning if meaning.message else of_fields(fields, now=now, message=line)

    return read


def own_form(text: str) -> Form:
    """Give the form of a regular expression with named groups; raises UsageError for others."""
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        hint = "see https://docs.python.org/3/library/re.html#regular-expression-syntax"
        raise UsageError(f"{quoted(text)} is no regular expression: {error}", hint=hint) from None
    if not pattern.groupindex:
        hint = "name what is found, for example: (?P<level>[A-Z]+) (?P<message>.*)"
        raise UsageError(f"{quoted(text)} names no group", hint=hint)
    return by_groups(pattern, alone=False)


def read_plain(line: str, now: float) -> Meaning:
    """Any line: its time if it begins with one, the level it names, and pairs as fields."""
    at, message = None, line
    if found := _AHEAD.fullmatch(line):
        at = read_text(found["time"], now=now)
        message = found["message"]
    trace = _TRACE.search(line)
    return Meaning(
        message=message,
        at=at,
        level=level_of(line.encode(errors="replace")),
        trace=trace[1] if trace else "",
        fields=_pairs(line) if "=" in line else {},
    )


def read_journal(line: str, now: float) -> Meaning | None:
    """An entry of ``journalctl -o json``: its time is in microseconds, its level that of syslog."""
    meaning = read_json(line, now)
    stamp = str(meaning.fields.get("__REALTIME_TIMESTAMP", "")) if meaning else ""
    if meaning is None or not stamp.isdigit():
        return None
    priority = str(meaning.fields.get("PRIORITY", ""))
    return Meaning(
        message=meaning.message,
        at=int(stamp) / 1e6,
        level=level_named(priority),
        trace=meaning.trace,
        fields=meaning.fields,
    )


FORMS: Mapping[str, Form] = {
    "journal": read_journal,
    "json": read_json,
    "syslog-5424": syslog.read_5424,
    "syslog-3164": syslog.read_3164,
    "klog": by_groups(_KLOG),
    "access": read_access,
    "nginx-error": by_groups(_NGINX_ERROR),
    "apache-error": by_groups(_APACHE_ERROR),
    "logfmt": read_logfmt,
}
"""Every form but ``plain``, the surest first."""
