"""Shows records to people: aligned, coloured where that is wanted, and safe for a terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, tzinfo

from svcctl.sdk.logs.facts import Facts, read
from svcctl.sdk.logs.levels import CRITICAL, DEBUG, ERROR, INFO, WARNING
from svcctl.sdk.logs.raised import as_text

_EVENT_WIDTH = 28  # characters; a longer name is not cut
_DIM, _BOLD, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"
_COLOURS = {
    DEBUG: "\x1b[2m",
    INFO: "\x1b[32m",
    WARNING: "\x1b[33m",
    ERROR: "\x1b[31m",
    CRITICAL: "\x1b[1;31m",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How text is to look; *zone* is that of the times, None: the machine's."""

    colour: bool
    zone: tzinfo | None = None


def as_line(record: bytes, look: Look) -> str:
    """Give a record as a line for people; one with an error has more lines, for its frames."""
    facts = read(record)
    at = datetime.fromtimestamp(facts.at, tz=look.zone or datetime.now().astimezone().tzinfo)
    words = [
        _painted(f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}", _DIM, look),
        _painted(f"{facts.level_name:<8}", _COLOURS[facts.level], look),
        _painted(f"{printable(facts.event):<{_EVENT_WIDTH}}", _BOLD, look),
        *(f"{_painted(printable(key), _DIM, look)}={_value(each)}" for key, each in _shown(facts)),
    ]
    return "\n".join([" ".join(words).rstrip(), *_error(facts), ""])


def message(facts: Facts) -> str:
    """Give a record as one line of text without a time: for receivers that keep that themselves."""
    pairs = (f"{printable(key)}={_value(each)}" for key, each in facts.fields.items())
    return " ".join([printable(facts.event), *pairs])


def printable(text: str) -> str:
    """Give *text* with what a terminal would act on, or cannot show, as escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _shown(facts: Facts) -> list[tuple[str, object]]:
    """Give the fields worth a person's time: what every record repeats is left out."""
    fields = [(key, value) for key, value in facts.fields.items() if key != "exception"]
    if facts.logger != facts.service:
        fields.append(("logger", facts.logger))
    if facts.trace_id:
        fields.append(("trace_id", facts.trace_id))
    return fields


def _error(facts: Facts) -> list[str]:
    error = facts.fields.get("exception")
    lines = as_text(error) if isinstance(error, dict) else []
    return [f"    {printable(line)}" for line in lines]


def _value(value: object) -> str:
    """Give a value as one word: in quotes where it would not be one otherwise."""
    if isinstance(value, str):
        plain = value.isprintable() and value and not set(value) & set(' "=')
        return value if plain else printable(json.dumps(value, ensure_ascii=False))
    return printable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _painted(text: str, colour: str, look: Look) -> str:
    return f"{colour}{text}{_PLAIN}" if look.colour else text
