"""Real programs, in real hosts, under the real SCM: a service from its install to its last trace.

Wine delivers neither SHUTDOWN nor PRESHUTDOWN and runs no failure actions: the first is shown by
the dispatcher's own tests, the second by the structures that are handed over.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.bootstrap import windows_native
from svcctl.cli.main import main
from svcctl.system.windows.kernel import SYNCHRONIZE, has_ended, open_process
from svcctl.system.windows.process import identify
from svcctl.system.windows.scm_api import ScmApi
from svcctl.system.windows.scm_database import ScmDatabase
from tests.system.windows.scm_lab import WatchedAdvapi32
from tests.system.windows.waiting import until

pytestmark = pytest.mark.slow
STOPPED, START_PENDING, RUNNING, PAUSED = 1, 2, 4, 7
_numbers = iter(range(1000))


class Journey:
    """One service, called by the command line and looked at with calls of its own."""

    def __init__(self, folder: Path, raw: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.raw, self._capsys = folder, raw, capsys
        self.name = f"svcctl-way-{os.getpid()}-{next(_numbers)}"

    def cli(self, *words: str, status: int | None = 0) -> str:
        found = main(list(words))
        told = self._capsys.readouterr()
        if status is not None:
            assert found == status, f"{words}: {found}\n{told.out}{told.err}"
        return told.out

    def apply(self, program: str, options: str = "", *more: str, status: int | None = 0) -> str:
        """Apply a service whose *program* is Python, with further *options*."""
        script = self.folder / "program.py"
        script.write_text(program)
        definition = self.folder / "svcctl.toml"
        definition.write_text(
            f"[services.{self.name}]\nexec = ['{sys.executable}', '-u', '{script}']\n"
            f"manager = 'scm'\n{options}\n"
        )
        return self.cli("apply", str(definition), "--yes", *more, status=status)

    def status(self) -> dict[str, Any]:
        (found,) = json.loads(self.cli("status", self.name, "-o", "json", status=None))
        return dict(found)

    def logs(self) -> list[str]:
        return self.cli("logs", self.name, "-n", "1000000").splitlines()

    def await_state(self, state: int) -> list[Any]:
        found: list[Any] = self.raw.wait(self.name, lambda now: now.state == state)
        return found


@pytest.fixture
def journey(
    tmp_path: Path,
    raw_scm: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Journey]:
    watched = WatchedAdvapi32()
    monkeypatch.setattr(windows_native, "ScmDatabase", lambda: ScmDatabase(ScmApi(watched)))
    monkeypatch.setenv("SVCCTL_HOME", str(tmp_path / "home"))
    journey = Journey(tmp_path, raw_scm, capsys)
    yield journey
    if raw_scm.exists(journey.name):
        main(["uninstall", journey.name, "--yes", "--logs"])


QUIET = """
import time
print("here", flush=True)
try:
    while True: time.sleep(60)
except KeyboardInterrupt:
    print("asked to stop", flush=True)
"""


def test_running_means_ready_and_the_scm_sees_progress_until_then(journey: Journey) -> None:
    slow = "import time\ntime.sleep(7)\nprint('at your service', flush=True)\ntime.sleep(600)\n"
    journey.apply(slow, "ready = 'log:at your service'", "--no-start")

    journey.cli("start", journey.name, "--no-wait")
    seen = journey.await_state(RUNNING)

    pending = [each for each in seen if each.state == START_PENDING]
    checkpoints = [each.checkpoint for each in pending]
    assert checkpoints == sorted(checkpoints)
    assert len(set(checkpoints)) >= 2
    assert all(each.accepted == 0 for each in pending)
    assert "at your service" in journey.logs()


def test_what_takes_its_time_to_start_can_be_stopped_meanwhile(journey: Journey) -> None:
    slow = "import time\nprint('not yet', flush=True)\ntime.sleep(600)\n"
    journey.apply(slow, "ready = 'log:at your service'", "--no-start")
    journey.cli("start", journey.name, "--no-wait")
    journey.await_state(START_PENDING)

    journey.cli("stop", journey.name)

    journey.await_state(STOPPED)
    assert journey.status()["phase"] == "stopped"


def test_a_pause_and_a_continue_of_the_scm_freeze_and_thaw_the_program(journey: Journey) -> None:
    counting = (
        "import time\nn = 0\nwhile True:\n    n += 1; print(n, flush=True); time.sleep(0.1)\n"
    )
    journey.apply(counting)

    journey.raw.control(journey.name, 2)
    journey.await_state(PAUSED)
    until(lambda: _writes_nothing(journey), what="the program writes no more")
    written = len(journey.logs())
    journey.raw.control(journey.name, 3)
    journey.await_state(RUNNING)

    until(lambda: len(journey.logs()) > written, what="the program goes on")


def _writes_nothing(journey: Journey) -> bool:
    before = len(journey.logs())
    time.sleep(0.5)  # the program would have written five lines
    return len(journey.logs()) == before


def test_changed_parameters_reload_and_a_user_control_runs_its_command(journey: Journey) -> None:
    write = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('done')"
    reloaded, controlled = journey.folder / "reloaded", journey.folder / "controlled"
    journey.apply(
        QUIET,
        f"reload.exec = ['{sys.executable}', '-c', \"{write}\", '{reloaded}']\n"
        f"windows.controls.200 = ['{sys.executable}', '-c', \"{write}\", '{controlled}']",
    )

    journey.raw.control(journey.name, 6)
    journey.raw.control(journey.name, 200)

    until(reloaded.exists, what="the program was reloaded")
    until(controlled.exists, what="the command of control 200 ran")
    assert journey.raw.status(journey.name).state == RUNNING


def test_a_stop_asks_by_ctrl_c_first(journey: Journey) -> None:
    journey.apply(QUIET, "ready = 'log:here'\nstop.timeout = '2m'")
    pid = journey.status()["pid"]

    journey.raw.control(journey.name, 1)
    journey.await_state(STOPPED)

    assert "asked to stop" in journey.logs()
    assert journey.raw.status(journey.name).win32_exit_code == 0
    assert identify(pid) is None


def test_who_ignores_ctrl_c_is_ended_with_all_its_children(journey: Journey) -> None:
    stubborn = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
if len(sys.argv) < 4:
    child = subprocess.Popen([sys.executable, *sys.argv, "x"])
print("here", flush=True)
time.sleep(600)
"""
    journey.apply(stubborn, "ready = 'log:here'\nstop.timeout = '2s'")
    until(lambda: journey.status()["processes"] >= 3, what="the whole tree runs")
    pid = journey.status()["pid"]

    journey.cli("stop", journey.name)

    assert journey.raw.status(journey.name).state == STOPPED
    assert identify(pid) is None
    events = journey.cli("events", journey.name)
    assert "KILL" in events


def test_a_crash_is_healed_and_one_too_many_reaches_the_scm(journey: Journey) -> None:
    marks = journey.folder / "runs"
    crashing = f"open(r'{marks}', 'a').write('x')\nraise SystemExit(42)\n"

    journey.apply(crashing, "restart = {max = 2, delay = '50ms', jitter = 0.0}", status=None)
    journey.await_state(STOPPED)

    found = journey.raw.status(journey.name)
    assert marks.read_text() == "xxx"
    assert (found.win32_exit_code, found.specific_code) == (1066, 42)
    status = journey.status()
    assert status["phase"] == "failed"
    assert "42" in status["reason"]


def test_output_is_whole_through_rotation_under_load(journey: Journey) -> None:
    loud = "for n in range(20000):\n    print('line', n)\nprint('over', flush=True)\ninput()\n"
    journey.apply(
        loud,
        "stdin = 'open'\nready = 'log:over'\n"
        "log = {max_size = '20K', keep = 100000, compress = false}",
    )

    lines = journey.logs()
    folder = journey.folder / "home" / "logs" / journey.name / journey.name
    journey.cli("stop", journey.name)

    assert lines[:-1] == [f"line {number}" for number in range(20000)]
    assert len(list(folder.glob("stdout.log*"))) > 3


def test_with_the_host_the_whole_tree_dies(journey: Journey) -> None:
    journey.apply(QUIET, "ready = 'log:here'")
    program = open_process(journey.status()["pid"], SYNCHRONIZE)
    assert program is not None
    host = journey.raw.open_process(journey.raw.status(journey.name).pid)

    journey.raw.kill_process(host)

    until(lambda: has_ended(program), what="the program has ended with its host")


def test_an_uninstall_leaves_no_trace(journey: Journey) -> None:
    journey.apply(QUIET)

    told = journey.cli("uninstall", journey.name, "--yes", "--logs")

    assert not journey.raw.exists(journey.name)
    home = journey.folder / "home"
    assert list(home.rglob(f"*{journey.name}*")) == []
    assert "removed" in told
