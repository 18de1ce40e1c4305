"""PM2, from npm, in a folder of its own; see https://pm2.keymetrics.io."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bench.cache import cache, says
from bench.manager import Processes, Site, Traits


def _pm2() -> str:
    return str(cache() / "pm2" / "node_modules" / ".bin" / "pm2")


_TRAITS = Traits(rotates=False, daemonizes=True, delay="none: restart_delay is not set")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pm2:
    """PM2, in fork mode, without its optional looks into the program."""

    name: str = "pm2"
    traits: Traits = _TRAITS

    def version(self) -> str | None:
        """Give its version, and node's."""
        try:
            package = (cache() / "pm2" / "node_modules" / "pm2" / "package.json").read_text()
        except FileNotFoundError:
            return None
        node = says(["node", "--version"])
        return node and f"{json.loads(package)['version']}, node {node}"

    def setup(self, site: Site) -> None:
        """Write apps.json."""
        apps = [
            {
                "name": each.name,
                "script": each.command[0],
                "args": list(each.command[1:]),
                "interpreter": "none",
                "exec_mode": "fork",
                "autorestart": True,
                "max_restarts": 1_000_000,
                "vizion": False,
                "pmx": False,
                "merge_logs": True,
                "env": {"CHANGED": str(int(each.changed))},
                "out_file": f"{site.logs}/{each.name}",
                "error_file": f"{site.logs}/{each.name}",
            }
            for each in site.services
        ]
        self._conf(site).write_text(json.dumps({"apps": apps}))

    def environ(self, site: Site) -> dict[str, str]:
        """Give its home; it must not look for updates."""
        return {"PM2_HOME": f"{site.folder}/pm2", "PM2_DISABLE_VERSION_CHECK": "true"}

    def launch(self, site: Site) -> list[str]:
        """Start its daemon and all services."""
        return [_pm2(), "start", str(self._conf(site))]

    def status(self, site: Site) -> list[str]:
        """Name all services."""
        return [_pm2(), "list"]

    def start(self, site: Site, name: str) -> list[str]:
        """Start one."""
        return [_pm2(), "start", name]

    def stop(self, site: Site, name: str) -> list[str]:
        """Stop one."""
        return [_pm2(), "stop", name]

    def restart(self, site: Site, name: str) -> list[str]:
        """Restart one."""
        return [_pm2(), "restart", name]

    def stop_all(self, site: Site) -> list[str]:
        """Stop all; the daemon lives on."""
        return [_pm2(), "stop", "all"]

    def logs(self, site: Site, name: str) -> list[Path]:
        """Give its only file."""
        return [path for path in (site.logs / name,) if path.exists()]

    def heart(self, site: Site, found: Processes) -> int:
        """Give its daemon."""
        return int((site.folder / "pm2" / "pm2.pid").read_text())

    def _conf(self, site: Site) -> Path:
        return site.folder / "apps.json"
