"""Sends to an OpenTelemetry collector: OTLP over HTTP, in JSON.

https://opentelemetry.io/docs/specs/otlp/ and the data model of logs: ids in hex, 64-bit numbers as
text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from svcctl.observe.ship.documents import Sender, nanoseconds_of
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.frame import Writer
from svcctl.observe.ship.http import Asked
from svcctl.observe.ship.receiver import Taken
from svcctl.record import Level

PATH = "/v1/logs"

_SEVERITIES = {
    Level.UNKNOWN: 0,
    Level.TRACE: 1,
    Level.DEBUG: 5,
    Level.INFO: 9,
    Level.WARNING: 13,
    Level.ERROR: 17,
    Level.CRITICAL: 21,
}
_TRACE = re.compile(r"[0-9a-f]{32}")


class Otlp:
    """A :class:`.receiver.Receiver`: a resource for each instance."""

    def __init__(self, asked: Asked, *, sender: Sender) -> None:
        self._asked, self._sender = asked, sender

    def deliver(self, entries: Sequence[Entry]) -> Taken:
        """See :class:`.receiver.Receiver`; a partial success tells how many were refused."""
        answer = self._asked.post_json(PATH, as_request(entries, self._sender))
        count, problem = rejected(answer.body)
        if not count:
            return Taken()
        return Taken(unnamed=min(count, len(entries)), problem=problem or "no reason given")

    def close(self) -> None:
        """Let go of the connection."""
        self._asked.close()


def as_request(entries: Sequence[Entry], sender: Sender) -> dict[str, Any]:
    """Give an ExportLogsServiceRequest in the JSON mapping."""
    ordered = sorted(entries, key=_writer)  # the order within a stream stays
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": _resource(Writer(service=s, instance=i), sender)},
                "scopeLogs": [{"scope": {"name": "svcctl"}, "logRecords": [*map(_record, found)]}],
            }
            for (s, i), found in groupby(ordered, key=_writer)
        ]
    }


def attributes(pairs: Iterable[tuple[str, object]]) -> list[dict[str, Any]]:
    """Give *pairs* as KeyValues."""
    return [{"key": name, "value": _any_value(value)} for name, value in pairs]


def rejected(body: bytes) -> tuple[int, str]:
    """Give how many records a collector that took the request refused all the same, and why."""
    try:
        partial = json.loads(body or b"{}").get("partialSuccess") or {}
        return int(partial.get("rejectedLogRecords") or 0), str(partial.get("errorMessage") or "")
    except (ValueError, AttributeError, TypeError):  # it may answer what it likes
        return 0, ""


def _writer(entry: Entry) -> tuple[str, str]:
    return entry.writer.service, entry.writer.instance


def _resource(writer: Writer, sender: Sender) -> list[dict[str, Any]]:
    own = {
        "service.name": writer.service,
        "service.instance.id": writer.instance,
        "host.name": sender.host,
    }
    return attributes((own | dict(sender.labels)).items())


def _record(entry: Entry) -> dict[str, Any]:
    record = entry.record
    found: dict[str, Any] = {
        "timeUnixNano": str(nanoseconds_of(record.at)),
        "observedTimeUnixNano": str(nanoseconds_of(entry.at)),
        "severityNumber": _SEVERITIES[record.level],
        "body": {"stringValue": record.message},
        "attributes": attributes(
            {
                "log.iostream": entry.writer.stream,
                "log.record.uid": entry.id,
                "log.record.original": entry.text,
                **record.fields,
            }.items()
        ),
    }
    if entry.level:
        found["severityText"] = entry.level.upper()
    if _TRACE.fullmatch(record.trace):
        found["traceId"] = record.trace
    return found


def _any_value(value: object) -> dict[str, Any]:
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int() if value.bit_length() < 64:
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value if value - value == 0 else str(value)}
        case list() | tuple():
            return {"arrayValue": {"values": [_any_value(each) for each in value]}}
        case dict():
            return {"kvlistValue": {"values": attributes(value.items())}}
        case _:
            return {"stringValue": str(value)}
