"""A real service of a real SCM: what it reports, what it is asked, and how it ends."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.windows.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.system.windows.programs.raw_scm import RawScm, Status

PROGRAM = Path(__file__).parent / "programs" / "played_service.py"
STOPPED, START_PENDING, STOP_PENDING, RUNNING, CONTINUE_PENDING, PAUSE_PENDING, PAUSED = range(1, 8)


class Played:
    """A service of the SCM whose host does what it is told here."""

    def __init__(self, raw_scm: RawScm, listener: socket.socket, log: Path) -> None:
        self._scm, self._listener, self.log = raw_scm, listener, log
        self.name = name = f"svcctl-played-{uuid.uuid4().hex[:8]}"
        port = listener.getsockname()[1]
        raw_scm.create(name, [sys.executable, "-I", str(PROGRAM), str(port), str(log), name])
        self._connection: socket.socket | None = None
        self.process = 0

    def close(self) -> None:
        """Let go of the connection, and of the service."""
        if self._connection:
            self._words.close()
            self._connection.close()
        self._scm.delete(self.name, process=self.process)

    def start(self) -> list[object]:
        """Start it; give what it says of its streams."""
        self._scm.start(self.name)
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(PATIENCE)
        self._words = self._connection.makefile("r", encoding="utf-8")
        self.process = self._scm.open_process(self.status().pid)
        return self.heard()

    def heard(self) -> list[object]:
        words: list[object] = json.loads(self._words.readline())
        return words

    def do(self, *words: object) -> list[object]:
        """Have it do something; give its answer."""
        self.send(*words)
        return self.heard()

    def send(self, *words: object) -> None:
        assert self._connection
        self._connection.sendall(json.dumps(words).encode() + b"\n")

    def control(self, code: int) -> int:
        return self._scm.control(self.name, code)

    def status(self) -> Status:
        return self._scm.status(self.name)

    def gone(self) -> int:
        """Wait until its process is no more; give its exit status."""
        return self._scm.join_process(self.process, PATIENCE)


@pytest.fixture
def played(raw_scm: RawScm, tmp_path: Path) -> Iterator[Played]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        service = Played(raw_scm, listener, tmp_path / "host.log")
        yield service
        service.close()


def run(played: Played) -> None:
    """Bring it to where it runs."""
    played.start()
    played.do("attach")
    played.do("tell", "running", 0)


@pytest.mark.slow  # Wine says so after ten seconds only
def test_a_program_the_scm_did_not_start_is_told_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", PROGRAM, "1", tmp_path / "host.log", "web"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "not started by the SCM"


def test_while_it_starts_the_scm_sees_progress_and_sends_nothing(played: Played) -> None:
    played.start()
    first = played.status()
    played.do("tell", "starting", 10)
    played.do("tell", "starting", 10)
    later = played.status()

    assert (first.state, first.checkpoint, first.wait_hint) == (START_PENDING, 1, 20_000)
    assert (later.state, later.accepted, later.checkpoint) == (START_PENDING, 0, 3)
    assert later.wait_hint >= first.wait_hint
    assert played.control(1) in (1052, 1061)  # it does not accept a stop yet


def test_a_service_that_runs_takes_every_control(played: Played) -> None:
    run(played)

    assert played.status().state == RUNNING
    assert played.status().accepted == 0x1 | 0x2 | 0x8 | 0x100
    assert played.control(4) == 0
    assert played.control(200) == 0
    assert played.heard() == ["control", "custom", 200]


@pytest.mark.parametrize(("code", "result"), [(4, 0), (200, 0), (77, 120), (201, 120)])
def test_only_what_means_something_here_is_taken(played: Played, code: int, result: int) -> None:
    """Wine does not hand on what the handler answers, so the handler is called here."""
    run(played)

    played.send("deliver", code)

    if code == 200:
        assert played.heard() == ["control", "custom", 200]
    assert played.heard() == ["delivered", result]


def test_a_pause_and_a_continue_go_by_their_passing_states(played: Played) -> None:
    run(played)

    assert played.control(2) == 0
    assert played.heard() == ["control", "pause"]
    pausing = played.status()
    played.do("tell", "paused", 0)
    paused = played.status()
    assert played.control(3) == 0
    assert played.heard() == ["control", "resume"]
    resuming = played.status()
    played.do("tell", "running", 0)

    assert [each.state for each in (pausing, paused, resuming, played.status())] == [
        PAUSE_PENDING,
        PAUSED,
        CONTINUE_PENDING,
        RUNNING,
    ]
    assert pausing.wait_hint > 0


def test_a_stop_ends_the_service_and_its_process(played: Played) -> None:
    run(played)

    assert played.control(1) == 0
    assert played.heard() == ["control", "stop", False]
    stopping = played.status()
    played.do("tell", "stopping", 10)
    further = played.status()
    played.send("end", 0)

    assert played.gone() == 0
    assert (stopping.state, stopping.accepted, stopping.checkpoint) == (STOP_PENDING, 0, 1)
    assert further.checkpoint == 2
    last = played.status()
    assert (last.state, last.win32_exit_code, last.specific_code) == (STOPPED, 0, 0)


def test_a_host_that_knows_nothing_yet_cannot_take_back_a_stop(played: Played) -> None:
    run(played)
    played.control(1)
    played.heard()

    played.do("tell", "running", 0)

    assert played.status().state == STOP_PENDING


@pytest.mark.parametrize("code", [5, 15])
def test_a_shutdown_is_a_stop_with_its_own_reason(played: Played, code: int) -> None:
    """Wine delivers neither SHUTDOWN (5) nor PRESHUTDOWN (15), so the handler is called here."""
    run(played)

    played.send("deliver", code)

    assert played.heard() == ["control", "stop", True]
    assert played.heard() == ["delivered", 0]
    assert played.status().state == STOP_PENDING


def test_a_bad_end_is_seen_by_the_scm_with_its_code(played: Played) -> None:
    run(played)

    played.send("end", 3)

    played.gone()
    last = played.status()
    assert (last.state, last.win32_exit_code, last.specific_code) == (STOPPED, 1066, 3)


@pytest.mark.parametrize("ready", [False, True])
def test_a_host_that_raises_is_no_zombie(played: Played, ready: bool) -> None:
    played.start()
    if ready:
        played.do("tell", "running", 0)

    played.send("raise")

    played.gone()
    last = played.status()
    assert (last.state, last.win32_exit_code, last.specific_code) == (STOPPED, 1066, 70)
    assert "ValueError: raised by the test" in played.log.read_text(encoding="utf-8")


def test_a_control_that_raises_is_written_down_and_ends_the_service(played: Played) -> None:
    run(played)

    played.control(6)
    assert played.heard() == ["control", "stop", False]
    played.send("end", 0)

    played.gone()
    last = played.status()
    assert (last.state, last.win32_exit_code, last.specific_code) == (STOPPED, 1066, 70)
    assert "RuntimeError: reload is broken" in played.log.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_process_held_back_by_a_thread_of_its_own_is_ended(played: Played) -> None:
    run(played)
    played.do("hang")

    played.send("end", 0)

    assert played.gone() == 70
    assert played.status().win32_exit_code == 0


def test_what_a_host_writes_is_in_its_log_and_it_reads_nothing(played: Played) -> None:
    streams = played.start()

    played.do("print", "né")

    assert streams[:2] == ["streams", ""]
    assert set(played.log.read_text(encoding="utf-8").splitlines()) == {"né", "raw né"}
