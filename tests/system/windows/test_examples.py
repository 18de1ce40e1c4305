"""The examples as services of Windows: started, paused, resumed and stopped by its SCM."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.ports import free_port
from svcctl.sdk.places import state_folder
from svcctl.sdk.under_scm import OUTPUT
from tests.system.windows.waiting import PATIENCE
from tests.unit.examples.names import NAMES, SERVICES

if TYPE_CHECKING:
    from tests.system.windows.programs.raw_scm import RawScm, Status

pytestmark = pytest.mark.slow

WITH_SVCCTL = Path(__file__).parent / "programs" / "with_svcctl.py"
STOPPED, RUNNING, PAUSED = 1, 4, 7
STOP, PAUSE, CONTINUE = 1, 2, 3


class Example:
    """An example that the SCM keeps, with all its files in a folder of its own."""

    def __init__(self, scm: RawScm, name: str, folder: Path) -> None:
        self._scm, self.name, self.port = scm, name, free_port()
        self.folder, self._process = folder, 0
        settings = {
            "archiver": [f"inbox={folder / 'inbox'}", f"archive={folder / 'archive'}"],
            "keeper": [],
            "logwatch": [f"log={folder / 'app.log'}"],
            "mailer": [f"outbox={folder / 'outbox.txt'}", f"port={self.port}"],
            "orders": [f"inbox={folder / 'orders'}"],
            "web": [f"port={self.port}", f"health_port={free_port()}"],
        }
        words = [word for each in settings[name] for word in ("--set", each)]
        program = [sys.executable, str(WITH_SVCCTL), str(SERVICES / f"{name}.py")]
        scm.create(name, [*program, "run", *words])

    def start(self) -> Status:
        self._scm.start(self.name)
        status = self.await_state(RUNNING)
        self._process = self._scm.open_process(status.pid)
        return status

    def ask(self, control: int) -> None:
        assert self._scm.control(self.name, control) == 0

    def await_state(self, state: int) -> Status:
        return self._scm.wait(self.name, lambda now: now.state in {state, STOPPED})[-1]

    def ended(self) -> int:
        """Wait until its process is no more, and give its exit status."""
        return self._scm.join_process(self._process, PATIENCE)

    def close(self) -> None:
        self._scm.delete(self.name, process=self._process)


@pytest.fixture
def example(raw_scm: RawScm, tmp_path: Path) -> Iterator[Callable[[str], Example]]:
    """Give an example by its name."""
    made: list[Example] = []

    def make(name: str) -> Example:
        made.append(Example(raw_scm, name, tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("name", NAMES)
def test_each_starts_and_stops_as_a_service_of_windows(
    example: Callable[[str], Example], name: str
) -> None:
    service = example(name)

    running = service.start()
    service.ask(STOP)
    exit_status = service.ended()
    stopped = service.await_state(STOPPED)

    assert (running.state, exit_status) == (RUNNING, 0)
    assert (stopped.state, stopped.win32_exit_code) == (STOPPED, 0)


def test_the_mailer_keeps_letters_while_the_scm_has_it_paused(
    example: Callable[[str], Example],
) -> None:
    mailer = example("mailer")
    outbox = mailer.folder / "outbox.txt"
    mailer.start()

    mailer.ask(PAUSE)
    paused = mailer.await_state(PAUSED)
    send(mailer.port, b"Dear Ann")
    moved = outbox.rename(mailer.folder / "moved.txt")  # possible for closed files only
    mailer.ask(CONTINUE)
    resumed = mailer.await_state(RUNNING)
    mailer.ask(STOP)
    mailer.ended()

    output = Path(state_folder("mailer", os.environ), OUTPUT).read_text(encoding="utf-8")
    events = [json.loads(line)["event"] for line in output.splitlines() if line.startswith("{")]
    assert (paused.state, resumed.state) == (PAUSED, RUNNING)
    assert [each for each in events if each.startswith("mailer.")] == [
        "mailer.paused",
        "mailer.resumed",
    ]
    assert moved.read_text() == ""


def send(port: int, letter: bytes) -> None:
    """Hand over a letter, and wait until it is taken."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(letter + b"\n")
        with connection.makefile("rb") as answer:
            assert answer.read() == b"taken\n"
