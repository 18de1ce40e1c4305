"""What one program uses and may still use, in the words of those who judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.app.sampling import Rates
from svcctl.engine.keeper import Keeper
from svcctl.ports import Usage

if TYPE_CHECKING:  # loaded with the first sample
    from svcctl.detect.exhaustion import Room

_AGAIN = 300.0  # seconds between two looks at what may change but hardly does
_SUSPECT = 0.5  # of its limit: from there on it is worth knowing what it shares with others
_NEAR = 20  # intervals until the limit: at that pace we look more often
_SOONER = 12  # times as often
_SOONEST = 1.0  # second


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a program uses, by resource; *age* in seconds, *rooms* where there is an end."""

    amounts: Mapping[str, float]
    rooms: Mapping[str, Room]
    age: float


class Using:
    """Measures the program of *keeper* against what it may use, and knows how fast that goes."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper, self._rates = keeper, Rates()
        self._spawner, self._clock = keeper.world.spawner, keeper.world.clock
        self._most_files: int | None = None
        self._shared = 0
        self._asked: dict[str, float] = {}
        self._before: Used | None = None

    def read(
        self, usage: Usage, *, left: int | None, folder: tuple[int, int] | None = None
    ) -> Used:
        """Give what *usage* says.

        *left* is the memory that the machine has left, *folder* the bytes in that of the service
        and those its disk has left, if known.
        """
        now = self._clock.monotonic()
        amounts, rooms = self._amounts(usage, now), self._rooms(usage, left, now)
        if folder is not None:
            amounts["disk"], rooms["disk"] = _disk(*folder)
        return Used(
            amounts=amounts,
            rooms=rooms,
            age=max(0.0, now - self._keeper.state.spawned_at),
        )

    def hurry(self, used: Used, *, every: float) -> float | None:
        """Give the seconds until the next look where the usual ones are too many, else None.

        That is where something has a limit of its own, and could reach it within a few looks.
        """
        before, self._before = self._before, used
        for name, room in used.rooms.items():
            if room.limit is None:
                continue
            amount, passed = used.amounts[name], used.age
            risen = amount
            if before is not None and name in before.amounts:
                risen, passed = amount - before.amounts[name], used.age - before.age
            if risen > 0.0 and room.left * passed < _NEAR * every * risen:
                return max(_SOONEST, every / _SOONER)
        return None

    def _amounts(self, usage: Usage, now: float) -> dict[str, float]:
        from svcctl.detect.resource_watch import LATENCY  # noqa: PLC0415 - as above

        found: dict[str, float] = {"memory": usage.memory_bytes, "threads": usage.threads}
        if usage.open_files is not None:
            found["open files"] = usage.open_files
        worked = self._rates.take("cpu", usage.cpu_seconds, at=now)
        if worked is not None:
            found["cpu"] = 100 * worked
        if usage.read_bytes is not None and usage.written_bytes is not None:
            moved = usage.read_bytes + usage.written_bytes
            speed = self._rates.take("io", moved, at=now)
            if speed is not None:
                found["io"] = speed
        for each in self._keeper.vitals.probing.looked:
            if each.seconds is not None:
                found[f"{LATENCY}{each.probe}"] = each.seconds
        return found

    def _rooms(self, usage: Usage, left: int | None, now: float) -> dict[str, Room]:
        from svcctl.detect.exhaustion import Room  # noqa: PLC0415 - as above

        found: dict[str, Room] = {}
        limits = self._keeper.spec.limits
        own = min(filter(None, (limits.memory, limits.memory_restart)), default=None)
        if own is not None:
            mine = usage.memory_bytes - self._shared_bytes(usage, own, now)
            found["memory"] = Room(left=own - mine, limit=own + usage.memory_bytes - mine)
        elif left is not None:
            found["memory"] = Room(left=left)
        files = limits.nofile or self._files(now)
        if usage.open_files is not None and files is not None:
            most = files * max(1, usage.processes)  # a limit is that of each process
            found["open files"] = Room(left=most - usage.open_files, limit=most)
        if limits.tasks is not None:
            found["threads"] = Room(left=limits.tasks - usage.threads, limit=limits.tasks)
        return found

    def _shared_bytes(self, usage: Usage, own: int, now: float) -> int:
        """Give what is counted more than once, as several processes share it; as of minutes ago."""
        if usage.processes < 2 or usage.memory_bytes < _SUSPECT * own:
            return 0
        child = self._keeper.program.child
        if child is not None and self._is_due("private", now):
            private = self._spawner.private_bytes(child)
            self._shared = 0 if private is None else max(0, usage.memory_bytes - private)
        return min(self._shared, usage.memory_bytes)

    def _files(self, now: float) -> int | None:
        child = self._keeper.program.child
        if child is not None and self._is_due("files", now):
            self._most_files = self._spawner.most_open_files(child)
        return self._most_files

    def _is_due(self, what: str, now: float) -> bool:
        if now - self._asked.get(what, now - _AGAIN) < _AGAIN:
            return False
        self._asked[what] = now
        return True


def _disk(used: int, left: int) -> tuple[float, Room]:
    from svcctl.detect.exhaustion import Room  # noqa: PLC0415 - as above

    return used, Room(left=left)
