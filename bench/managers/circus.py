"""Circus, from PyPI, in a virtual environment of its own; see https://circus.readthedocs.io."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from bench.cache import cache, numbered, says
from bench.manager import ROTATE_BYTES, ROTATE_KEEP, Processes, Site, Traits

# statsd and pub/sub statistics are off: nobody else keeps statistics here
_HEAD = """[circus]
endpoint = ipc://{folder}/control
pubsub_endpoint = ipc://{folder}/events
statsd = False
check_delay = {delay}
logoutput = {folder}/circusd.log
"""
_WATCHER = """[watcher:{name}]
cmd = {program}
args = {args}
copy_env = True
max_retry = -1
priority = {changed:d}
stdout_stream.class = FileStream
stdout_stream.filename = {logs}/{name}
stdout_stream.max_bytes = {rotate}
stdout_stream.backup_count = {keep}
"""


def _bin(name: str) -> str:
    return str(cache() / "circus" / "bin" / name)


_TRAITS = Traits(delay="looks every 5 s (check_delay, its default)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circus:
    """Circus, which looks for dead processes every *check_delay* seconds."""

    name: str = "circus"
    traits: Traits = _TRAITS
    check_delay: float = 5.0

    def version(self) -> str | None:
        """Give its version."""
        return says([_bin("circusd"), "--version"])

    def setup(self, site: Site) -> None:
        """Write circus.ini."""
        parts = [_HEAD.format(folder=site.folder, delay=self.check_delay)]
        parts += [
            _WATCHER.format(
                name=each.name,
                program=each.command[0],
                args=shlex.join(each.command[1:]),
                changed=each.changed,
                logs=site.logs,
                rotate=ROTATE_BYTES,
                keep=ROTATE_KEEP,
            )
            for each in site.services
        ]
        self._conf(site).write_text("".join(parts))

    def environ(self, site: Site) -> dict[str, str]:
        """Nothing is needed."""
        return {}

    def launch(self, site: Site) -> list[str]:
        """Run circusd in the foreground."""
        return [_bin("circusd"), str(self._conf(site))]

    def status(self, site: Site) -> list[str]:
        """Name all services."""
        return self._ctl(site, "status")

    def start(self, site: Site, name: str) -> list[str]:
        """Start one."""
        return self._ctl(site, "start", name, "--waiting")

    def stop(self, site: Site, name: str) -> list[str]:
        """Stop one."""
        return self._ctl(site, "stop", name, "--waiting")

    def restart(self, site: Site, name: str) -> list[str]:
        """Restart one."""
        return self._ctl(site, "restart", name, "--waiting")

    def stop_all(self, site: Site) -> list[str]:
        """Stop all."""
        return self._ctl(site, "stop", "--waiting")

    def apply(self, site: Site) -> list[str]:
        """Read the configuration again, and restart what has changed."""
        return self._ctl(site, "reloadconfig", "--waiting")

    def logs(self, site: Site, name: str) -> list[Path]:
        """Give NAME.20 down to NAME.1, then NAME."""
        return numbered(site.logs, name)

    def heart(self, site: Site, found: Processes) -> int:
        """Give circusd, the only process."""
        (pid,) = found.managing
        return pid

    def _ctl(self, site: Site, *args: str) -> list[str]:
        endpoint = f"ipc://{site.folder}/control"
        return [_bin("circusctl"), "--endpoint", endpoint, "--timeout", "100", *args]

    def _conf(self, site: Site) -> Path:
        return site.folder / "circus.ini"
