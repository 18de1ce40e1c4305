"""What a person wrote about what is done, without asking anybody, where something is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from svcctl.spec.units import Duration, Percent, Share

SCALE = "scale:"
"""Begins what is done where more instances are to run: ``scale:4``."""

QUIET = "quiet"
"""The hour in which a service is least busy, as far as that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealPolicy:
    """What is done about some of the things that can be wrong with one service, and when."""

    on: tuple[str, ...] = field(
        metadata={
            "doc": "what it is done about: words of [alerting.severity], such as leak or not_live, "
            "and names of rules"
        }
    )
    do: str = field(
        default="restart",
        metadata={
            "doc": "a verb (restart, reload, stop, pause, reset), run:NAME, a command of hook.run, "
            "or scale:N, so that at least N instances run"
        },
    )
    min_score: Share = field(
        default=0.5, metadata={"doc": "how sure it has to be; rules and probes are (1)"}
    )
    after: Duration = field(default=0.0, metadata={"doc": "time for which it must have lasted"})
    at: str = field(
        default="",
        metadata={
            "doc": 'when, in local time: a window ("02:00-05:00"), five fields as of cron, or '
            "quiet: the least busy hour that is known; default: at any time"
        },
    )
    latest: Duration = field(
        default=1800.0,
        metadata={"doc": "whatever the hour, where what leaks is used up within that time"},
    )
    below: Percent | None = field(
        default=None,
        metadata={"doc": "only while it uses less of the processor, 100% being one core"},
    )
    budget: str = field(
        default="3 in 1h",
        metadata={"doc": "only if the service was healed less often in that time, by anything"},
    )
    cooldown: Duration = field(
        default=600.0, metadata={"doc": "time from one healing by this to the next"}
    )
    dry_run: bool = field(default=False, metadata={"doc": "only say what would have been done"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingSpec:
    """What holds for all healing on this machine, that which rules ask for included."""

    enabled: bool = field(default=True, metadata={"doc": "false: nothing is done by itself"})
    dry_run: bool = field(default=False, metadata={"doc": "only say what would have been done"})
    budget: str = field(
        default="60 in 1h", metadata={"doc": "at most so many healings of all services together"}
    )
    service_budget: str = field(
        default="12 in 1h", metadata={"doc": "at most so many healings of one service"}
    )
