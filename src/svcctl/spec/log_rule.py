"""What a person wrote about one thing to look for in what a service logs, and what then happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from svcctl.spec.alert_policy import Priority
from svcctl.spec.notation import format_duration
from svcctl.spec.units import Bounds, Duration, Period, Quantity, Regex, Share


class RuleLevel(StrEnum):
    """How bad a record is at least."""

    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Mode(StrEnum):
    """What is asked of the records that a rule is about, taken together."""

    COUNT = "count"
    ABSENT = "absent_for"
    CONSECUTIVE = "consecutive"
    SHARE = "share"
    PERCENTILE = "percentile"
    RISES = "rises"
    FALLS = "falls"


RuleCount = Annotated[int, Bounds(low=1, high=10_000)]
"""How many records: so many times are kept in memory."""

Rank = Annotated[float, Bounds(above=0, high=100)]
"""A percentile."""

Times = Annotated[float, Bounds(above=1)]
"""How many times as much."""

ALERT = "alert"
"""The action that is none: people are told, as of every finding."""

RUN = "run:"
"""Begins an action that is a command of ``hook.run``."""

FEW = 10
"""Fewer records than that say nothing of shares, percentiles and rates unless ``count`` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRule:
    """One rule: which records, how many of them, and what then happens."""

    name: str = field(default="", metadata={"doc": "what it is called; default: what it looks for"})
    match: Regex | None = field(
        default=None,
        metadata={"doc": "pattern searched in each line; without look-around and back-references"},
    )
    unless: Regex | None = field(
        default=None, metadata={"doc": "pattern: lines that have it do not count"}
    )
    level: RuleLevel | None = field(
        default=None, metadata={"doc": "records of that level or worse"}
    )
    field_: str = field(
        default="",
        metadata={
            "key": "field",
            "doc": "conditions on fields: status>=500, or method=GET and path!='/health'",
        },
    )
    value: str = field(
        default="",
        metadata={
            "doc": "the number to look at: a group of `match`, or a field; "
            "with a unit of time (20ms) it counts in seconds"
        },
    )
    above: Quantity | None = field(
        default=None, metadata={"doc": "records whose `value` is more: a number, or such as 2s"}
    )
    below: Quantity | None = field(default=None, metadata={"doc": "records whose `value` is less"})
    count: RuleCount | None = field(
        default=None,
        metadata={
            "doc": "so many such records `within`; default: 1, of shares, percentiles and rates 10"
        },
    )
    within: Period | None = field(
        default=None, metadata={"doc": "time over which records are taken together"}
    )
    absent_for: Period | None = field(
        default=None, metadata={"doc": "no such record for so long (a dead man's switch)"}
    )
    consecutive: RuleCount | None = field(
        default=None,
        metadata={"doc": "so many in a row of the lines `match` finds that have the rest as well"},
    )
    share: Share | None = field(
        default=None,
        metadata={"doc": "more than that part (0 to 1) of the lines `match` finds have the rest"},
    )
    percentile: Rank | None = field(
        default=None,
        metadata={"doc": "that percentile (such as 99) of `value` is `above` or `below`"},
    )
    rises: Times | None = field(
        default=None, metadata={"doc": "at least so many times as many `within` as in the `past`"}
    )
    falls: Times | None = field(
        default=None, metadata={"doc": "at least so many times fewer `within` than in the `past`"}
    )
    past: Period = field(
        default=3600.0, metadata={"doc": "time before that `rises` and `falls` compare with"}
    )
    severity: Priority | None = field(
        default=None, metadata={"doc": "how much it matters; default: alerting.severity.rule"}
    )
    cooldown: Duration = field(
        default=300.0, metadata={"doc": "time after it fired in which it does not fire again"}
    )
    action: str = field(
        default=ALERT,
        metadata={
            "doc": "alert, a verb (restart, reload, stop, reset) or run:NAME, a command of hook.run"
        },
    )

    @property
    def mode(self) -> Mode:
        """What decides; the first of those that are given."""
        given = {
            Mode.ABSENT: self.absent_for,
            Mode.CONSECUTIVE: self.consecutive,
            Mode.SHARE: self.share,
            Mode.PERCENTILE: self.percentile,
            Mode.RISES: self.rises,
            Mode.FALLS: self.falls,
        }
        return next((mode for mode, value in given.items() if value is not None), Mode.COUNT)

    @property
    def least(self) -> int:
        """How many records it takes."""
        few = self.mode in {Mode.SHARE, Mode.PERCENTILE, Mode.RISES, Mode.FALLS}
        return self.count or (FEW if few else 1)

    @property
    def title(self) -> str:
        """What it is called."""
        if self.name:
            return self.name
        said = [self.match or self.value, self.level, self.field_]
        about = " ".join(str(each) for each in said if each)
        if self.absent_for is not None:
            return f"no {about or 'line'} for {format_duration(self.absent_for)}"
        return about or "any line"
