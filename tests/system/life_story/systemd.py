"""A real systemd, PID 1 of its machine, that starts the service's own file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Any

from tests.system.life_story.stage import Place, until
from tests.system.systemd.conftest import Host

_FOLDER = "/opt/mailer"
_STATE = "/var/lib/svcctl/services/mailer"
PACKAGES = "/opt/svcctl:/opt/site"
_UNIT = "mailer.service"


class Systemd:
    """See :class:`tests.system.life_story.stage.Keeper`."""

    def __init__(self, host: Host) -> None:
        self.host = host
        host.run("journalctl", "--sync")
        self._began = host.sh("journalctl --lines=0 --show-cursor").partition("cursor: ")[2].strip()

    def install(self, *options: str) -> str:
        """Have the service install itself."""
        return self.ask("install", "--env", f"PYTHONPATH={PACKAGES}", *options)

    def ask(self, *words: str, status: int = 0) -> str:
        """Have the service's own file do something."""
        line = f'cd {_FOLDER} && exec python3 mailer.py "$@"'
        done = self.host.run("sh", "-c", line, "sh", *words, check=False, PYTHONPATH=PACKAGES)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self) -> None:
        self.install("--set", "restart.delay=10ms")
        self.ask("start", "--no-wait")

    def pause(self) -> None:
        self.ask("pause")

    def resume(self) -> None:
        self.ask("resume")

    def reload(self) -> None:
        self.ask("reload", "--no-wait")

    def stop(self) -> None:
        self.ask("stop", "--no-wait")

    def status(self) -> dict[str, Any]:
        """Give what svcctl tells of the service."""
        return self.host.status("mailer")

    def phase(self) -> str:
        return str(self.status()["phase"])

    def progress(self) -> object:
        return self.show("StatusText")

    def endings(self) -> list[int | None]:
        """Give what systemd wrote down of failures, and how it ended if it did so well."""
        said = self.host.sh(
            f"journalctl --output=json --after-cursor={quote(self._began)} _PID=1 UNIT={_UNIT}"
        )
        found = [json.loads(line) for line in said.splitlines()]
        failed = [int(each["EXIT_STATUS"]) for each in found if each.get("EXIT_CODE") == "exited"]
        well = self.show("ActiveState") == "inactive" and self.show("ExecMainStatus") == "0"
        return [*failed, 0] if well else [*failed]

    def show(self, prop: str) -> str:
        """Give a property of its unit, as systemd itself says it."""
        return self.host.show(_UNIT, prop)

    def processes(self) -> list[str]:
        """Give the command line of every process that has to do with the service."""
        found = self.host.run("pgrep", "--full", "--list-full", "mailer").stdout.splitlines()
        return [each.partition(" ")[2] for each in found]

    def seconds_in_this_state(self) -> float:
        """Give for how long its unit has been in the state it is in."""
        since = int(self.show("StateChangeTimestampMonotonic")) / 1e6
        return float(self.host.sh("cut -d' ' -f1 /proc/uptime")) - since

    def journal(self) -> str:
        """Give what systemd and the service said since it began."""
        after = quote(self._began)
        return self.host.sh(f"journalctl --after-cursor={after} --unit={_UNIT} --output=cat")

    def followed_over_a_restart(self, word: str) -> list[str]:
        """Give the lines with *word* that are followed: the last there was, and one that comes."""
        script = f"svcctl logs mailer -n 1 --follow | grep -m 2 --line-buffered {word}"
        self.host.sh(f"(timeout 60 sh -c '{script}' > {_FOLDER}/followed) > /dev/null 2>&1 & echo")
        found = _in(self.host, f"{_FOLDER}/followed")
        until(lambda: found.exists() and found.read_text(), what="it shows the last line")
        self.ask("restart")
        until(lambda: found.read_text().count("\n") > 1, what="it shows one that comes")
        return found.read_text().splitlines()


@contextmanager
def under_systemd(host: Host) -> Iterator[tuple[Place, Systemd]]:
    """Give a place in the machine of *host*, whose systemd keeps what is there."""
    host.sh(f"rm -rf {_FOLDER} {_STATE} /var/log/svcctl/*")
    place = Place(_in(host, _FOLDER), _in(host, _STATE))
    yield place, Systemd(host)


def _in(host: Host, path: str) -> Path:
    return host.root / path.lstrip("/")
