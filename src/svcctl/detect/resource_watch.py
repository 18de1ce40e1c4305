"""Puts together what the detectors learn of the resources that one process uses."""

from __future__ import annotations

from collections.abc import Mapping

from svcctl.detect.finding import Finding
from svcctl.detect.leaks import Leak, LeakPolicy
from svcctl.detect.series import Series, SeriesPolicy

_LEAST_AN_HOUR: Mapping[str, float] = {
    "memory": 1e6,
    "disk": 10e6,
    "open files": 1.0,
    "threads": 1.0,
}
"""What may leak, and from which rise an hour on it is told: bytes, bytes, and numbers."""

_LEVEL = SeriesPolicy(learning=360, least=0.2)  # it drifts: only a leap is unusual
_LOAD = SeriesPolicy(learning=360)


class ResourceWatch:
    """Watches one process that was *started* at a time in seconds since 1970.

    *limits*: what may be used of each resource, where there is a limit.  Names are free; what is
    called ``memory``, ``disk``, ``open files`` or ``threads`` is watched for leaks too.
    """

    def __init__(
        self, service: str, *, started: float, limits: Mapping[str, float] | None = None
    ) -> None:
        self._service, self._started = service, started
        self._limits = limits or {}
        self._series: dict[str, Series] = {}
        self._leaks: dict[str, Leak] = {}

    def read(self, used: Mapping[str, float], *, at: float) -> list[Finding]:
        """Take what is used of each resource now; give what it shows."""
        found = []
        for name, value in used.items():
            if name not in self._series:
                self._add(name)
            found.append(self._series[name].add(value, at=at))
            if leak := self._leaks.get(name):
                found.append(leak.add(value, at=at))
        return [Finding(service=self._service, deviation=each) for each in found if each]

    def leak(self, name: str) -> Leak | None:
        """Give the watch for leaks of that resource: its trend, and the time that is left."""
        return self._leaks.get(name)

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "series": {name: each.state() for name, each in self._series.items()},
            "leaks": {name: each.state() for name, each in self._leaks.items()},
        }

    def restore(self, state: Mapping[str, object], *, same_process: bool) -> None:
        """Take over what `state` gave; of another process only what it says of usual values.

        Raises ValueError for what is no such state.
        """
        match state:
            case {"version": 1, "series": dict(series), "leaks": dict(leaks)}:
                for name, each in series.items():
                    self._add(name)
                    self._series[name].restore(each)
                for name, each in leaks.items() if same_process else ():
                    self._leaks[name].restore(each)
            case _:
                raise ValueError(f"no state of a resource watch: {state.get('version')!r}")

    def _add(self, name: str) -> None:
        least = _LEAST_AN_HOUR.get(name)
        self._series[name] = Series(name, _LOAD if least is None else _LEVEL)
        if least is not None:
            policy = LeakPolicy(least=least, limit=self._limits.get(name))
            self._leaks[name] = Leak(name, policy, started=self._started)
