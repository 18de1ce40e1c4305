"""s6: an s6-supervise and an s6-log for each service, and an s6-svscan over all."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from bench.cache import package, program
from bench.manager import ROTATE_BYTES, ROTATE_KEEP, Processes, Service, Site, Traits
from bench.managers.runit import script

_PATIENCE_MS = "60000"


def _program(name: str) -> str:
    return program(name) or name


_TRAITS = Traits(delay="1 s (fixed, for services that do not say they are ready)")


@dataclass(frozen=True, slots=True, kw_only=True)
class S6:
    """s6."""

    name: str = "s6"
    traits: Traits = _TRAITS

    def version(self) -> str | None:
        """Give its package's version: its programs tell none."""
        return package("s6") if program("s6-svscan") else None

    def setup(self, site: Site) -> None:
        """Make a folder with two scripts for each service."""
        for each in site.services:
            self._define(site, each)

    def environ(self, site: Site) -> dict[str, str]:
        """Nothing is needed."""
        return {}

    def launch(self, site: Site) -> list[str]:
        """Run s6-svscan in the foreground, with room for all services and their loggers."""
        room = str(max(500, 2 * len(site.services) + 20))
        return [_program("s6-svscan"), "-c", room, str(self._folder(site))]

    def status(self, site: Site) -> list[str]:
        """Name all services; its program takes one at a time."""
        each = f'echo "${{d##*/}} $({_program("s6-svstat")} "$d")"'
        return ["sh", "-c", f"for d in {self._folder(site)}/*; do {each}; done"]

    def start(self, site: Site, name: str) -> list[str]:
        """Start one."""
        return self._svc(site, name, "-wu", "-u")

    def stop(self, site: Site, name: str) -> list[str]:
        """Stop one."""
        return self._svc(site, name, "-wD", "-d")

    def restart(self, site: Site, name: str) -> list[str]:
        """Restart one."""
        return self._svc(site, name, "-wr", "-r")

    def stop_all(self, site: Site) -> list[str]:
        """Tell one after the other, as its program takes one at a time; then wait for all."""
        folder = self._folder(site)
        tell = f'for d in {folder}/*; do {_program("s6-svc")} -d "$d"; done'
        wait = f"{_program('s6-svwait')} -D -t {_PATIENCE_MS} {folder}/*"
        return ["sh", "-c", f"{tell}; {wait}"]

    def deaths(self, site: Site, name: str) -> list[str]:
        """Tell its last deaths."""
        return [_program("s6-svdt"), str(self._folder(site) / name)]

    def logs(self, site: Site, name: str) -> list[Path]:
        """Give those with a time in their name, then ``current``."""
        folder = site.logs / name
        return [*sorted(folder.glob("@*")), *folder.glob("current")]

    def heart(self, site: Site, found: Processes) -> int:
        """Give s6-svscan."""
        (pid,) = (pid for pid, path in found.managing.items() if path.endswith("/s6-svscan"))
        return pid

    def _define(self, site: Site, service: Service) -> None:
        folder = self._folder(site) / service.name
        (folder / "log").mkdir(parents=True, exist_ok=True)
        script(folder / "run", f"exec 2>&1\nexec {shlex.join(service.command)}")
        logs = site.logs / service.name
        script(folder / "log" / "run", f"exec s6-log n{ROTATE_KEEP} s{ROTATE_BYTES} {logs}")

    def _svc(self, site: Site, name: str, wait: str, what: str) -> list[str]:
        folder = str(self._folder(site) / name)
        return [_program("s6-svc"), wait, "-T", _PATIENCE_MS, what, folder]

    def _folder(self, site: Site) -> Path:
        return site.folder / "sv"
