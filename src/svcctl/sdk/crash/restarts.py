"""Decides whether a service may start itself again, and remembers that it did: no endless loop."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from svcctl.errors import Conflict
from svcctl.ports import Clock
from svcctl.spec.notation import format_duration
from svcctl.system import whole_file

_FILE = "restarts.json"
_MOST_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """One restart: when (seconds since 1970), and what for."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How often a service may start itself again: *most* times within *window* seconds."""

    most: int = 5
    window: float = 600.0


def recent(past: Sequence[Restart], allowance: Allowance, *, now: float) -> tuple[Restart, ...]:
    """Give those of *past* that count at *now*; one in the future was noted by a wrong clock."""
    return tuple(each for each in past if 0 <= now - each.at < allowance.window)


class Restarts:
    """The restarts of one service, in *folder*; they survive the restarts themselves."""

    def __init__(self, folder: str, *, clock: Clock, allowance: Allowance | None = None) -> None:
        self._path = os.path.join(folder, _FILE)
        self._clock = clock
        self._allowance = allowance or Allowance()

    def past(self) -> tuple[Restart, ...]:
        """Give the restarts that are remembered, oldest first; a damaged file holds none."""
        found = whole_file.read(self._path)
        try:
            return tuple(
                Restart(at=float(each["at"]), reason=str(each["reason"]))
                for each in json.loads(found or b"[]")
            )
        except (ValueError, TypeError, KeyError):
            return ()

    def note(self, reason: str) -> None:
        """Note that the service is about to start itself again because of *reason*.

        Raises Conflict where it did so too often already: something does not get better by it.
        """
        now, past = self._clock.now(), self.past()
        counted = recent(past, self._allowance, now=now)
        if len(counted) >= self._allowance.most:
            window = format_duration(self._allowance.window)
            raise Conflict(
                f"no restart for {reason!r}: {len(counted)} within {window}, "
                f"the last for {counted[-1].reason!r}",
                hint="find out why it does not help; restart it by hand meanwhile",
            )
        kept = [*past, Restart(at=now, reason=reason)][-_MOST_KEPT:]
        content = json.dumps([asdict(each) for each in kept])
        whole_file.write(self._path, content.encode())
