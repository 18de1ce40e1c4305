"""Monit: looks at pid files of daemons in turns; it captures nothing.  See monit(1)."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from bench.cache import program, says
from bench.manager import Processes, Service, Site, Traits

_HEAD = """set daemon 1
set logfile {folder}/monit.log
set pidfile {folder}/monit.pid
set idfile {folder}/id
set statefile {folder}/state
set httpd unixsocket {folder}/control allow admin:monit
"""
_CHECK = """check process {name} with pidfile {pidfile}
 start program = "{start}"
 stop program = "/bin/sh -c 'kill $(cat {pidfile})'"
"""


def _program() -> str:
    return program("monit") or "monit"


_TRAITS = Traits(
    captures=False,
    rotates=False,
    detached=True,
    most=100,
    delay="looks every 1 s (set daemon 1; its default is 120 s)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Monit:
    """Monit."""

    name: str = "monit"
    traits: Traits = _TRAITS

    def version(self) -> str | None:
        """Give its version."""
        found = says([_program(), "-V"])
        return found and found.splitlines()[0].removeprefix("This is Monit version ")

    def setup(self, site: Site) -> None:
        """Write monitrc."""
        parts = [_HEAD.format(folder=site.folder)]
        parts += [self._check(site, each) for each in site.services]
        self._conf(site).write_text("".join(parts))
        self._conf(site).chmod(0o600)

    def environ(self, site: Site) -> dict[str, str]:
        """Nothing is needed."""
        return {}

    def launch(self, site: Site) -> list[str]:
        """Run it in the foreground."""
        return [_program(), "-I", "-c", str(self._conf(site))]

    def status(self, site: Site) -> list[str]:
        """Name all services."""
        return self._ctl(site, "summary")

    def start(self, site: Site, name: str) -> list[str]:
        """Have one started in the next turn."""
        return self._ctl(site, "start", name)

    def stop(self, site: Site, name: str) -> list[str]:
        """Have one stopped in the next turn."""
        return self._ctl(site, "stop", name)

    def restart(self, site: Site, name: str) -> list[str]:
        """Have one restarted in the next turn."""
        return self._ctl(site, "restart", name)

    def stop_all(self, site: Site) -> list[str]:
        """Have all stopped in the next turns."""
        return self._ctl(site, "stop", "all")

    def logs(self, site: Site, name: str) -> list[Path]:
        """It keeps none."""
        return []

    def heart(self, site: Site, found: Processes) -> int:
        """Give monit, the only process."""
        return int((site.folder / "monit.pid").read_text())

    def _check(self, site: Site, service: Service) -> str:
        pidfile = f"{site.folder}/{service.name}.pid"
        workload, *args = service.command
        start = shlex.join([workload, "-d", pidfile, *args])
        return _CHECK.format(name=service.name, pidfile=pidfile, start=start)

    def _ctl(self, site: Site, *args: str) -> list[str]:
        return [_program(), "-c", str(self._conf(site)), *args]

    def _conf(self, site: Site) -> Path:
        return site.folder / "monitrc"
