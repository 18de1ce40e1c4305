"""runit: a runsv and an svlogd for each service, and a runsvdir over all; see its runsvdir(8)."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from bench.cache import package, program, search_path
from bench.manager import ROTATE_BYTES, ROTATE_KEEP, Processes, Service, Site, Traits


def _program(name: str) -> str:
    return program(name) or name


_TRAITS = Traits(delay="none, but 1 s if it ran for less than 1 s (fixed)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runit:
    """runit."""

    name: str = "runit"
    traits: Traits = _TRAITS

    def version(self) -> str | None:
        """Give its package's version: its programs tell none."""
        return package("runit") if program("runsvdir") else None

    def setup(self, site: Site) -> None:
        """Make a folder with two scripts for each service."""
        for each in site.services:
            self._define(site, each)
        # it waits a second if this folder changed within the current one
        os.utime(self._folder(site), (1e9, 1e9))

    def environ(self, site: Site) -> dict[str, str]:
        """Let unpacked programs find one another."""
        return search_path()

    def launch(self, site: Site) -> list[str]:
        """Run runsvdir in the foreground."""
        return [_program("runsvdir"), "-P", str(self._folder(site))]

    def status(self, site: Site) -> list[str]:
        """Name all services."""
        return self._sv("status", *self._all(site))

    def start(self, site: Site, name: str) -> list[str]:
        """Start one."""
        return self._sv("start", str(self._folder(site) / name))

    def stop(self, site: Site, name: str) -> list[str]:
        """Stop one."""
        return self._sv("stop", str(self._folder(site) / name))

    def restart(self, site: Site, name: str) -> list[str]:
        """Restart one."""
        return self._sv("restart", str(self._folder(site) / name))

    def stop_all(self, site: Site) -> list[str]:
        """Stop all."""
        return self._sv("stop", *self._all(site))

    def logs(self, site: Site, name: str) -> list[Path]:
        """Give those with a time in their name, then ``current``."""
        folder = site.logs / name
        return [*sorted(folder.glob("@*")), *folder.glob("current")]

    def heart(self, site: Site, found: Processes) -> int:
        """Give runsvdir."""
        (pid,) = (pid for pid, path in found.managing.items() if path.endswith("/runsvdir"))
        return pid

    def _define(self, site: Site, service: Service) -> None:
        logs = site.logs / service.name
        logs.mkdir(exist_ok=True)
        (logs / "config").write_text(f"s{ROTATE_BYTES}\nn{ROTATE_KEEP}\n")
        folder = self._folder(site) / service.name
        (folder / "log").mkdir(parents=True, exist_ok=True)
        script(folder / "run", f"exec 2>&1\nexec {shlex.join(service.command)}")
        script(folder / "log" / "run", f"exec svlogd {logs}")

    def _all(self, site: Site) -> list[str]:
        return [str(self._folder(site) / each.name) for each in site.services]

    def _sv(self, *args: str) -> list[str]:
        return [_program("sv"), "-w", "60", *args]

    def _folder(self, site: Site) -> Path:
        return site.folder / "sv"


def script(path: Path, text: str) -> None:
    """Write a shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
