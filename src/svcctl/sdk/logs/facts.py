"""Reads a record back for sinks that need more of it than its bytes, on their own time."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from svcctl.sdk.logs.levels import level_number

COMMON = frozenset(
    {"time", "level", "event", "service", "instance", "version", "logger", "trace_id", "span_id"}
)
"""Members any record may have; all others are the caller's fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a record says; *at* is in seconds since 1970, *time* the same as it was written."""

    at: float
    time: str
    level: int
    level_name: str
    event: str
    service: str
    instance: str
    version: str
    logger: str
    trace_id: str
    span_id: str
    fields: dict[str, Any] = field(default_factory=dict)


def read(record: bytes) -> Facts:
    """Give what *record*, made by a Logger, says."""
    found: dict[str, Any] = json.loads(record)
    level = str(found["level"])
    common = {name: str(found.get(name, "")) for name in COMMON - {"level"}}
    return Facts(
        at=datetime.fromisoformat(common["time"]).timestamp(),
        level=level_number(level),
        level_name=level,
        fields={key: value for key, value in found.items() if key not in COMMON},
        **common,
    )
