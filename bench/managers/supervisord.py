"""Supervisor, from PyPI, in a virtual environment of its own; see http://supervisord.org."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from bench.cache import cache, numbered, says
from bench.manager import ROTATE_BYTES, ROTATE_KEEP, Processes, Site, Traits

_HEAD = """[supervisord]
logfile={folder}/supervisord.log
pidfile={folder}/supervisord.pid
childlogdir={folder}
nodaemon=true
silent=true
minfds={files}
[unix_http_server]
file={folder}/control
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{folder}/control
"""
_PROGRAM = """[program:{name}]
command={command}
autorestart=true
startsecs=0
redirect_stderr=true
environment=CHANGED="{changed:d}"
stdout_logfile={logs}/{name}
stdout_logfile_maxbytes={rotate}
stdout_logfile_backups={keep}
"""


def _bin(name: str) -> str:
    return str(cache() / "supervisord" / "bin" / name)


_TRAITS = Traits(delay="none can be set; a loop of 1 s decides (startsecs = 0)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisord:
    """Supervisor."""

    name: str = "supervisord"
    traits: Traits = _TRAITS

    def version(self) -> str | None:
        """Give its version."""
        return says([_bin("supervisord"), "--version"])

    def setup(self, site: Site) -> None:
        """Write supervisord.conf."""
        # three descriptors for each service, and its own
        parts = [_HEAD.format(folder=site.folder, files=1024 + 8 * len(site.services))]
        parts += [
            _PROGRAM.format(
                name=each.name,
                command=shlex.join(each.command),
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
        """Run supervisord in the foreground."""
        return [_bin("supervisord"), "-c", str(self._conf(site))]

    def status(self, site: Site) -> list[str]:
        """Name all services."""
        return self._ctl(site, "status")

    def start(self, site: Site, name: str) -> list[str]:
        """Start one."""
        return self._ctl(site, "start", name)

    def stop(self, site: Site, name: str) -> list[str]:
        """Stop one."""
        return self._ctl(site, "stop", name)

    def restart(self, site: Site, name: str) -> list[str]:
        """Restart one."""
        return self._ctl(site, "restart", name)

    def stop_all(self, site: Site) -> list[str]:
        """Stop all."""
        return self._ctl(site, "stop", "all")

    def apply(self, site: Site) -> list[str]:
        """Read the configuration again, and restart what has changed."""
        return self._ctl(site, "update")

    def logs(self, site: Site, name: str) -> list[Path]:
        """Give NAME.20 down to NAME.1, then NAME."""
        return numbered(site.logs, name)

    def heart(self, site: Site, found: Processes) -> int:
        """Give supervisord, the only process."""
        (pid,) = found.managing
        return pid

    def _ctl(self, site: Site, *args: str) -> list[str]:
        return [_bin("supervisorctl"), "-c", str(self._conf(site)), *args]

    def _conf(self, site: Site) -> Path:
        return site.folder / "supervisord.conf"
