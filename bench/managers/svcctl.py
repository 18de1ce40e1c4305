"""svcctl: an agent of its own home; the checkout itself, copied beside its dependencies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.cache import cache, says
from bench.manager import ROTATE_BYTES, ROTATE_KEEP, Processes, Site, Traits
from bench.session import PATIENCE, until

_HEAD = f"""version = 1
[defaults]
restart = {{ policy = "always", delay = 0, max = 0 }}
log = {{ max_size = "{ROTATE_BYTES}B", keep = {ROTATE_KEEP}, compress = false }}
"""


def python() -> str:
    """Give the interpreter that has svcctl: the one in the cache, or this one."""
    copied = cache() / "svcctl" / "bin" / "python"
    return str(copied) if copied.exists() else sys.executable


_TRAITS = Traits(delay="none: delay = 0, and no limit of restarts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Svcctl:
    """This project."""

    name: str = "svcctl"
    traits: Traits = _TRAITS

    def version(self) -> str | None:
        """Give its version, and Python's."""
        version = says([python(), "-m", "svcctl", "--version"])
        return version and f"{version.split()[-1]}, {says([python(), '--version'])}"

    def setup(self, site: Site) -> None:
        """Write the definitions; the first time, have an agent take them over, and stop it."""
        lines = [_HEAD]
        for each in site.services:
            lines += [f"[services.{each.name}]", f"exec = {json.dumps(each.command)}"]
            if each.changed:
                lines.append('env = { CHANGED = "1" }')
        self._definitions(site).write_text("\n".join(lines) + "\n")
        if not (site.folder / "state").exists():
            self._teach(site)

    def environ(self, site: Site) -> dict[str, str]:
        """Give its home."""
        return {"SVCCTL_HOME": str(site.folder), "NO_COLOR": "1"}

    def launch(self, site: Site) -> list[str]:
        """Run an agent: it starts what was running when the last one was told to stop."""
        return self._command("agent", "run")

    def status(self, site: Site) -> list[str]:
        """Name all services."""
        return self._command("status")

    def start(self, site: Site, name: str) -> list[str]:
        """Start one."""
        return self._command("start", name)

    def stop(self, site: Site, name: str) -> list[str]:
        """Stop one."""
        return self._command("stop", name)

    def restart(self, site: Site, name: str) -> list[str]:
        """Restart one."""
        return self._command("restart", name)

    def stop_all(self, site: Site) -> list[str]:
        """Stop all; the agent lives on."""
        return self._command("stop", "--all", "--yes")

    def apply(self, site: Site) -> list[str]:
        """Take over what has changed."""
        return self._command("apply", str(self._definitions(site)), "--yes")

    def deaths(self, site: Site, name: str) -> list[str]:
        """Tell its events."""
        return self._command("events", name, "-o", "jsonl")

    def logs(self, site: Site, name: str) -> list[Path]:
        """Give stdout.log.000001 and so on, then stdout.log."""
        folder = site.logs / name / name
        return [
            *sorted(folder.glob("stdout.log.[0-9]*[0-9]")),
            *folder.glob("stdout.log"),
        ]

    def heart(self, site: Site, found: Processes) -> int:
        """Give the agent."""
        (agent,) = found.managing
        return agent

    def _teach(self, site: Site) -> None:
        environ = os.environ | self.environ(site)
        run = partial(
            subprocess.run, env=environ, check=True, timeout=PATIENCE, capture_output=True
        )
        with subprocess.Popen(
            self._command("agent", "run"),
            env=environ,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as agent:
            try:
                socket = site.folder / "run" / "control" / "agent.sock"
                until(socket.exists, what="the agent listens", within=PATIENCE)
                run(self.apply(site))
                run(self._command("agent", "stop"))
            finally:
                agent.kill()

    def _command(self, *args: str) -> list[str]:
        return [python(), "-m", "svcctl", *args]

    def _definitions(self, site: Site) -> Path:
        return site.folder / "svcctl.toml"
