"""A service of the SDK in a process of its own: what it notes, logs and says, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.flows.conftest import until, whole_lines

PROGRAMS = Path(__file__).parent / "programs"
ROOT = PROGRAMS.parents[3]
PATIENCE = 60.0  # seconds anything may take on a machine that is busy


class Running:
    """The program *file*, which has begun; all that it leaves lies in *folder*.

    It notes by ``NOTES``, logs on stdout, and keeps its state below ``state``.
    """

    def __init__(self, folder: Path, file: str, *words: str, variables: dict[str, str]) -> None:
        self.folder, self.state = folder, folder / "state"
        self._notes, self._out, self._err = folder / "notes", folder / "out", folder / "err"
        ours = {
            "NOTIFY_SOCKET": "",
            "NOTES": str(self._notes),
            "STATE_DIRECTORY": str(self.state),
            "SVCCTL_HOME": str(folder / "home"),
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "",
        }
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAMS / file), *words],
                env=os.environ | ours | variables,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        self._process.send_signal(number)

    def tell(self, word: str) -> None:
        """Write a line to its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        self._process.stdin.flush()

    def kill(self) -> None:
        """kill -9, and wait."""
        self._process.kill()
        self.ended()

    def ended(self) -> int:
        """Wait for its end; give the exit status."""
        status = self._process.wait(PATIENCE)
        with suppress(BrokenPipeError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        return status

    def stopped(self) -> int:
        """Ask it to stop, as a manager does, and wait."""
        self.send(signal.SIGTERM)
        return self.ended()

    # what it leaves

    @property
    def noted(self) -> list[str]:
        """What it has noted, line by line."""
        return whole_lines(self._notes)

    @property
    def said(self) -> str:
        """What it said on stderr."""
        return self._err.read_text(errors="replace")

    @property
    def logged(self) -> list[dict[str, Any]]:
        """Its records, but for what is no JSON."""
        return [json.loads(line) for line in whole_lines(self._out) if line.startswith("{")]

    def records(self, event: str) -> list[dict[str, Any]]:
        """Its records of that event."""
        return [each for each in self.logged if each["event"] == event]

    @property
    def unfinished(self) -> list[str]:
        """What it named as not finished, or not let go of."""
        return [str(name) for each in self.records("service.unfinished") for name in each["left"]]

    @property
    def crashes(self) -> list[dict[str, Any]]:
        """Its crash reports, oldest first."""
        found = sorted(self.state.rglob("crash-*.json"))
        return [json.loads(each.read_text()) for each in found]

    @property
    def memory(self) -> int:
        """How many bytes of memory it takes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    # waiting for it

    def until(self, check: Callable[[], Any], what: str) -> Any:
        """Give the first true value of *check*; fails at once where it has ended."""
        found = until(lambda: check() or not self.lives, within=PATIENCE, what=what)
        if found is True and not self.lives:
            found = check()
            assert found, f"ended before {what}: {self.said}\n{self.logged}"
        return found

    def until_noted(self, word: str, *, times: int = 1) -> None:
        self.until(lambda: self.noted.count(word) >= times, f"{word!r} noted {times} times")

    def until_logged(self, event: str) -> dict[str, Any]:
        """Give the first record of that event."""
        found = self.until(lambda: self.records(event), f"{event!r} is logged")
        return dict(found[0])

    def until_said(self, word: str) -> None:
        self.until(lambda: word in self.said, f"{word!r} is said")


@contextmanager
def running(
    folder: Path, file: str, *words: str, variables: dict[str, str] | None = None
) -> Iterator[Running]:
    """Run a program until the block is left."""
    folder.mkdir(exist_ok=True)
    made = Running(folder, file, *words, variables=variables or {})
    try:
        yield made
    finally:
        made.kill()
