"""The same file lives the same life at a terminal, under sd_notify and under an agent."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.conftest import PATIENCE, Box, box, until
from tests.flows.sdk.place import Place

__all__ = ["box"]

MAILER = '''
import asyncio, os, sys
from svcctl import Context, Service, check, every

HERE = os.path.dirname(os.path.abspath(__file__))


def note(line):
    with open(os.path.join(HERE, "heard"), "a") as file:
        file.write(line + "\\n")


class Mailer(Service):
    """Sends mail."""

    drain_timeout = "5s"

    async def run(self, ctx: Context) -> None:
        ctx.on_stop(lambda: note("closed"))
        note("started")
        async for _ in ctx.ticks("20ms"):
            note("tick")
            if os.path.exists(os.path.join(HERE, "crash")):
                raise ValueError("as told")

    def on_reload(self, old, new):
        note("reload")

    def on_stop(self, reason):
        note(f"stop {reason}")


if __name__ == "__main__":
    Mailer.main()
'''

HANGING = """
import threading, time
from svcctl import ThreadContext, serve


def stuck(ctx: ThreadContext) -> None:
    threading.Thread(target=time.sleep, args=(60,), name="sleeper", daemon=False).start()
    ctx.ready()
    ctx.stopped()


if __name__ == "__main__":
    serve(stuck)
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A mailer."""
    return Place(tmp_path, MAILER)


def ended(program: subprocess.Popen[str]) -> str:
    """Wait for its end and give what it wrote."""
    program.wait(PATIENCE)
    assert program.stderr is not None
    return program.stderr.read()


@pytest.mark.slow
def test_at_a_terminal_it_tells_its_phases_and_ends_at_ctrl_c(place: Place) -> None:
    with place.started() as program:
        until(lambda: "tick" in place.heard())
        program.send_signal(signal.SIGHUP)
        until(lambda: "reload" in place.heard())
        program.send_signal(signal.SIGINT)
        said = ended(program)

    assert program.returncode == 0
    assert said.splitlines()[:2] == ["mailer: starting", "mailer: running"]
    assert place.heard()[0] == "started"
    assert place.heard()[-2:] == ["stop stop", "closed"]


@pytest.mark.slow
def test_a_crash_lets_go_of_everything_and_exits_with_70(place: Place) -> None:
    (place.folder / "crash").touch()

    with place.started("run") as program:
        ended(program)

    assert program.returncode == 70
    last = json.loads((place.folder / "out").read_text().splitlines()[-1])
    assert (last["event"], last["level"], last["where"]) == ("service.crashed", "critical", "run")
    assert "as told" in str(last)
    (report,) = (place.folder / "state" / "crashes").glob("*.json")
    assert "as told" in report.read_text()
    assert place.heard()[-2:] == ["stop run failed", "closed"]


@pytest.mark.slow
def test_whoever_listens_by_sd_notify_hears_the_whole_life(place: Place) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as board:
        board.bind(str(place.folder / "notify"))
        board.settimeout(PATIENCE)
        said: list[str] = []

        def hear(word: str) -> None:
            while not any(word in each for each in said):
                said.append(board.recv(65536).decode())

        with place.started(
            "run", NOTIFY_SOCKET=str(place.folder / "notify"), WATCHDOG_USEC="400000"
        ) as program:
            hear("READY=1")
            hear("WATCHDOG=1")
            program.send_signal(signal.SIGHUP)
            hear("RELOADING=1")
            hear("MONOTONIC_USEC=")
            program.terminate()
            hear("STOPPING=1")
            program.wait(PATIENCE)

    assert program.returncode == 0
    assert any("STATUS=starting" in each for each in said[:3])


@pytest.mark.slow
def test_a_thread_that_never_ends_does_not_keep_the_process(tmp_path: Path) -> None:
    place = Place(tmp_path, HANGING)

    with place.started() as program:
        assert program.stderr is not None
        until_line(program.stderr.readline, "running")
        program.terminate()
        said = ended(program)

    assert program.returncode == 0
    assert "sleeper" in said


@pytest.mark.slow
def test_an_agent_keeps_it_as_it_keeps_any_program(place: Place, box: Box) -> None:
    box.start_agent()
    (box.home / "svcctl.toml").write_text(
        f"""[services.mailer]
exec = [{sys.executable!r}, {str(place.file)!r}]
ready = "notify"
reload.signal = "HUP"
"""
    )

    box.ok("apply", str(box.home / "svcctl.toml"), "--yes")
    ready = box.ok("status", "mailer", "-o", "json").out
    box.ok("reload", "mailer")
    until(lambda: "reload" in place.heard())
    box.ok("stop", "mailer")

    assert '"running"' in ready
    assert place.heard()[-2:] == ["stop stop", "closed"]


def test_its_help_and_its_mistakes_are_told_plainly(place: Place) -> None:
    helped = place.says("--help")
    mistaken = place.says("fly")

    assert "install" in helped.stdout
    assert "What follows -- is for run" in place.says("install", "--help").stdout
    assert helped.returncode == 0
    assert "mailer has no 'fly'" in mistaken.stderr
    assert mistaken.returncode == 2
    assert not place.heard()


@pytest.mark.slow
def test_install_hands_itself_over_to_svcctl(place: Place, box: Box) -> None:
    box.start_agent()

    done = subprocess.run(
        [sys.executable, str(place.file), "install", "--dry-run", "--manager", "agent"],
        env=box.environ(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert str(place.file) in done.stdout
    assert "Sends mail." in done.stdout
    assert "notify" in done.stdout


def until_line(read: Callable[[], str], word: str) -> None:
    """Read lines until one has *word* in it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if word in read():
            return
    pytest.fail(f"no line with {word!r}")
