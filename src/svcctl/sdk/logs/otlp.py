"""Brings records to an OpenTelemetry collector: OTLP over HTTP, in JSON.

After https://opentelemetry.io/docs/specs/otlp/ and the data model of logs.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from time import time
from typing import Any
from urllib.parse import urlsplit

from svcctl import __version__
from svcctl.errors import UsageError, quoted
from svcctl.observe.ship.otlp import PATH, attributes, rejected
from svcctl.posting import Poster
from svcctl.sdk.logs.facts import Facts, read
from svcctl.sdk.logs.isolated import NotNow
from svcctl.sdk.logs.levels import CRITICAL, DEBUG, ERROR, INFO, WARNING
from svcctl.sdk.logs.raised import as_text

SEVERITIES = {DEBUG: 5, INFO: 9, WARNING: 13, ERROR: 17, CRITICAL: 21}
"""SeverityNumber of the data model."""

_TRIED_AGAIN = frozenset({429, 502, 503, 504})  # "Failures": all others must not be
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
        self._endpoint = endpoint
        self._poster = Poster(endpoint.url, patience=endpoint.patience)
        self.name = f"otlp {parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{PATH}"

    def deliver(self, records: Sequence[bytes]) -> int:
        """Send *records*; raises OSError where they may be sent again, as the collector says."""
        body = json.dumps(as_request([read(each) for each in records])).encode()
        headers = {"Content-Type": "application/json", "User-Agent": f"svcctl/{__version__}"}
        if self._endpoint.compress:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        answer = self._poster.post(body, {**headers, **self._endpoint.headers}, path=PATH)
        if answer.status in _TRIED_AGAIN:
            after = answer.wait(now=time())
            raise NotNow(f"the collector answered {answer.status}", after=after)
        return rejected(answer.body)[0] if answer.is_good else len(records)

    def close(self) -> None:
        """Let go of the connection."""
        self._poster.close()


def as_request(records: Sequence[Facts]) -> dict[str, Any]:
    """Give an ExportLogsServiceRequest in the JSON mapping: ids in hex, 64-bit numbers as text."""
    first = records[0]
    resource = {
        "service.name": first.service,
        "service.instance.id": first.instance,
        "service.version": first.version,
    }
    known = attributes((name, value) for name, value in resource.items() if value)
    scopes = groupby(records, key=lambda each: each.logger)
    logs = [
        {"scope": {"name": name}, "logRecords": [_log_record(each) for each in found]}
        for name, found in scopes
    ]
    return {"resourceLogs": [{"resource": {"attributes": known}, "scopeLogs": logs}]}


def _log_record(facts: Facts) -> dict[str, Any]:
    at = str(round(facts.at * 1_000_000) * 1000)
    record: dict[str, Any] = {
        "timeUnixNano": at,
        "observedTimeUnixNano": at,
        "severityNumber": SEVERITIES[facts.level],
        "severityText": facts.level_name.upper(),
        "body": {"stringValue": facts.event},
        "attributes": attributes(_attributes(facts).items()),
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
