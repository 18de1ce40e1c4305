"""The one form in which everything a program wrote is understood, whatever form it wrote it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Level(IntEnum):
    """How bad it is, in the words and numbers of standard ``logging``; UNKNOWN: it does not say."""

    UNKNOWN = 0
    TRACE = 5
    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing a program said: one line, or the several of a traceback.

    *raw* is what it wrote, without the last line's end; *at* (seconds since 1970, UTC) is the time
    it gave, or else the time it was read.  *trace* is the trace id, empty where it has none.
    *fields* are what it named, by its own names, those of *level* and *message* included.
    """

    raw: bytes
    at: float
    message: str
    level: Level = Level.UNKNOWN
    trace: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Some of a log that came at once, in its order.

    *stream* tells the parts of a log apart, such as its files.  *content* are whole lines in
    UTF-8; a log whose keeper understands each entry gives *records* instead.
    """

    stream: str
    content: bytes = b""
    records: tuple[Record, ...] = ()
