"""Brings records to an OpenTelemetry collector: OTLP over HTTP, in JSON.

After https://opentelemetry.io/docs/specs/otlp/ and the data model of logs.
"""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from itertools import groupby
from time import time
from typing import Any
from urllib.parse import urlsplit

from svcctl import __version__
from svcctl.errors import UsageError, quoted
from svcctl.sdk.logs.facts import Facts, read
from svcctl.sdk.logs.isolated import NotNow
from svcctl.sdk.logs.levels import CRITICAL, DEBUG, ERROR, INFO, WARNING
from svcctl.sdk.logs.raised import as_text

SEVERITIES = {DEBUG: 5, INFO: 9, WARNING: 13, ERROR: 17, CRITICAL: 21}
"""SeverityNumber of the data model."""

_TRIED_AGAIN = frozenset({429, 502, 503, 504})  # "Failures": all others must not be
_LONGEST_ANSWER = 1 << 16  # bytes
_PATIENCE = 10.0  # seconds: the exporter's default


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a collector listens: *url* without ``/v1/logs``; *headers* may hold secrets."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    compress: bool = True
    patience: float = _PATIENCE


class Collector:
    """Brings records to a collector, many in one request."""

    batch = 512

    def __init__(self, endpoint: Endpoint) -> None:
        """Raises UsageError for a URL that is none, or that holds a password."""
        parts = urlsplit(endpoint.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            hint = "write for example http://127.0.0.1:4318"
            raise UsageError(f"{quoted(endpoint.url)} is no address of a collector", hint=hint)
        if "@" in parts.netloc:
            problem = f"the address of collector {quoted(parts.hostname)} holds credentials"
            raise UsageError(problem, hint="give them as a header: Authorization")
        self._endpoint, self._secure = endpoint, parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = f"{parts.path.rstrip('/')}/v1/logs"
        self._connection: http.client.HTTPConnection | None = None
        self.name = f"otlp {parts.scheme}://{parts.netloc}{self._path}"

    def deliver(self, records: Sequence[bytes]) -> int:
        """Send *records*; raises OSError where they may be sent again, as the collector says."""
        body = json.dumps(as_request([read(each) for each in records])).encode()
        headers = {"Content-Type": "application/json", "User-Agent": f"svcctl/{__version__}"}
        if self._endpoint.compress:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        try:
            status, after, answer = self._post(body, {**headers, **self._endpoint.headers})
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise OSError(f"{type(error).__name__}: {error}") from error
        if status in _TRIED_AGAIN:
            raise NotNow(f"the collector answered {status}", after=seconds_of(after, now=time()))
        return len(records) if not 200 <= status < 300 else _rejected(answer)

    def close(self) -> None:
        """Let go of the connection."""
        found, self._connection = self._connection, None
        if found is not None:
            found.close()

    def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._host, self._port, timeout=self._endpoint.patience)
        self._connection.request("POST", self._path, body=body, headers=dict(headers))
        response = self._connection.getresponse()
        answer = response.read(_LONGEST_ANSWER)
        if response.read(1) or response.will_close:
            self.close()
        return response.status, response.headers.get("Retry-After", ""), answer


def as_request(records: Sequence[Facts]) -> dict[str, Any]:
    """Give an ExportLogsServiceRequest in the JSON mapping: ids in hex, 64-bit numbers as text."""
    first = records[0]
    resource = {
        "service.name": first.service,
        "service.instance.id": first.instance,
        "service.version": first.version,
    }
    attributes = [_attribute(name, value) for name, value in resource.items() if value]
    scopes = groupby(records, key=lambda each: each.logger)
    logs = [
        {"scope": {"name": name}, "logRecords": [_log_record(each) for each in found]}
        for name, found in scopes
    ]
    return {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": logs}]}


def seconds_of(retry_after: str, *, now: float) -> float:
    """Give the seconds that ``Retry-After`` asks for (RFC 9110, 10.2.3); 0 where it says none."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except (TypeError, ValueError):
        return 0.0


def _log_record(facts: Facts) -> dict[str, Any]:
    at = str(round(facts.at * 1_000_000) * 1000)
    record: dict[str, Any] = {
        "timeUnixNano": at,
        "observedTimeUnixNano": at,
        "severityNumber": SEVERITIES[facts.level],
        "severityText": facts.level_name.upper(),
        "body": {"stringValue": facts.event},
        "attributes": [_attribute(name, value) for name, value in _attributes(facts).items()],
    }
    if facts.trace_id:
        record |= {"traceId": facts.trace_id, "spanId": facts.span_id}
    return record


def _attributes(facts: Facts) -> dict[str, object]:
    """Give the fields, and an error as the semantic conventions name its parts."""
    found = dict(facts.fields)
    error = found.get("exception")
    if isinstance(error, dict):
        del found["exception"]
        found["exception.type"] = error.get("type", "")
        found["exception.message"] = error.get("message", "")
        found["exception.stacktrace"] = "\n".join(as_text(error))
    return found


def _attribute(name: str, value: object) -> dict[str, Any]:
    return {"key": name, "value": _any_value(value)}


def _any_value(value: object) -> dict[str, Any]:
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int() if value.bit_length() < 64:
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_any_value(each) for each in value]}}
        case dict():
            pairs = [_attribute(name, each) for name, each in value.items()]
            return {"kvlistValue": {"values": pairs}}
        case _:
            return {"stringValue": str(value)}


def _rejected(answer: bytes) -> int:
    """Give how many records a collector that took the request refused all the same."""
    try:
        partial = json.loads(answer or b"{}").get("partialSuccess") or {}
        return int(partial.get("rejectedLogRecords") or 0)
    except (ValueError, AttributeError, TypeError):  # it may answer what it likes
        return 0
