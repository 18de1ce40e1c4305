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

CTRL_BREAK = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)

_PHASES = {
    "starting": "starting",
    "running": "running",
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
        clean = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
        with self._said.open("wb") as said, (self._place.folder / "stdout").open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, str(self._place.file), "run"],
                env=clean
                | {
                    "STATE_DIRECTORY": str(self._place.state),
                    "SVCCTL_HOME": str(self._place.folder / "home"),
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )

    def pause(self) -> None:
        raise NotImplementedError

    def resume(self) -> None:
        raise NotImplementedError

    def reload(self) -> None:
        self.send(signal.SIGHUP)

    def stop(self) -> None:
        self.send(CTRL_BREAK if sys.platform == "win32" else signal.SIGTERM)

    def send(self, number: int) -> None:
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
