"""A host and its program step by step: what a stop asks for, what commands answer, what it costs.

Every service here is looked at with calls of our own, not by what svcctl says of it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.native import WindowsOptions
from svcctl.spec.policy import Hooks, ReloadPolicy, RestartPolicy, StopPolicy, StopStep
from svcctl.spec.service import Manager, ServiceSpec, Start
from svcctl.system.host_command import host_command
from svcctl.system.paths import find_paths, host_paths
from svcctl.system.registrations import Registrations
from svcctl.system.windows.ground import Ground
from svcctl.system.windows.host_output import host_log
from svcctl.system.windows.scm import ScmManager
from svcctl.system.windows.scm_api import ScmApi
from svcctl.system.windows.scm_database import ScmDatabase
from tests.system.windows.scm_lab import WatchedAdvapi32
from tests.system.windows.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.system.windows.programs.raw_scm import RawScm, Status

pytestmark = pytest.mark.slow

PROGRAMS = Path(__file__).parent / "programs"
STOPPED, START_PENDING, STOP_PENDING, RUNNING, CONTINUE_PENDING, PAUSE_PENDING, PAUSED = range(1, 8)
COST = 24 * 1024**2  # an OpenSSL that nobody needs would be 8 MB more

LEAVE = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('called')"
STAYS = """
import time
print("here", flush=True)
while True: time.sleep(0.1)
"""
HEEDS_CTRL_C = """
import time
print("here", flush=True)
try:
    while True: time.sleep(0.1)
except KeyboardInterrupt:
    raise SystemExit(53)
"""
HEEDS_A_FILE = """
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("here", flush=True)
while not pathlib.Path("asked").exists(): time.sleep(0.05)
raise SystemExit(51)
"""


class Site:
    """A home of svcctl, and one service in it that the SCM keeps."""

    def __init__(self, scm: RawScm, folder: Path) -> None:
        self.scm, self.folder = scm, folder
        home = str(folder / "home")
        self.paths = find_paths({"SVCCTL_HOME": home})
        self.name = f"svcctl-step-{uuid.uuid4().hex[:8]}"
        self.host = 0
        self.manager = ScmManager(
            Registrations(self.paths.native),
            scm=ScmDatabase(ScmApi(WatchedAdvapi32())),
            secure=Ground(self.paths),
            host_command=lambda name: host_command(name, home),
            ask_host=lambda _name, _verb, _args: [],
            password=lambda _spec: None,
        )

    def leaves(self, name: str) -> tuple[str, ...]:
        """Give a command that leaves a file."""
        return (sys.executable, "-c", LEAVE, str(self.folder / name))

    def install(self, *argv: str, **options: Any) -> None:
        """Install the Python program *argv*, which is ready when it says so."""
        wanted: dict[str, Any] = {
            "exec": (sys.executable, *argv),
            "cwd": str(self.folder),
            "ready": "log:^here",
            "manager": Manager.SCM,
            "start": Start.MANUAL,
            "user": "LocalSystem",
        }
        document = canonical.dump(ServiceSpec(name=self.name, **(wanted | options)))
        applied = Applied(name=self.name, spec=document, revision=canonical.revision(document))
        asyncio.run(self.manager.install(applied))

    def run(self, *argv: str, **options: Any) -> None:
        """Install and start it; come back once it runs."""
        self.install(*argv, **options)
        self.manager.start(self.name)
        self.host = self.scm.open_process(self.await_state(RUNNING)[-1].pid)

    def await_state(self, *states: int) -> list[Status]:
        """Wait for one of *states*; give all that was seen on the way."""
        return self.scm.wait(self.name, lambda now: now.state in states)

    def end(self) -> list[Status]:
        """Wait until it has failed or stopped, and its host is gone; give all that was seen."""
        seen = self.scm.wait(self.name, lambda now: now.state == STOPPED and not now.pid)
        if self.host:
            self.scm.join_process(self.host, PATIENCE)
        return seen

    def log(self) -> str:
        """Give what the host says of itself."""
        path = Path(host_log(host_paths(self.paths, self.name).state))
        return path.read_text(encoding="utf-8") if path.exists() else "there is no log"

    def clear(self) -> None:
        """Leave nothing behind, whatever came before."""
        if self.scm.exists(self.name):
            self.scm.delete(self.name, process=self.host)


def await_that(holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)


@pytest.fixture
def site(raw_scm: RawScm, tmp_path: Path) -> Iterator[Site]:
    found = Site(raw_scm, tmp_path)
    yield found
    found.clear()


@pytest.mark.parametrize(
    ("argv", "heeded", "code"),
    [
        (("-c", HEEDS_A_FILE), 0, 51),
        (("-c", HEEDS_CTRL_C), 1, 53),
        ((str(PROGRAMS / "window.py"),), 2, 55),
        ((str(PROGRAMS / "message_loop.py"),), 3, 57),
    ],
    ids=["command", "CTRL_C", "WM_CLOSE", "WM_QUIT"],
)
def test_a_stop_goes_from_step_to_step_until_one_is_heeded(
    site: Site, argv: tuple[str, ...], heeded: int, code: int
) -> None:
    deaf = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    if code > 53:  # Python itself would end by Ctrl-C
        start = f"import runpy, sys; sys.path.insert(0, {str(PROGRAMS)!r}); {deaf}; "
        argv = ("-c", f"{start}runpy.run_path({argv[0]!r})")
    limits = [1.0] * heeded + [60.0] * 4  # who will heed a step gets the time for it
    steps = (
        StopStep(exec=site.leaves("asked"), timeout=limits[0]),
        StopStep(signal="CTRL_C", timeout=limits[1]),
        StopStep(signal="WM_CLOSE", timeout=limits[2]),
        StopStep(signal="WM_QUIT", timeout=limits[3]),
    )
    after = (sys.executable, "-c", "import os; open('exit', 'w').write(os.environ['SVC_EXIT'])")
    site.run(*argv, stop=StopPolicy(sequence=steps), hook=Hooks(post_stop=(after,)))

    site.manager.stop(site.name)
    seen = site.end()

    assert (site.folder / "exit").read_text() == str(code)
    assert {each.state for each in seen[:-1]} <= {RUNNING, STOP_PENDING}
    assert {each.accepted for each in seen if each.state == STOP_PENDING} <= {0}
    assert (seen[-1].win32_exit_code, seen[-1].specific_code) == (0, 0)


def test_commands_pause_it_reload_it_and_answer_a_user_code(site: Site) -> None:
    site.run(
        "-c",
        STAYS,
        hook=Hooks(pause=site.leaves("paused"), resume=site.leaves("resumed")),
        reload=ReloadPolicy(exec=site.leaves("reloaded")),
        windows=WindowsOptions(controls={"200": site.leaves("rotated")}),
    )

    assert site.scm.control(site.name, 2) == 0
    site.await_state(PAUSED)
    assert site.scm.control(site.name, 3) == 0
    site.await_state(RUNNING)
    assert site.scm.control(site.name, 6) == 0
    assert site.scm.control(site.name, 200) == 0

    for name in ("paused", "resumed", "reloaded", "rotated"):
        await_that((site.folder / name).exists, site.log)


def test_a_pause_while_it_waits_for_its_next_start_is_answered(site: Site) -> None:
    once = f"{STAYS.replace('while True: time.sleep(0.1)', 'time.sleep(0.5); raise SystemExit(1)')}"
    restart = RestartPolicy(delay=600.0, max=0, jitter=0.0)
    after = site.leaves("ended")
    site.run("-c", once, restart=restart, hook=Hooks(post_stop=(after,)))
    await_that((site.folder / "ended").exists, site.log)

    site.scm.control(site.name, 2)

    site.await_state(RUNNING)


def test_a_host_without_its_registration_says_so_and_is_no_zombie(site: Site) -> None:
    site.install("-c", STAYS)
    Path(site.paths.native, f"{site.name}.json").unlink()

    site.scm.start(site.name)
    last = site.end()[-1]

    assert (last.win32_exit_code, last.specific_code) == (1066, 4)
    assert "SVC-1300" in site.log()


def test_a_host_costs_little_more_than_its_interpreter(site: Site) -> None:
    """Wine has all of a DLL in memory: the measure is an interpreter that loaded the same."""
    loaded = "import ctypes, sqlite3, _overlapped, _socket; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-I", "-c", loaded],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as bare:
        assert bare.stdin
        assert bare.stdout
        bare.stdout.readline()
        interpreter = site.scm.working_set(site.scm.open_process(bare.pid))
        bare.stdin.write(b"\n")
    site.run("-c", STAYS)

    host = site.scm.working_set(site.host)

    assert host - interpreter <= COST
