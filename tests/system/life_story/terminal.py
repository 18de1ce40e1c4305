"""A person at a terminal as who keeps a service: signals, and lines on stderr."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.life_story.stage import Place, until

ON_WINDOWS = sys.platform == "win32"
ENDS = {"ctrl-c": 0, "ctrl-break": 1} if ON_WINDOWS else {"ctrl-c": 2, "sigterm": 15}
"""What asks for an end, by its name: events of a console, or signals."""

_PHASES = {
    "starting": "starting",
    "running": "running",
    "pausing": "pausing",
    "paused": "paused",
    "resuming": "resuming",
    "draining": "stopping",
    "stopped": "stopping",  # as long as there is a process
}


class Terminal:
    """See :class:`tests.system.life_story.stage.Keeper`."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._said = place.folder / "stderr"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._said.open("wb") as said, (self._place.folder / "stdout").open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, str(self._place.file), "run"],
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # a console of its own
            )

    def _environ(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
        home = str(self._place.folder / "home")
        return clean | {"SVCCTL_HOME": home, "STATE_DIRECTORY": str(self._place.state)}

    def ask(self, verb: str) -> None:
        """Have the service's own file do something with the one that runs."""
        argv = [sys.executable, str(self._place.file), verb]
        done = subprocess.run(
            argv, env=self._environ(), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{verb}: {done.returncode}\n{done.stdout}{done.stderr}"

    def pause(self) -> None:
        self.ask("pause")

    def resume(self) -> None:
        self.ask("resume")

    def reload(self) -> None:
        if ON_WINDOWS:
            self.ask("reload")
        else:
            self._send(signal.SIGHUP)

    def stop(self) -> None:
        self.end("ctrl-c")

    def end(self, way: str) -> None:
        """Ask for an end in one of the ways of :data:`ENDS`."""
        assert self._process is not None
        if ON_WINDOWS:
            from svcctl.system.windows.console import send_console_event

            send_console_event(ENDS[way], [self._process.pid])
        else:
            self._send(ENDS[way])

    def _send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def lines(self) -> list[str]:
        """Give what a person reads."""
        return self._said.read_text(encoding="utf-8").splitlines()

    def phase(self) -> str:
        assert self._process is not None
        status = self._process.poll()
        if status is not None:
            return "failed" if status else "stopped"
        said = [each.split(": ")[1] for each in self.lines() if each.startswith("mailer: ")]
        return next((_PHASES[each] for each in reversed(said) if each in _PHASES), "starting")

    def progress(self) -> object:
        return self.lines()[-1:]

    def endings(self) -> list[int | None]:
        assert self._process is not None
        status = self._process.poll()
        return [] if status is None else [status]

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def at_a_terminal(folder: Path) -> Iterator[tuple[Place, Terminal]]:
    """Give a place, and a person who starts what is there."""
    place = Place(folder / "mailer", folder / "state")
    keeper = Terminal(place)
    try:
        yield place, keeper
    finally:
        keeper.close()


def ended(keeper: Terminal) -> int | None:
    """Wait for its end; give the exit status."""
    (status,) = until(keeper.endings, what="it ends")
    return int(status)
