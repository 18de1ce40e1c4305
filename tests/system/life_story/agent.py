"""Our own agent as who keeps a service, asked by the service's own command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.flows.conftest import Box
from tests.system.life_story.stage import Place


class Agent:
    """See :class:`tests.system.life_story.stage.Keeper`."""

    def __init__(self, box: Box, place: Place) -> None:
        self._box, self._place = box, place

    def start(self) -> None:
        self.ask("install", "--manager", "agent", "--set", "restart.delay=10ms")
        self.ask("start", "--no-wait")

    def ask(self, *words: str, status: int = 0) -> str:
        """Have the service's own file do something."""
        done = subprocess.run(
            [sys.executable, str(self._place.file), *words],
            env=self._box.environ(),
            cwd=self._place.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def pause(self) -> None:
        self.ask("pause")

    def resume(self) -> None:
        self.ask("resume")

    def reload(self) -> None:
        self.ask("reload", "--no-wait")

    def stop(self) -> None:
        self.ask("stop", "--no-wait")

    def status(self) -> dict[str, Any]:
        """Give what it tells of the service."""
        return self._box.one("mailer")

    def phase(self) -> str:
        return str(self.status()["phase"])

    def progress(self) -> object:
        return self.status()["status_text"]

    def endings(self) -> list[int | None]:
        events = self._box.events("mailer")
        return [each["fields"]["code"] for each in events if each["kind"] == "InstanceExited"]


@contextmanager
def under_an_agent(folder: Path, box: Box) -> Iterator[tuple[Place, Agent]]:
    """Give a place, and an agent that keeps what is there."""
    box.start_agent()
    place = Place(folder / "mailer", box.home / "state" / "services" / "mailer")
    yield place, Agent(box, place)
