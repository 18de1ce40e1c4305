"""What is checked about a running instance, how often, and what a failure leads to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from svcctl.spec.units import Command, Duration, Period, Positive, Regex, Share


class Purpose(StrEnum):
    """What a probe's verdict decides."""

    STARTUP = "startup"
    READY = "ready"
    LIVE = "live"


class OnFail(StrEnum):
    """What a failed live probe leads to."""

    RESTART = "restart"
    ALERT = "alert"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One check: exactly one of ``http``, ``tcp``, ``exec``, ``heartbeat``, ``log``, ``checks``."""

    http: str | None = field(default=None, metadata={"doc": "URL that must answer as expected"})
    tcp: str | None = field(
        default=None, metadata={"doc": "host:port that must accept a connection"}
    )
    exec: Command = field(default=(), metadata={"doc": "command that must exit with 0"})
    heartbeat: Period | None = field(
        default=None,
        metadata={"doc": "longest silence between two WATCHDOG=1 messages (sd_notify)"},
    )
    log: Regex | None = field(
        default=None,
        metadata={"doc": "pattern: a matching line passes (startup, ready) or fails (live)"},
    )
    checks: Purpose | None = field(
        default=None,
        metadata={
            "doc": "checks of its own that a service written with the SDK must not find DOWN: "
            "live, ready or startup"
        },
    )
    purpose: Purpose = field(
        default=Purpose.LIVE, metadata={"doc": "what the verdict decides", "key": "for"}
    )
    interval: Period = field(default=10.0, metadata={"doc": "time from one check to the next"})
    timeout: Period = field(default=3.0, metadata={"doc": "time an answer may take"})
    fails: Positive = field(
        default=3, metadata={"doc": "failures in a row that make the verdict bad"}
    )
    passes: Positive = field(
        default=1, metadata={"doc": "successes in a row that make it good again"}
    )
    grace: Duration = field(
        default=10.0,
        metadata={"doc": "time after the start in which failures of a live probe do not count"},
    )
    fail_ratio: Share = field(
        default=0.5,
        metadata={
            "doc": "share of failures over `ratio_window` that makes the verdict bad as well; "
            "0: off"
        },
    )
    ratio_window: Positive = field(
        default=20, metadata={"doc": "number of checks `fail_ratio` looks at"}
    )
    expect: str = field(
        default="200-399", metadata={"doc": "http: accepted statuses (200-299,304), or body:REGEX"}
    )
    on_fail: OnFail = field(
        default=OnFail.RESTART, metadata={"doc": "what a bad live verdict leads to"}
    )

    @property
    def kind(self) -> str:
        """Which of the six checks this is."""
        if self.exec:
            return "exec"
        chosen = {
            "http": self.http,
            "tcp": self.tcp,
            "heartbeat": self.heartbeat,
            "log": self.log,
            "checks": self.checks,
        }
        return next((kind for kind, value in chosen.items() if value is not None), "none")
