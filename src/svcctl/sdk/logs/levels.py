"""Which records are wanted, by the name of the logger, and changed while the service runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from svcctl.errors import UsageError, quoted
from svcctl.ports import Cancel, Clock, Timer
from svcctl.spec.notation import parse_duration

DEBUG, INFO, WARNING, ERROR, CRITICAL = 10, 20, 30, 40, 50

NAMES: Mapping[int, str] = {
    DEBUG: "debug",
    INFO: "info",
    WARNING: "warning",
    ERROR: "error",
    CRITICAL: "critical",
}
"""The levels as they stand in a record; the numbers are those of standard ``logging``."""

_NUMBERS = {name: number for number, name in NAMES.items()}

Settings = Mapping[str, int]
"""A level by the name of a logger; the empty name is for all that have none of their own."""


def level_number(name: str) -> int:
    """Give the number of the level called *name*; raises UsageError where there is none."""
    number = _NUMBERS.get(name.strip().lower())
    if number is None:
        hint = f"use one of {', '.join(_NUMBERS)}"
        raise UsageError(f"there is no level {quoted(name)}", hint=hint)
    return number


def nearest(number: int) -> int:
    """Give the highest of our levels that *number*, a level of anybody's, reaches; or the least."""
    return max((each for each in NAMES if each <= number), default=DEBUG)


def decide(settings: Settings, logger: str) -> int:
    """Give the level of *logger*: its own, or that of the nearest name above it (dots part names).

    >>> decide({"": 20, "mailer": 10}, "mailer.smtp")
    10
    """
    name = logger
    while name:
        if name in settings:
            return settings[name]
        name = name.rpartition(".")[0]
    return settings[""]


class Gate:
    """What loggers of one name look at before anything else: the least level that is wanted."""

    __slots__ = ("level",)

    def __init__(self, level: int) -> None:
        self.level = level


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShown:
    """The level of one name; *until* (seconds since 1970) it reverts by itself, None: it stays."""

    logger: str
    level: str
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passing:
    level: int
    until: float
    timer: Timer


class Levels:
    """The level of each logger; changes hold at once, in every thread.

    To be changed from the event loop alone, whose clock takes back what is set for a time.
    """

    def __init__(self, clock: Clock, *, level: str = "info") -> None:
        self._clock = clock
        self._lasting: dict[str, int] = {"": level_number(level)}
        self._passing: dict[str, _Passing] = {}
        self._gates: dict[str, Gate] = {}
        self._watchers: list[Callable[[Settings], None]] = []

    def gate(self, logger: str) -> Gate:
        """Give the gate of *logger*, the same one every time."""
        found = self._gates.get(logger)
        if found is None:
            found = self._gates.setdefault(logger, Gate(decide(self.settings(), logger)))
        return found

    def settings(self) -> Settings:
        """Give what is set now, and not what follows from it."""
        return self._lasting | {name: each.level for name, each in self._passing.items()}

    def show(self) -> tuple[LevelShown, ...]:
        """Give what is set now for people to read, the level of all others first."""
        until = {name: each.until for name, each in self._passing.items()}
        return tuple(
            LevelShown(logger=name, level=NAMES[level], until=until.get(name))
            for name, level in sorted(self.settings().items())
        )

    def set(self, logger: str, level: str, *, for_: str | float | None = None) -> None:
        """Let *logger*, and those below it, write from *level* on; with *for_* only so long.

        *for_* is ``"10m"`` or seconds.  A level set for a time hides one that lasts and gives way
        to it again; setting one replaces what was set for a time before.  Raises UsageError for an
        unknown level and SpecError for a length of time that cannot be read; nothing is changed
        then.
        """
        number = level_number(level)
        if for_ is None:
            self._forget(logger)
            self._lasting[logger] = number
        else:
            seconds = _seconds(for_)
            timer = self._clock.later(seconds, lambda: self.reset(logger))
            self._forget(logger)
            until = self._clock.now() + seconds
            self._passing[logger] = _Passing(level=number, until=until, timer=timer)
        self._apply()

    def reset(self, logger: str) -> None:
        """Take back what was set for a time; where nothing was, nothing changes."""
        if logger in self._passing:
            self._forget(logger)
            self._apply()

    def watch(self, call: Callable[[Settings], None]) -> Cancel:
        """Call with the settings now, and again after each change."""
        self._watchers.append(call)
        call(self.settings())
        return lambda: self._watchers.remove(call) if call in self._watchers else None

    def close(self) -> None:
        """Take back all that was set for a time; no timer is left."""
        for logger in tuple(self._passing):
            self._forget(logger)
        self._apply()

    def _forget(self, logger: str) -> None:
        passing = self._passing.pop(logger, None)
        if passing:
            passing.timer.cancel()

    def _apply(self) -> None:
        settings = self.settings()
        for name, gate in tuple(self._gates.items()):
            gate.level = decide(settings, name)
        for call in tuple(self._watchers):
            call(settings)


def _seconds(value: str | float) -> float:
    return parse_duration(value) if isinstance(value, str) else float(value)
