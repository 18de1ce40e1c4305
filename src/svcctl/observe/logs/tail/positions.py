"""How far every log was read and acknowledged, in one file that is there whole or not at all."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from svcctl.observe.logs.tail.mark import Mark, dump_mark, load_mark
from svcctl.ports import Clock

log = logging.getLogger(__name__)

_PAUSE = 0.2  # seconds between two savings at the least
_SHARE = 20  # nor is more than one part in so many of the time spent on it

Marks = tuple[list[Mark], list[Mark]]
"""What of a log is being read, and what was read."""


class Place(Protocol):
    """Where the positions are kept."""

    def read(self) -> bytes | None:
        """Give what was written last, None where nothing was."""

    def write(self, content: bytes) -> None:
        """Put *content* there in one step; raises OSError, and what was there stays then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Positions as they were *at* (seconds since 1970) some time, of logs found by *globs*."""

    at: float
    globs: tuple[str, ...]
    logs: Mapping[str, Marks]


class Positions:
    """Saves positions now and then, and not at all while none changes."""

    def __init__(self, place: Place | None, *, globs: tuple[str, ...], clock: Clock) -> None:
        self._place, self._globs, self._clock = place, globs, clock
        self._logs: dict[str, str] = {}
        self._done: dict[str, tuple[list[Mark], str]] = {}
        self._changed = True
        self._next = 0.0
        self._problem = ""

    def load(self) -> Saved | None:
        """Give what was saved; None where nothing was, or it cannot be read."""
        content = self._place.read() if self._place else None
        if content is None:
            return None
        try:
            return _load(content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("tail.positions-unusable", extra={"problem": str(error)})
            return None

    def put(self, path: str, marks: Marks) -> None:
        """Take what was acknowledged of the log at *path*."""
        held, done = marks
        text = f"[{_dumped(held)},{self._dumped_done(path, done)}]"
        if self._logs.get(path) != text:
            self._logs[path] = text
            self._changed = True

    def _dumped_done(self, path: str, done: list[Mark]) -> str:
        """Give what was read as JSON, made anew where it is not as it was: it may be much."""
        known, text = self._done.get(path, ([], "[]"))
        if known != done:
            text = _dumped(done)
            self._done[path] = list(done), text
        return text

    def save(self, *, now: bool = False) -> None:
        """Write what changed, if the last time was long enough ago, or *now*."""
        begun = self._clock.monotonic()
        if self._place is None or not self._changed or (begun < self._next and not now):
            return
        logs = ",".join(f"{json.dumps(path)}:{text}" for path, text in self._logs.items())
        head = json.dumps({"version": 1, "at": self._clock.now(), "globs": self._globs})
        try:
            self._place.write(f'{head[:-1]},"logs":{{{logs}}}}}'.encode())
        except OSError as error:
            self._complain(error)
        else:
            self._changed, self._problem = False, ""
        over = self._clock.monotonic()
        self._next = begun if now else over + max(_PAUSE, _SHARE * (over - begun))

    def _complain(self, error: OSError) -> None:
        """Say once that nothing can be saved; it is tried again, and lines go on meanwhile."""
        if str(error) != self._problem:
            self._problem = str(error)
            log.warning("tail.positions-not-saved", extra={"problem": str(error)})


def _dumped(marks: list[Mark]) -> str:
    return json.dumps([dump_mark(each) for each in marks])


def _load(content: bytes) -> Saved:
    document = json.loads(content)
    if document["version"] != 1:
        raise ValueError(f"version {document['version']}")
    logs = {
        path: ([load_mark(each) for each in held], [load_mark(each) for each in done])
        for path, (held, done) in document["logs"].items()
    }
    return Saved(at=float(document["at"]), globs=tuple(document["globs"]), logs=logs)
