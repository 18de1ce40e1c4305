"""Puts together what the detectors learn of the resources that one process uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from svcctl.detect.amounts import Unit
from svcctl.detect.exhaustion import Exhaustion, ExhaustionPolicy, Room
from svcctl.detect.finding import Deviation, Finding
from svcctl.detect.leaks import Leak, LeakPolicy, Trend
from svcctl.detect.series import Series, SeriesPolicy

LATENCY = "latency of "
"""What the name of a probe's latency begins with."""

_BEGIN = 600.0  # seconds in which a process is not what it will be
_LASTING = 3  # readings: what was over before somebody could look is no news


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What is known of a resource: *leak* is the rise an hour from which on it is told.

    *floor*, *beyond* and *rise_only* are those of :class:`SeriesPolicy`.
    """

    unit: Unit = Unit.NUMBER
    floor: float = 0.0
    beyond: float = 0.0
    least: float = 0.0
    rise_only: bool = True
    leak: float | None = None


_KINDS: Mapping[str, _Kind] = {
    "cpu": _Kind(unit=Unit.PERCENT, floor=20.0, beyond=0.5, rise_only=False),
    "io": _Kind(unit=Unit.BYTES_PER_SECOND, floor=32e6, beyond=1.0),
    "memory": _Kind(unit=Unit.BYTES, floor=32e6, beyond=0.5, least=0.2, leak=1e6),
    "disk": _Kind(unit=Unit.BYTES, floor=256e6, beyond=0.5, least=0.2, leak=10e6),
    "open files": _Kind(floor=20.0, beyond=0.5, least=0.2, leak=1.0),
    "threads": _Kind(floor=10.0, beyond=0.5, least=0.2, leak=1.0),
}
_TIME = _Kind(unit=Unit.SECONDS, floor=0.1, beyond=1.0)


class _By(StrEnum):
    """Who has told something."""

    SERIES = "series"
    LEAK = "leak"
    EXHAUSTION = "exhaustion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a reading showed: findings that *begun* or are surer now, patterns that *ended*.

    *urgent* are the patterns of those that leave no time.
    """

    begun: tuple[Finding, ...] = ()
    ended: tuple[str, ...] = ()
    urgent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Where one resource is going: *trend* is that of hours, *exhausted_in* is in seconds."""

    resource: str
    trend: Trend | None
    exhausted_in: float | None


class ResourceWatch:
    """Watches one process that was *started* at a time in seconds since 1970.

    Resources are called ``cpu`` (percent), ``memory``, ``disk`` (bytes), ``open files``,
    ``threads``, ``io`` (bytes a second) and ``latency of PROBE`` (seconds).  *learning* is for how
    many readings nothing but leaks is told.
    """

    def __init__(self, service: str, *, started: float, learning: int = 1_440) -> None:
        self._service, self._started, self._learning = service, started, learning
        self._series: dict[str, Series] = {}
        self._leaks: dict[str, Leak] = {}
        self._ends: dict[str, Exhaustion] = {}
        self._open: dict[str, tuple[_By, str]] = {}

    def read(
        self,
        used: Mapping[str, float],
        *,
        at: float,
        age: float | None = None,
        rooms: Mapping[str, Room] | None = None,
    ) -> Change:
        """Take what is used of each resource now, and how much more there is; say what it shows.

        *at* is in seconds since 1970.  *age* is that of the process, by a clock that is never set;
        without it *at* is believed.
        """
        age = at - self._started if age is None else age
        found: list[Finding] = []
        urgent: set[str] = set()
        for name, value in used.items():
            room = (rooms or {}).get(name)
            for by, deviation in self._judge(name, value, at=at, age=age, room=room):
                finding = Finding(service=self._service, deviation=deviation)
                found.append(finding)
                self._open[finding.pattern] = by, name
                if by is _By.EXHAUSTION:
                    urgent.add(finding.pattern)
        return Change(begun=tuple(found), ended=self._over(), urgent=frozenset(urgent))

    def outlook(self) -> Iterator[Outlook]:
        """Give where resources are going that leak or are nearly exhausted."""
        for name, leak in self._leaks.items():
            trend, end = leak.trend(), self._ends.get(name)
            soon = end.exhausted_in if end is not None and end.is_near else None
            if trend is not None or (end is not None and end.is_near):
                later = None if trend is None else trend.exhausted_in
                yield Outlook(
                    resource=name, trend=trend, exhausted_in=later if soon is None else soon
                )

    @property
    def open(self) -> tuple[str, ...]:
        """Name the patterns of what was found and is not over."""
        return tuple(self._open)

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "series": {name: each.state() for name, each in self._series.items()},
            "leaks": {name: each.state() for name, each in self._leaks.items()},
            "open": {pattern: list(told) for pattern, told in self._open.items()},
        }

    def restore(self, state: Mapping[str, object], *, same_process: bool) -> tuple[str, ...]:
        """Take over what `state` gave; of another process only what it says of usual values.

        Gives the patterns that were open and are over.  Raises ValueError for what is no such
        state.
        """
        match state:
            case {
                "version": 1,
                "series": dict(series),
                "leaks": dict(leaks),
                "open": dict(told),
            }:
                for name, each in series.items():
                    self._series_of(name).restore(each)
                    if not same_process:
                        self._series_of(name).begin_anew()
                for name, each in leaks.items() if same_process else ():
                    if leak := self._leak_of(name):
                        leak.restore(each)
            case _:
                raise ValueError(f"no state of a resource watch: {state.get('version')!r}")
        self._open = {pattern: (_By(by), name) for pattern, (by, name) in told.items()}
        for by, name in self._open.values() if same_process else ():
            if by is _By.EXHAUSTION:
                self._end_of(name).resume(since=self._started)
        return self._over()

    def _judge(
        self, name: str, value: float, *, at: float, age: float, room: Room | None
    ) -> Iterator[tuple[_By, Deviation]]:
        series = self._series_of(name)
        if age >= _BEGIN and (found := series.add(value, at=at)):
            yield _By.SERIES, found
        if leak := self._leak_of(name):
            leak.limit = None if room is None else value + room.left
            if found := leak.add(value, at=self._started + age):
                yield _By.LEAK, found
        end = None if room is None else self._end_of(name)
        if end and room and (found := end.add(value, at=self._started + age, room=room)):
            yield _By.EXHAUSTION, found

    def _over(self) -> tuple[str, ...]:
        ended = tuple(pattern for pattern, told in self._open.items() if not self._lasts(*told))
        for each in ended:
            del self._open[each]
        return ended

    def _lasts(self, by: _By, name: str) -> bool:
        match by:
            case _By.SERIES:
                return name in self._series and self._series[name].is_unusual
            case _By.LEAK:
                return name in self._leaks and self._leaks[name].is_leaking
            case _By.EXHAUSTION:
                return name in self._ends and self._ends[name].is_near

    def _series_of(self, name: str) -> Series:
        found = self._series.get(name)
        if found is None:
            policy = _series_policy(_kind(name), self._learning)
            found = self._series[name] = Series(name, policy)
        return found

    def _leak_of(self, name: str) -> Leak | None:
        found, kind = self._leaks.get(name), _kind(name)
        if found is None and kind.leak is not None:
            policy = _leak_policy(kind.leak, kind.unit)
            found = self._leaks[name] = Leak(name, policy, started=self._started)
        return found

    def _end_of(self, name: str) -> Exhaustion:
        found = self._ends.get(name)
        if found is None:
            found = self._ends[name] = Exhaustion(name, _end_policy(_kind(name)))
        return found


def _kind(name: str) -> _Kind:
    return _TIME if name.startswith(LATENCY) else _KINDS[name]


@cache
def _series_policy(kind: _Kind, learning: int) -> SeriesPolicy:
    return SeriesPolicy(
        learning=learning,
        least=kind.least,
        beyond=kind.beyond,
        floor=kind.floor,
        lasting=_LASTING,
        rise_only=kind.rise_only,
        unit=kind.unit,
    )


@cache
def _leak_policy(least: float, unit: Unit) -> LeakPolicy:
    return LeakPolicy(least=least, unit=unit)


@cache
def _end_policy(kind: _Kind) -> ExhaustionPolicy:
    return ExhaustionPolicy(unit=kind.unit)
