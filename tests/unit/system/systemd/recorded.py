"""systemd as its bus shows it: units that only remember, and hosts that do as they are told."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from svcctl.errors import AgentUnreachable, SystemFault
from svcctl.system.registrations import Registrations
from svcctl.system.systemd.standing import outside_view

WANTS = "multi-user.target.wants"


class RecordedSystemd:
    """The units in *folder*; *orders* are those it got, *foreign* units that stand elsewhere.

    *talking* are services without a host that answer themselves, *refusing* those that obey nobody.
    """

    def __init__(self, folder: Path, registrations: Registrations) -> None:
        self._folder, self._registrations = folder, registrations
        self._pids = itertools.count(100)
        self._running: dict[str, int] = {}
        self._phases: dict[str, str] = {}
        self.orders: list[str] = []
        self.foreign: dict[str, str] = {}
        self.drop_ins: dict[str, str] = {}
        self.fails: set[str] = set()
        self.number = 252
        self.talking: set[str] = set()
        self.refusing: set[str] = set()

    # as svcctl.system.systemd.bus.SystemdBus

    def properties(self, units: Sequence[str]) -> dict[str, dict[str, str]]:
        return {unit: self._properties(unit) for unit in units}

    def _properties(self, unit: str) -> dict[str, str]:
        path = self.foreign.get(unit, str(self._folder / unit))
        if unit not in self.foreign and not Path(path).exists():
            return {"LoadState": "not-found", "ActiveState": "inactive"}
        pid = self._running.get(unit)
        return {
            "LoadState": "loaded",
            "FragmentPath": path,
            "DropInPaths": self.drop_ins.get(unit, ""),
            "ActiveState": "active" if pid else "inactive",
            "MainPID": str(pid or 0),
        }

    def reload_units(self) -> None:
        self._order("daemon-reload")

    def start(self, unit: str) -> None:
        self._order(f"start {unit}")
        if unit not in self._running:
            self._run(unit)

    def stop(self, unit: str) -> None:
        self._order(f"stop {unit}")
        self._running.pop(unit, None)

    def restart(self, unit: str) -> None:
        self._order(f"restart {unit}")
        self._run(unit)

    def reload(self, unit: str) -> None:
        self._order(f"reload {unit}")

    def kill(self, unit: str, signal: str) -> None:
        self._order(f"kill {unit} {signal}")

    def version(self) -> int:
        return self.number

    def reset_failed(self, unit: str) -> None:
        self._order(f"reset-failed {unit}")

    def enable(self, units: Iterable[str]) -> None:
        for unit in units:
            self._order(f"enable {unit}")
            (self._folder / WANTS).mkdir(exist_ok=True)
            (self._folder / WANTS / unit).symlink_to(self._folder / unit)

    def disable(self, units: Iterable[str]) -> None:
        for unit in units:
            self._order(f"disable {unit}")
            (self._folder / WANTS / unit).unlink(missing_ok=True)

    def _order(self, order: str) -> None:
        self.orders.append(order)
        if order in self.fails:
            raise SystemFault(f"systemd refused to {order!r}")

    def _run(self, unit: str) -> None:
        self._running[unit] = next(self._pids)
        self._phases[unit] = "running"

    # the hosts of the units that run

    def _about(self, name: str, unit: str) -> object:
        if name not in self.talking:
            raise AgentUnreachable(f"{name!r} has no endpoint")
        return [{"answer": {"phase": self._phases[unit]}}]

    def ask_host(self, name: str, verb: str, args: Mapping[str, object]) -> object:
        unit = f"{name}.service"
        if unit not in self._running:
            raise AgentUnreachable(f"the host of {name!r} does not run")
        if verb == "about":
            return self._about(name, unit)
        if name in self.refusing:
            return [{"instance": name, "ok": False, "problem": "not now"}]
        phases = {"pause": "paused", "resume": "running"}
        self._phases[unit] = phases.get(verb, self._phases[unit])
        if verb == "kill" and args["signal"] == "KILL":
            self._run(unit)
        if verb != "status":
            self.orders.append(f"{name}: {verb}")
            return None
        registration = self._registrations.read(name)
        seen = outside_view(registration, self._properties(unit), timer={}, now=0.0, monotonic=0.0)
        return [asdict(replace(seen, phase=self._phases[unit], manager="agent", enabled=False))]
