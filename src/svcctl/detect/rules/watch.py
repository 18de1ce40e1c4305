"""One rule, and what has become of it: whether it fired, what it kept to itself, when it is over.

quiet      the condition is met: fired, now standing
standing   met again: fired again after the cooldown if the rule counts, else still standing
standing   not met for `within` and the cooldown (a gap or a row: once it is broken): ended, quiet
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from svcctl.detect.finding import Deviation, Finding, What
from svcctl.detect.rules.conditions import Met, beyond, condition
from svcctl.detect.rules.pattern import decoded
from svcctl.errors import SpecError
from svcctl.record import Level, Record
from svcctl.spec.log_rule import LogRule, Mode
from svcctl.spec.notation import parse_duration
from svcctl.spec.where import field_of, number, parse_where

_SAMPLES = 5
_LONGEST_SAMPLE = 500  # characters
_ENDS_AT_ONCE = {Mode.ABSENT, Mode.CONSECUTIVE}
_MISSES = {Mode.ABSENT, Mode.FALLS}
_OF_ALL = {Mode.CONSECUTIVE, Mode.SHARE}  # these hear of records that do not count, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A rule fired at that time (seconds since 1970) of the records.

    *held_back* says how often its condition was met since it last fired without its firing.
    """

    rule: LogRule
    at: float
    finding: Finding
    held_back: int = 0

    @property
    def service(self) -> str:
        """The service whose rule it is."""
        return self.finding.service


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a rule of a *service* had fired for is over."""

    rule: LogRule
    at: float
    service: str
    pattern: str


Outcome = Fired | Ended


class Watch:
    """Follows one rule over the records of a service, in the order of their times."""

    def __init__(
        self, rule: LogRule, *, service: str, capture: Callable[[Record], str | None]
    ) -> None:
        """Begin; *capture* gives what the group called ``rule.value`` holds of a record."""
        self.rule, self._service, self._capture = rule, service, capture
        self._mode = rule.mode
        self._where = parse_where(rule.field_) if rule.field_ else ()
        self._level = Level[rule.level.upper()] if rule.level else None
        self._narrowed = bool(self._where or self._level or rule.value)
        self.forget()

    def forget(self) -> None:
        """Begin anew, from nothing seen."""
        self._condition = condition(self.rule)
        self._samples: deque[str] = deque(maxlen=_SAMPLES)
        self._standing = False
        self._fired_at: float | None = None
        self._met_at = 0.0
        self._held_back = 0

    def resume(self) -> None:
        """Let nothing be missing from the time before now."""
        if self._mode in _MISSES and not self._standing:
            self._condition = condition(self.rule)

    @property
    def hears_all(self) -> bool:
        """Whether records without its pattern matter to it."""
        in_a_row = self._mode in _OF_ALL and not self._narrowed
        return self.rule.match is None or in_a_row

    def due(self, at: float) -> float | None:
        """Give when it has to be looked at again though nothing is logged."""
        dues = [self._condition.due(at)] if not self._standing else [self._met_at + self._quiet]
        return min((each for each in dues if each is not None), default=None)

    def take(self, record: Record, at: float, *, matched: bool, excluded: bool) -> list[Outcome]:
        """Hear of a record; *matched* and *excluded* say whether it has the patterns."""
        found = self.look(at)
        verdict = None if excluded else self._verdict(record, matched=matched)
        if verdict is None:
            return found
        counts, value = verdict
        if counts and self._shows(value):
            self._samples.append(decoded(record.raw)[:_LONGEST_SAMPLE])
        met = self._condition.take(at, counts=counts, value=value)
        broken = counts == (self._mode is Mode.ABSENT)
        return [*found, *self._judge(met, at, broken=broken)]

    def _shows(self, value: float) -> bool:
        """Say whether a record that counts is one to be shown."""
        return self._mode is not Mode.PERCENTILE or beyond(self.rule, value)

    def look(self, at: float) -> list[Outcome]:
        """Hear that it is that late."""
        return self._judge(self._condition.look(at), at, broken=False)

    def _judge(self, met: Met | None, at: float, *, broken: bool) -> list[Outcome]:
        if met is not None:
            self._met_at = at
            return self._meet(met)
        over = broken if self._mode in _ENDS_AT_ONCE else at - self._met_at > self._quiet
        if not self._standing or not over:
            return []
        self._standing = False
        pattern = self._finding(None).pattern
        return [Ended(rule=self.rule, at=at, service=self._service, pattern=pattern)]

    def _meet(self, met: Met) -> list[Outcome]:
        again = self._mode is not Mode.COUNT and self._standing
        cooling = self._fired_at is not None and met.at - self._fired_at < self.rule.cooldown
        if again or cooling:
            self._held_back += not again
            return []
        fired = Fired(
            rule=self.rule, at=met.at, finding=self._finding(met), held_back=self._held_back
        )
        self._standing, self._fired_at, self._held_back = True, met.at, 0
        self._samples.clear()
        return [fired]

    @property
    def _quiet(self) -> float:
        return max(self.rule.within or 0.0, self.rule.cooldown)

    def _verdict(self, record: Record, *, matched: bool) -> tuple[bool, float] | None:
        """Say whether *record* counts, and its number; None: the rule is not about it."""
        of_all = self._mode in _OF_ALL
        if self.rule.match is not None and not matched:
            return (False, 0.0) if of_all and not self._narrowed else None
        value = self._value(record)
        if of_all and not self._can_tell(record, value):
            return None
        counts = self._level is None or record.level >= self._level
        counts = counts and all(each.holds(record.fields) for each in self._where)
        if self.rule.value:
            limited = self._mode is not Mode.PERCENTILE
            counts = counts and value is not None
            counts = counts and (not limited or beyond(self.rule, value or 0.0))
        return (counts, value or 0.0) if counts or of_all else None

    def _can_tell(self, record: Record, value: float | None) -> bool:
        """Say whether *record* has what the rule compares; else it is not about it."""
        if self._level is not None and record.level is Level.UNKNOWN:
            return False
        if self.rule.value and value is None:
            return False
        return all(field_of(record.fields, each.name) is not None for each in self._where)

    def _value(self, record: Record) -> float | None:
        if not self.rule.value:
            return None
        captured = self._capture(record)
        found = field_of(record.fields, self.rule.value) if captured is None else captured
        return measure(found)

    def _finding(self, met: Met | None) -> Finding:
        deviation = Deviation(
            what=What.RULE,
            subject=self.rule.title,
            observed=met.observed if met else "",
            expected=met.expected if met else "",
            since=met.since if met else 0.0,
            score=1.0,
        )
        return Finding(service=self._service, deviation=deviation, samples=tuple(self._samples))


def measure(value: object) -> float | None:
    """Give the number that *value* tells: as it is or, with a unit of time, in seconds."""
    found = number(value)
    if found is not None or not isinstance(value, str):
        return found
    try:
        return parse_duration(value.replace("µ", "u").replace("μ", "u"))
    except SpecError:
        return None
