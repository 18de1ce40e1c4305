"""Records as documents of the Elastic Common Schema (ECS 8.11), which many receivers know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from svcctl.observe.ship.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends: the name of the *host*, and *labels* that every record says as well."""

    host: str
    labels: Mapping[str, str] = field(default_factory=dict)


def document(entry: Entry, sender: Sender) -> dict[str, object]:
    """Give *entry* as an ECS document; what the program named itself stands in ``fields``."""
    record, writer = entry.record, entry.writer
    found: dict[str, object] = {
        "@timestamp": iso(record.at),
        "ecs": {"version": "8.11"},
        "message": record.message,
        "service": {"name": writer.service, "node": {"name": writer.instance}},
        "host": {"name": sender.host},
        "event": {"id": entry.id, "original": entry.text},
        "log": {"logger": writer.stream, **({"level": entry.level} if entry.level else {})},
    }
    if record.trace:
        found["trace"] = {"id": record.trace}
    if record.fields:
        found["fields"] = dict(record.fields)
    if sender.labels:
        found["labels"] = dict(sender.labels)
    return found


def encoded(value: object) -> bytes:
    """Give *value* as one line of JSON; numbers that JSON has not become text."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace")


def iso(at: float) -> str:
    """Give a time as RFC 3339 has it, in UTC and microseconds; one no calendar has becomes 1970."""
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def nanoseconds_of(at: float) -> int:
    """Give a time in nanoseconds since 1970, as exact as a float is; never before that."""
    return max(0, round(at * 1_000_000)) * 1000


def _finite(value: object) -> object:
    match value:
        case float():
            return value if value - value == 0 else str(value)
        case Mapping():
            return {str(name): _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case _:
            return value
