"""What people are told of one service, apart so that the agent loads no more where nobody is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Priority(StrEnum):
    """How much it matters: P0 wakes somebody up, P1 is read within minutes, P2 by daylight."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"


class Happening(StrEnum):
    """What people can be told of."""

    SERVICE_DOWN = "service_down"
    SERVICE_RESTARTING = "service_restarting"
    SERVICE_FLAPPING = "service_flapping"
    NOT_LIVE = "not_live"
    NOT_READY = "not_ready"
    CRASH = "crash"
    MEMORY = "memory"
    CAPTURE_PAUSED = "capture_paused"
    AGENT_LOST = "agent_lost"
    RULE = "rule"
    ERROR_RATIO = "error_ratio"
    LATENCY = "latency"
    SILENCE = "silence"
    LEAK = "leak"
    BURST = "burst"
    DROP = "drop"
    NEW_TEMPLATE = "new_template"
    SESSION = "session"
    METRIC = "metric"
    UNHEALED = "unhealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """Who is told of one service."""

    to: tuple[str, ...] = field(
        default=(), metadata={"doc": "channels of [alerting] that are told instead of the usual"}
    )
    on: tuple[Happening, ...] = field(
        default=(), metadata={"doc": "what is told, see [alerting.severity]; default: everything"}
    )
    priority: Priority | None = field(
        default=None, metadata={"doc": "how much all of it matters, whatever the matrix says"}
    )
