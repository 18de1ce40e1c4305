"""Judges how long things take that one service logs, template by template and minute by minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from svcctl.detect.finding import Deviation
from svcctl.detect.latency import Latency, LatencyPolicy

_MINUTE = 60.0
_MOST = 10_000  # times of a minute that are kept, of each template


class LineTimes:
    """What is usual for each of *most* templates that say how long something took, by their ids."""

    def __init__(self, policy: LatencyPolicy, *, most: int) -> None:
        self._policy, self._most = policy, most
        self._latencies: dict[str, Latency] = {}
        self._taken: dict[str, list[float]] = {}
        self._minute: int | None = None

    def take(self, took: Mapping[str, Sequence[float]], *, begun: float) -> list[Deviation]:
        """Take the seconds of a bucket that began then; give what the minute before it showed."""
        minute = int(begun // _MINUTE)
        found: list[Deviation] = []
        if self._minute is not None and minute != self._minute:
            found = self._judge(self._minute * _MINUTE)
        self._minute = minute
        for key, seconds in took.items():
            if key not in self._latencies and len(self._latencies) < self._most:
                self._latencies[key] = Latency(key, self._policy)
            if key in self._latencies:
                kept = self._taken.setdefault(key, [])
                kept += seconds[: _MOST - len(kept)]
        return found

    def rest(self) -> None:
        """Take note that nobody listened: the minute says nothing."""
        self._taken.clear()
        self._minute = None

    def drop(self, keys: Iterable[str]) -> None:
        """Forget templates, by their ids."""
        for key in keys:
            self._latencies.pop(key, None)
            self._taken.pop(key, None)

    def is_over(self, key: str) -> bool:
        """Whether what was slow is no longer."""
        known = self._latencies.get(key)
        return known is None or not known.is_slow

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        known = {key: each.state() for key, each in self._latencies.items()}
        return {"version": 1, "latencies": known}

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {"version": 1, "latencies": dict(latencies)}:
                self._latencies = {key: Latency(key, self._policy) for key in latencies}
                for key, each in self._latencies.items():
                    each.restore(latencies[key])
                self.rest()
            case _:
                raise ValueError(f"no state of times: {state.get('version')!r}")

    def _judge(self, begun: float) -> list[Deviation]:
        taken, self._taken = self._taken, {}
        found = [self._latencies[key].add(seconds, at=begun) for key, seconds in taken.items()]
        return [each for each in found if each]
