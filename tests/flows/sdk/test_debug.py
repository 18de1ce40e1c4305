"""A service on a laptop: by keys at a terminal, by a script, under managers that are simulated."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE, alive, until

MAILER = '''
from svcctl import Context, Service


class Mailer(Service):
    """Sends mail."""

    drain_timeout = "5s"

    async def run(self, ctx: Context) -> None:
        print("version", VERSION)
        async for n in ctx.ticks("50ms"):
            ctx.log.info("letter.sent", number=n)
            ctx.log.debug("letter.weighed")

    def on_reload(self, old, new):
        print("read anew")

    def on_control(self, code):
        print("code", code)


VERSION = 1

if __name__ == "__main__":
    Mailer.main()
'''

SLOW = """
import asyncio
from svcctl import Context, serve


async def slow(ctx: Context) -> None:
    await asyncio.sleep(1)
    ctx.ready()
    await ctx.stopped()


if __name__ == "__main__":
    serve(slow)
"""

STUCK = """
import sys, time
from svcctl import Context, serve


async def stuck(ctx: Context) -> None:
    await ctx.stopped()


if __name__ == "__main__":
    if sys.argv[1] == "run":
        time.sleep(60)
    serve(stuck)
"""

PLAIN = """
from svcctl import ThreadContext, serve


def plain(ctx: ThreadContext) -> None:
    for _ in ctx.ticks("50ms"):
        pass


if __name__ == "__main__":
    serve(plain)
"""

AGAIN = """
from svcctl import Context, Service


class Again(Service):
    async def run(self, ctx: Context) -> None:
        runs = await ctx.state.get("runs", 0) + 1
        await ctx.state.set("runs", runs)
        ctx.ready()
        print("run", runs)
        if runs == 1:
            ctx.restart("new code")
        await ctx.stopped()


if __name__ == "__main__":
    Again.main()
"""

ALL = ("terminal", "systemd", "agent", "scm")


class Desk:
    """A folder with a program, and ways to debug it."""

    def __init__(self, folder: Path, source: str = MAILER) -> None:
        self.folder, self.file = folder, folder / "mailer.py"
        self.file.write_text(source)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(self.file), "debug", *words]

    def environ(self) -> dict[str, str]:
        return os.environ | {
            "SVCCTL_HOME": str(self.folder / "home"),
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def play(self, script: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Play a script to its end."""
        return subprocess.run(
            self.command("--script", script, *words),
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @contextmanager
    def at_a_terminal(self, *words: str) -> Iterator[Person]:
        """Debug it at a terminal of one's own."""
        own, its = pty.openpty()
        try:
            with subprocess.Popen(
                self.command(*words),
                env=self.environ(),
                stdin=its,
                stdout=its,
                stderr=its,
                start_new_session=True,
                cwd=self.folder,
            ) as program:
                person = Person(program, own)
                try:
                    yield person
                finally:
                    program.kill()
        finally:
            os.close(own)
            os.close(its)


class Person:
    """Who sits at the terminal."""

    def __init__(self, program: subprocess.Popen[bytes], terminal: int) -> None:
        self.program, self._terminal = program, terminal
        self.seen = ""

    def sees(self, words: str) -> str:
        """Wait until *words* are shown, after all that was waited for before; give the line."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.seen:
            if time.monotonic() > deadline:
                pytest.fail(f"not seen: {words!r} in {self.seen}")
            ready, _, _ = select.select([self._terminal], [], [], 0.2)
            if ready:
                self.seen += os.read(self._terminal, 65536).decode("utf-8", "replace")
        before, found, self.seen = self.seen.partition(words)
        return before.rpartition("\n")[2] + found

    def sees_pid(self) -> int:
        """Wait for a start and give the pid."""
        self.sees("pid ")
        until(self._has_line)
        return int(self.seen.partition("\r")[0])

    def _has_line(self) -> bool:
        if "\r" not in self.seen:
            self.seen += os.read(self._terminal, 65536).decode("utf-8", "replace")
        return "\r" in self.seen

    def presses(self, key: str) -> None:
        os.write(self._terminal, key.encode())

    def leaves(self) -> int:
        """Wait for the end and give the status."""
        deadline = time.monotonic() + PATIENCE
        ended = False
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self._terminal], [], [], 0.05)
            if ready:
                self.seen += os.read(self._terminal, 65536).decode("utf-8", "replace")
            elif ended:  # and all that it wrote was read
                break
            ended = self.program.poll() is not None
        return self.program.wait(PATIENCE)

    def modes(self) -> list[Any]:
        return termios.tcgetattr(self._terminal)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A mailer."""
    return Desk(tmp_path)


# scripts


@pytest.mark.slow
@pytest.mark.parametrize("manager", ALL)
def test_every_control_path_can_be_walked_under_every_manager(desk: Desk, manager: str) -> None:
    done = desk.play(
        "ready; p; p; expect letter.sent; r; expect read anew; control 130; expect code 130;"
        "s; status 0; s; c; expect crash report; s; k; s; shutdown",
        "--as",
        manager,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "all went as it should" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "status", "told"),
    [
        ("ready; resume", 1, "step 2, resume: refused: it is running"),
        ("ready; k; s; status 3 within 1s", 7, "status 3 within 1s: not within 1s; it is running"),
        ("ready; c; ready", 1, "step 3, ready: it does not run: status 70"),
        ("ready; expect the moon within 1s", 7, "the moon within 1s: not within 1s"),
        ("ready; k &; sleep 10s within 20s", 1, "it does not run: killed by SIGKILL"),
    ],
)
def test_a_life_that_goes_another_way_fails_the_script(
    desk: Desk, script: str, status: int, told: str
) -> None:
    done = desk.play(script)

    assert told in done.stdout
    assert done.returncode == status


@pytest.mark.slow
def test_a_service_that_starts_takes_no_control_of_the_scm(tmp_path: Path) -> None:
    done = Desk(tmp_path, SLOW).play("refused p; refused stop; ready; stop", "--as", "scm")

    assert done.returncode == 0, done.stdout
    assert "PAUSE: error 1061" in done.stdout
    assert "SERVICE_START_PENDING, checkpoint 2" in done.stdout


@pytest.mark.slow
def test_a_service_that_is_not_ready_in_time_is_ended_by_systemd(tmp_path: Path) -> None:
    done = Desk(tmp_path, STUCK).play(
        "expect result timeout", "--as", "systemd", "--start-timeout", "400ms"
    )

    assert "start timed out: no READY=1" in done.stdout
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_loop_that_hangs_is_ended_by_the_watchdog(desk: Desk) -> None:
    done = desk.play("ready; w; expect result watchdog", "--as", "systemd", "--watchdog", "5s")

    assert done.returncode == 0, done.stdout
    assert "no WATCHDOG=1 for 5s; SIGABRT sent" in done.stdout


@pytest.mark.slow
def test_what_systemd_is_told_is_shown(desk: Desk) -> None:
    done = desk.play("ready; r; s", "--as", "systemd", "--watchdog", "5s")

    for words in (
        "READY=1",
        "RELOADING=1 MONOTONIC_USEC=",
        "STOPPING=1",
        "EXTEND_TIMEOUT_USEC=",
        "WATCHDOG=1",
    ):
        assert words in done.stdout


@pytest.mark.slow
def test_a_service_that_runs_itself_anew_does_not_stop(tmp_path: Path) -> None:
    done = Desk(tmp_path, AGAIN).play(
        "ready; expect reloaded; sleep 4500ms; s", "--as", "systemd", "--stop-timeout", "4s"
    )

    assert done.returncode == 0, done.stdout
    assert "active (running), reloaded" in done.stdout


@pytest.mark.slow
def test_a_run_in_a_thread_crashes_as_well(tmp_path: Path) -> None:
    done = Desk(tmp_path, PLAIN).play("ready; p; p; c; s; ready")

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_programs_read_an_object_a_line(desk: Desk) -> None:
    done = desk.play("ready; expect letter.sent", "-o", "json", "--as", "scm")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"at", "who", "event", "text"} <= lines[0].keys()
    assert "SERVICE_RUNNING" in [each.get("facts", {}).get("state") for each in lines]
    assert lines[-1]["event"] == "passed"


@pytest.mark.slow
def test_what_follows_two_dashes_is_for_run(desk: Desk) -> None:
    done = desk.play("ready", "--", "--config", "none.toml")

    assert done.returncode == 1
    assert "mailer has no configuration" in done.stdout


# at a terminal


@pytest.mark.slow
def test_keys_control_it_and_the_terminal_is_given_back(desk: Desk) -> None:
    with desk.at_a_terminal() as person:
        before = person.modes()
        person.sees("q quit")
        pid = person.sees_pid()
        person.sees("running")
        person.presses("p")
        person.sees("paused")
        person.presses("p")
        person.sees("running")
        person.presses("r")
        person.sees("read anew")
        person.presses("l")
        person.sees("it logs from debug on")
        person.sees("letter.weighed")
        person.presses("l")
        person.sees("it logs as before")
        person.presses("h")
        person.sees("q quit")
        person.presses("c")
        person.sees("crash report: ")
        person.presses("s")
        again = person.sees_pid()
        person.sees("running")
        person.presses("q")
        status = person.leaves()
        after = person.modes()

    assert status == 0
    assert pid != again
    assert not alive(again)
    assert after == before


@pytest.mark.slow
def test_ctrl_c_stops_it_in_order_and_ends(desk: Desk) -> None:
    with desk.at_a_terminal() as person:
        pid = person.sees_pid()
        person.sees("running")
        person.program.send_signal(signal.SIGINT)
        status = person.leaves()

    assert status == 0
    assert "ended: status 0" in person.seen
    assert not alive(pid)


@pytest.mark.slow
def test_new_code_runs_in_a_new_process_and_code_that_cannot_run_changes_nothing(
    desk: Desk,
) -> None:
    with desk.at_a_terminal() as person:
        first = person.sees_pid()
        person.sees("version 1")
        desk.file.write_text(MAILER.replace("VERSION = 1", "VERSION = = 2"))
        mistake = person.sees("the service runs on with the code it has")
        kept = alive(first)
        desk.file.write_text(MAILER.replace("VERSION = 1", "VERSION = 222"))
        person.sees("ended: status 0")
        second = person.sees_pid()
        person.sees("version 222")
        person.presses("q")
        status = person.leaves()

    assert f"{desk.file}:23:11: invalid syntax" in mistake
    assert kept
    assert second != first
    assert status == 0


@pytest.mark.slow
def test_a_start_that_fails_waits_for_better_code(desk: Desk) -> None:
    with desk.at_a_terminal() as person:
        person.sees("version 1")
        desk.file.write_text(MAILER.replace("VERSION = 1", "import nothing_there"))
        person.sees("No module named 'nothing_there'")
        person.sees("it does not run")
        desk.file.write_text(MAILER.replace("VERSION = 1", "VERSION = 333"))
        person.sees("version 333")
        person.presses("q")
        status = person.leaves()

    assert status == 0


@pytest.mark.slow
def test_a_debugger_that_dies_leaves_nothing_behind(desk: Desk) -> None:
    with desk.at_a_terminal() as person:
        pid = person.sees_pid()
        person.sees("running")
        person.program.kill()
        person.program.wait(PATIENCE)

    until(lambda: not alive(pid))
