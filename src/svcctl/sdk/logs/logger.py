"""What a service logs with: records of an event name and fields, made fast."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from svcctl.ports import Clock
from svcctl.sdk.logs.encoding import Encoding, best
from svcctl.sdk.logs.facts import COMMON
from svcctl.sdk.logs.levels import (
    CRITICAL,
    DEBUG,
    ERROR,
    INFO,
    NAMES,
    WARNING,
    Gate,
    Levels,
    nearest,
)
from svcctl.sdk.logs.raised import describe
from svcctl.sdk.logs.sink import Sink
from svcctl.sdk.logs.trace import carried

_HEADS = {number: b'Z","level":"%b","event":' % name.encode() for number, name in NAMES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who writes: stands in every record, what is empty is left out."""

    service: str
    instance: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How the records of one log come to be; the same for all its loggers."""

    source: Source
    levels: Levels
    encoding: Encoding
    write: Callable[[bytes, int], None]
    now: Callable[[], float]
    second: list[tuple[int, bytes]]
    """The last second that was written as text: most records come within one."""


class Logger:
    """Writes records; every one is written before the call comes back, as far as the sink goes.

    No method but :meth:`bind` and its like gives anything back, and none ever raises for what it is
    given: what cannot be encoded becomes its repr.  Made by :class:`Logs`; safe in every thread.
    """

    __slots__ = ("_bound", "_gate", "_name", "_tail", "_taken", "_way")

    def __init__(self, way: _Way, name: str, bound: dict[str, object]) -> None:
        self._way, self._name, self._bound = way, name, bound
        self._gate: Gate = way.levels.gate(name)
        self._taken = COMMON | bound.keys() | {"exc_info"}
        fixed = {
            "service": way.source.service,
            "instance": way.source.instance,
            "version": way.source.version,
            "logger": name,
        }
        present = {key: value for key, value in fixed.items() if value} | bound
        self._tail = _members(way.encoding.table(present))

    @property
    def name(self) -> str:
        """The name its level is set by."""
        return self._name

    def debug(self, event: str, /, **fields: object) -> None:
        """Write what only helps to find a mistake."""
        if self._gate.level <= DEBUG:
            self._say(DEBUG, event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """Write what happened, as it should."""
        if self._gate.level <= INFO:
            self._say(INFO, event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Write what may become a problem."""
        if self._gate.level <= WARNING:
            self._say(WARNING, event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """Write what failed."""
        if self._gate.level <= ERROR:
            self._say(ERROR, event, fields)

    def critical(self, event: str, /, **fields: object) -> None:
        """Write what the service cannot go on after."""
        if self._gate.level <= CRITICAL:
            self._say(CRITICAL, event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """Write an error that is being handled, with its type, message and frames."""
        fields.setdefault("exc_info", True)
        self.error(event, **fields)

    def write(self, level: int, event: str, fields: Mapping[str, object]) -> None:
        """Write at the level with that number (of standard ``logging``, or between two)."""
        if self._gate.level <= level:
            self._say(nearest(level), event, dict(fields))

    def enabled(self, level: int) -> bool:
        """Say whether records of that level are written: before what is dear to find out."""
        return self._gate.level <= level

    def bind(self, **fields: object) -> Logger:
        """Give a logger that writes *fields* as well; they are encoded once, here."""
        return Logger(self._way, self._name, {**self._bound, **_renamed(fields)})

    def unbind(self, *names: str) -> Logger:
        """Give a logger without these fields; one that is not bound is no error."""
        left = {key: value for key, value in self._bound.items() if key not in names}
        return Logger(self._way, self._name, left)

    def new(self, **fields: object) -> Logger:
        """Give a logger with *fields* and none of those bound so far."""
        return Logger(self._way, self._name, _renamed(fields))

    def named(self, name: str) -> Logger:
        """Give the logger of that name, with the same fields bound; its level is its own."""
        return Logger(self._way, name, self._bound)

    def _say(self, level: int, event: str, fields: dict[str, object]) -> None:
        way, tail = self._way, self._tail
        if not self._taken.isdisjoint(fields):
            tail, fields = self._sorted_out(fields)
        now = way.now()
        second = int(now)
        known, text = way.second[0]
        if known != second:
            text = _stamp(second)
            way.second[0] = (second, text)
        place = carried()
        name, body = way.encoding.record(event, fields)
        record = b"".join(
            (
                text,
                b"%06d" % ((now - second) * 1e6),
                _HEADS[level],
                name,
                tail,
                place.encoded if place else b"",
                b"," + body[1:] if fields else b"}",
                b"\n",
            )
        )
        way.write(record, level)

    def _sorted_out(self, fields: dict[str, object]) -> tuple[bytes, dict[str, object]]:
        """Settle names that stand twice: a field of the call hides one that is bound."""
        fields = _renamed(fields)
        if "exc_info" in fields:
            error = _error(fields.pop("exc_info"))
            if error is not None:
                fields.setdefault("exception", describe(error))
        if self._bound.keys().isdisjoint(fields):
            return self._tail, fields
        return self.unbind(*fields)._tail, fields


class Logs:
    """The log of one service: its loggers, their levels, and where records go."""

    def __init__(
        self,
        *,
        source: Source,
        sink: Sink,
        clock: Clock,
        level: str = "info",
        encoding: Encoding | None = None,
    ) -> None:
        self.levels = Levels(clock, level=level)
        self._sink = sink
        self._way = _Way(
            source=source,
            levels=self.levels,
            encoding=encoding or best(),
            write=sink.write,
            now=clock.now,
            second=[(-1, b"")],
        )

    def logger(self, name: str = "") -> Logger:
        """Give the logger of that name; without one, that of the service."""
        return Logger(self._way, name or self._way.source.service, {})

    def flush(self) -> None:
        """See that all that was written is where it belongs, within the limits of the sinks."""
        self._sink.flush()

    def close(self) -> None:
        """Flush and let go of the sinks; what is written later is lost."""
        self.levels.close()
        self._sink.close()


def _members(table: bytes) -> bytes:
    """Give the members of an encoded object as they follow others; nothing where it has none."""
    return b"," + table[1:-1] if len(table) > 2 else b""


def _stamp(second: int) -> bytes:
    """Give how a record of that second begins: RFC 3339 in UTC, up to the microseconds."""
    return time.strftime('{"time":"%Y-%m-%dT%H:%M:%S.', time.gmtime(second)).encode()


def _renamed(fields: Mapping[str, object]) -> dict[str, object]:
    return {f"{name}_" if name in COMMON else name: value for name, value in fields.items()}


def _error(told: object) -> BaseException | None:
    """Give the error that ``exc_info`` stands for: one, a triple of sys.exc_info, or True."""
    if isinstance(told, BaseException):
        return told
    if isinstance(told, tuple):
        found = told[1] if len(told) == 3 else None
        return found if isinstance(found, BaseException) else None
    return sys.exc_info()[1] if told else None
