"""Crashes of real processes: what they leave behind, and how a service starts itself again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.posix]

PREPARED = """\
import sys, threading, asyncio
from svcctl.sdk.crash.document import Subject
from svcctl.sdk.crash.folder import CrashFolder
from svcctl.sdk.crash.reporter import Reporter
from svcctl.sdk.crash.watching import watching
from svcctl.system.clock import SystemClock

reporter = Reporter(
    CrashFolder(sys.argv[1]),
    Subject(service="mailer", version="1.0"),
    clock=SystemClock(),
    publish=lambda seen: print("seen", seen.where, seen.kind, flush=True),
)
"""

SERVER = """\
import os, socket, sys
from svcctl.sdk.crash.program import this_program
from svcctl.sdk.crash.restart import run_again, take_listeners

program = this_program()
os.chdir("/")
listeners = take_listeners()
is_new = not listeners
if is_new:
    listeners = [socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))]
    print(*(each.getsockname()[1] for each in listeners), flush=True)
while True:
    connection, _ = listeners[0].accept()
    with connection:
        asked = connection.recv(100)
        own = [name for name in os.environ if name.startswith("LISTEN_")]
        said = [os.getpid(), is_new, len(listeners), own, sys.argv[1:]]
        connection.sendall(repr(said).encode())
    if asked == b"again":
        run_again(program, keep=listeners)
    if asked == b"end":
        sys.exit(0)
"""


@dataclass
class Place:
    """Where programs are run, and what their crashes leave."""

    home: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.home / "crashes"

    def write(self, text: str, name: str = "mailer.py") -> Path:
        path = self.home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def run(self, body: str, *, prepared: str = PREPARED) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        path = self.write(prepared + body)
        return subprocess.run(
            [sys.executable, str(path), str(self.folder)],
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a program; it is gone when the test is over."""
        process = subprocess.Popen(
            [sys.executable, *command], cwd=self.home, stdout=subprocess.PIPE, text=True
        )
        self.processes.append(process)
        return process

    def reports(self) -> list[dict[str, Any]]:
        return [json.loads(each.read_text()) for each in sorted(self.folder.glob("crash-*.json"))]

    def report(self) -> dict[str, Any]:
        (found,) = self.reports()
        return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    for each in made.processes:
        if each.poll() is None:
            each.kill()
        each.communicate(timeout=PATIENCE)


def test_a_segmentation_fault_is_reported_by_the_next_start(place: Place) -> None:
    died = place.run("""
def poke():
    import ctypes
    ctypes.string_at(0)

with watching(reporter):
    poke()
""")
    assert died.returncode == -signal.SIGSEGV
    assert place.reports() == []

    next_one = place.run("with watching(reporter): pass\n")

    report = place.report()
    assert next_one.stdout == "seen fatal signal SIGSEGV\n"
    assert report["error"]["message"] == "Segmentation fault"
    assert "poke" in [each["function"] for each in report["stack"]]
    assert report["process"]["version"] == "1.0"
    assert report["process"]["pid"] > 0
    assert [each.name for each in place.folder.iterdir()] == [
        next(place.folder.glob("crash-*.json")).name
    ]


def test_what_ends_a_program_is_reported_and_shown_as_ever(place: Place) -> None:
    ran = place.run("""
def send(password):
    raise ConnectionError(f"{password} was refused")

with watching(reporter):
    send("hunter2-hunter2")
""")

    report = place.report()
    assert ran.returncode == 1
    assert "ConnectionError" in ran.stderr
    assert report["where"] == "main"
    assert report["error"]["message"] == "*** was refused"
    assert report["stack"][-1]["function"] == "send"
    assert report["memory_bytes"] > 1024**2
    assert report["argv"][-1] == str(place.folder)
    assert "hunter2" not in json.dumps(report)


def test_threads_tasks_and_finalizers_are_watched_in_a_real_process(place: Place) -> None:
    ran = place.run("""
class Doomed:
    def __del__(self):
        raise ValueError("finalizer")

async def bad():
    raise KeyError("task")

async def main():
    with watching(reporter):
        thread = threading.Thread(target=lambda: 1 / 0, name="reader")
        thread.start()
        thread.join()
        Doomed()
        task = asyncio.create_task(bad(), name="sync")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        await asyncio.sleep(0)

asyncio.run(main())
""")

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "seen thread reader ZeroDivisionError",
        "seen finalizer Doomed.__del__ ValueError",
        "seen task sync KeyError",
    ]
    assert len(place.reports()) == 3


def test_an_import_that_fails_before_the_service_runs_is_reported(place: Place) -> None:
    place.write("import not_installed_anywhere\n", "shop.py")

    ran = place.run("""
with watching(reporter), reporter.reporting("import of shop"):
    import shop
""")

    report = place.report()
    assert ran.stdout == "seen import of shop ModuleNotFoundError\n"
    assert report["stack"][-1]["code"] == "import not_installed_anywhere"


def test_a_disk_that_takes_no_report_does_not_stop_the_program(place: Place) -> None:
    ran = place.run("""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
with watching(reporter):
    for number in range(3):
        try:
            raise RuntimeError(number)
        except RuntimeError as error:
            print(repr(reporter.report(error, where=f"kind{number} x")))
print("still here")
""")

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "still here"
    assert ran.stdout.count("''") == 3
    assert ran.stderr.count("File too large") == 1
    assert list(place.folder.iterdir()) == []


@pytest.mark.needs_root
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root")
def test_a_full_disk_is_told_once_and_nothing_half_is_left(place: Place) -> None:
    place.folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place.folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs Linux that lets root mount")
    try:
        (place.folder / "other").write_bytes(b"x" * 60_000)

        ran = place.run("""
with watching(reporter):
    for number in range(3):
        try:
            raise RuntimeError(number)
        except RuntimeError as error:
            print(repr(reporter.report(error, where=f"kind{number} x")))
""")

        assert ran.returncode == 0, ran.stderr
        assert ran.stderr.count("No space left on device") == 1
        assert [each.name for each in place.folder.iterdir()] == ["other"]
    finally:
        subprocess.run(["umount", str(place.folder)], check=True)


def test_no_report_is_torn_by_a_kill(place: Place) -> None:
    body = """
with watching(reporter):
    number = 0
    while True:
        number += 1
        try:
            raise RuntimeError(number)
        except RuntimeError as error:
            reporter.report(error, where=f"kind{number} x")
"""
    program = str(place.write(PREPARED + body))
    for _ in range(5):
        process = place.start(program, str(place.folder))
        assert process.stdout is not None
        for _ in range(7):
            assert process.stdout.readline().startswith("seen kind")
        process.kill()
        process.communicate(timeout=PATIENCE)

    found = place.reports()

    assert len(found) >= 35
    assert all(each["stack"] for each in found)


def test_no_more_than_so_many_reports_are_kept(place: Place) -> None:
    ran = place.run(
        """
with watching(reporter):
    for number in range(60):
        try:
            raise RuntimeError(number)
        except RuntimeError as error:
            reporter.report(error, where=f"kind{number} x")
"""
    )

    assert ran.returncode == 0, ran.stderr
    assert len(place.reports()) == 50
    assert place.reports()[-1]["error"]["message"] == "59"


FORMS = {
    "script": ["server.py", "one", "two"],
    "absolute": ["{home}/server.py", "one", "two"],
    "module": ["-m", "shop.server", "one", "two"],
    "code": ["-X", "utf8", "-c", SERVER, "one", "two"],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_service_starts_itself_again_with_the_sockets_it_listens_on(
    place: Place, form: str
) -> None:
    place.write(SERVER, "server.py")
    place.write(SERVER, "shop/server.py")
    process = place.start(*(each.replace("{home}", str(place.home)) for each in FORMS[form]))
    assert process.stdout is not None
    port = int(process.stdout.readline().split()[0])

    first = ask(port, b"again")
    meanwhile = [ask(port, b"again"), ask(port, b"hello")]
    last = ask(port, b"end")

    pid = process.pid
    assert first == repr([pid, True, 2, [], ["one", "two"]])
    assert {*meanwhile, last} == {repr([pid, False, 2, [], ["one", "two"]])}
    assert process.wait(PATIENCE) == 0


def test_no_connection_is_lost_over_restarts(place: Place) -> None:
    place.write(SERVER, "server.py")
    process = place.start("server.py")
    assert process.stdout is not None
    port = int(process.stdout.readline().split()[0])

    answers = [ask(port, b"again") for _ in range(8)]

    assert all(each.startswith(f"[{process.pid}, ") for each in answers)


def test_a_service_that_cannot_stop_restarting_is_stopped(place: Place) -> None:
    ran = place.run(
        """
from svcctl.errors import Conflict
from svcctl.sdk.crash.program import this_program
from svcctl.sdk.crash.restart import run_again
from svcctl.sdk.crash.restarts import Allowance, Restarts

restarts = Restarts(sys.argv[1], clock=SystemClock(), allowance=Allowance(most=3, window=600))
try:
    restarts.note("still broken")
except Conflict as error:
    print(error.problem, flush=True)
    raise SystemExit(70)
print("again", flush=True)
run_again(this_program())
"""
    )

    assert ran.returncode == 70
    assert ran.stdout.splitlines() == [
        *["again"] * 3,
        "no restart for 'still broken': 3 within 10m, the last for 'still broken'",
    ]


def test_a_program_that_is_gone_cannot_be_run_again(place: Place) -> None:
    ran = place.run("""
from svcctl.errors import CannotSpawn
from svcctl.sdk.crash.program import Program
from svcctl.sdk.crash.restart import run_again

try:
    run_again(Program(executable="/gone/python", argv=("/gone/python", "x.py"), folder="/"))
except CannotSpawn as error:
    print(error.problem)
""")

    assert ran.stdout == "'x.py' cannot be run again: No such file or directory\n"


def ask(port: int, text: bytes) -> str:
    """Send *text* and give the answer, however long the server is away."""
    deadline = time.monotonic() + PATIENCE
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(text)
        answer = b""
        while part := connection.recv(4096):
            answer += part
            assert time.monotonic() < deadline
        return answer.decode()
