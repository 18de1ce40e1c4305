"""``svcctl up`` as people meet it: a real process, real signals, lines on a pipe."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE

pytestmark = pytest.mark.slow

PYTHON = json.dumps(sys.executable)
COUNTING = "import time\nfor n in range(9999): print(n, flush=True); time.sleep(0.05)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('no', flush=True)"


@dataclass
class Up:
    """A running ``svcctl up``, and what it has written so far."""

    process: subprocess.Popen[str]
    out: Path
    err: Path

    def said(self) -> str:
        return self.out.read_text()

    def talked(self) -> str:
        return self.err.read_text()

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def status(self) -> int:
        return self.process.wait(PATIENCE)


@dataclass
class Street:
    """A box in which ``up`` is run again and again."""

    box: Any
    ups: list[Up] = field(default_factory=list)

    def up(self, *args: str) -> Up:
        number = len(self.ups)
        out, err = (self.box.home / f"up-{number}.{each}" for each in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "svcctl", "up", *args],
                env=self.box.environ(),
                cwd=self.box.home,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                text=True,
            )
        self.ups.append(Up(process, out, err))
        return self.ups[-1]


@pytest.fixture
def street(box: Any) -> Iterator[Street]:
    made = Street(box)
    yield made
    for each in made.ups:
        if each.process.poll() is None:
            each.process.terminate()
            try:
                each.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait(PATIENCE)


def script(text: str) -> str:
    return f'exec = [{PYTHON}, "-c", {json.dumps(text)}]'


def pids(said: str) -> list[int]:
    return [int(line.split("pid ")[1].rstrip(")")) for line in said.splitlines() if "(pid" in line]


def test_every_line_shows_who_wrote_it_and_where(street: Street) -> None:
    street.box.write(f"""
        [services.job]
        type = "oneshot"
        {script("import sys; print('done'); print('hm', file=sys.stderr)")}
        [services.longer-name]
        type = "oneshot"
        {script("print('also')")}
    """)

    run = street.up()

    assert run.status() == 0
    lines = run.said().splitlines()
    assert "job         | done" in lines
    assert "job         ! hm" in lines
    assert "longer-name | also" in lines
    assert "job         · finished" in lines
    assert "\x1b" not in run.said()
    assert "control it from another terminal: svcctl --home " in run.talked()


def test_oneshots_that_are_done_end_it_and_run_once_more_the_next_time(street: Street) -> None:
    street.box.write(f"""
        [services.a]
        type = "oneshot"
        {script("print('a ran')")}
        [services.b]
        type = "oneshot"
        needs = {{ a = "done" }}
        {script("print('b ran')")}
    """)

    first = street.up()
    assert first.status() == 0
    second = street.up()
    assert second.status() == 0

    for run in (first, second):
        assert [run.said().count(f"{name} ran") for name in "ab"] == [1, 1]
        assert run.said().index("a ran") < run.said().index("b ran")


def test_one_that_gives_up_makes_the_exit_status_1(street: Street) -> None:
    street.box.write(f"""
        [services.bad]
        restart = {{ delay = "10ms", max = 2 }}
        {script("raise SystemExit(3)")}
    """)

    run = street.up()

    assert run.status() == 1
    assert "bad · crashed (exit code 3); restart in 0.0s (1 of 2)" in run.said()
    assert "bad · failed: gave up after 3 failures" in run.said()
    assert "gave up: bad" in run.talked()


def test_ctrl_c_stops_dependants_first_and_ends_with_0(
    street: Street, until: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    street.box.write("""
        [services.db]
        exec = ["sleep", "1000"]
        [services.web]
        exec = ["sleep", "1000"]
        needs = ["db"]
    """)
    run = street.up()
    until(lambda: "web · ready" in run.said(), what="web is ready")

    run.interrupt()

    assert run.status() == 0
    said = run.said()
    assert said.index("web · stopped") < said.index("db  · stopping")
    assert "stopping all services in order; Ctrl-C again kills them" in run.talked()
    assert not [pid for pid in pids(said) if alive(pid)]


def test_a_second_ctrl_c_kills_what_will_not_stop_and_starts_nothing_again(
    street: Street, until: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    street.box.write(f"""
        [services.db]
        restart.delay = "0s"
        exec = ["sleep", "1000"]
        [services.web]
        {script(f"{STUBBORN}; time.sleep(1000)")}
        needs = ["db"]
        stop.timeout = "10m"
    """)
    run = street.up()
    until(lambda: "web | no" in run.said(), what="web ignores signals")
    run.interrupt()
    until(lambda: "web · stopping" in run.said(), what="web is asked to stop")

    run.interrupt()

    assert run.status() == 130
    assert run.said().count("started") == 2
    assert not [pid for pid in pids(run.said()) if alive(pid)]


def test_names_start_only_those_with_what_they_need(
    street: Street, until: Callable[..., Any]
) -> None:
    file = street.box.write("""
        [services.db]
        exec = ["sleep", "1000"]
        start = "manual"
        [services.web]
        exec = ["sleep", "1000"]
        needs = ["db"]
        [services.other]
        exec = ["sleep", "1000"]
    """)

    run = street.up(str(file), "web")
    until(lambda: "web   · ready" in run.said() or "web · ready" in run.said(), what="web is up")
    run.interrupt()

    assert run.status() == 0
    assert "db " in run.said()
    assert "other" not in run.said()


def test_an_unknown_name_starts_nothing(street: Street) -> None:
    street.box.write('[services.web]\nexec = ["sleep", "1000"]')

    run = street.up("wbe")

    assert run.status() == 4
    assert "no service 'wbe'" in run.talked()
    assert run.said() == ""


def test_the_same_files_cannot_be_up_twice(street: Street, until: Callable[..., Any]) -> None:
    street.box.write('[services.web]\nexec = ["sleep", "1000"]')
    first = street.up()
    until(lambda: "web · ready" in first.said(), what="web is ready")

    second = street.up()

    assert second.status() == 1
    assert "error[SVC-1600]: this is up already" in second.talked()
    assert str(first.process.pid) in second.talked()


def test_what_a_killed_up_left_running_is_taken_over(
    street: Street, until: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    street.box.write(f"[services.web]\n{script(COUNTING)}")
    first = street.up()
    until(lambda: "web | 3" in first.said(), what="web writes")
    (pid,) = pids(first.said())
    first.process.kill()
    first.process.wait(PATIENCE)

    second = street.up()
    until(lambda: "web | " in second.said(), what="web's output is seen again")

    assert alive(pid)
    assert f"web · found running (pid {pid})" in second.said()
    assert "started" not in second.said()
    second.interrupt()
    assert second.status() == 0
    assert not alive(pid)


def test_another_terminal_controls_it(street: Street, until: Callable[..., Any]) -> None:
    street.box.write('[services.web]\nexec = ["sleep", "1000"]')
    run = street.up()
    until(lambda: "web · ready" in run.said(), what="web is ready")
    home = run.talked().split("--home ")[1].split()[0]

    found = street.box.ok("--home", home, "status", "-o", "json").json()
    street.box.ok("--home", home, "stop", "web")

    assert [each["instance"] for each in found] == ["web"]
    assert run.status() == 0, "nothing is left to wait for"


def test_a_reader_that_goes_away_ends_it(street: Street, alive: Callable[[int], bool]) -> None:
    street.box.write(f"[services.web]\n{script(COUNTING)}")
    process = subprocess.Popen(
        [sys.executable, "-m", "svcctl", "up"],
        env=street.box.environ(),
        cwd=street.box.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    (pid,) = pids(process.stdout.readline())
    process.stdout.close()

    process.wait(PATIENCE)

    assert not alive(pid)


def test_on_a_terminal_names_are_coloured_and_ctrl_c_is_a_key(street: Street) -> None:
    street.box.write('[services.web]\nexec = ["sleep", "1000"]')
    environ = {**street.box.environ(), "TERM": "xterm"}
    del environ["NO_COLOR"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(street.box.home)
        os.execve(sys.executable, [sys.executable, "-m", "svcctl", "up"], environ)

    shown, pressed, deadline = b"", False, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            shown += os.read(terminal, 65536)
        except OSError:
            break
        if b"ready" in shown and not pressed:
            pressed = os.write(terminal, b"\x03") > 0
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)

    assert status == 0
    assert b"\x1b[36mweb" in shown
    assert b"stopping all services in order" in shown


def test_detach_hands_it_to_an_agent_and_comes_back(street: Street) -> None:
    file = street.box.write("""
        [services.db]
        exec = ["sleep", "1000"]
        [services.web]
        exec = ["sleep", "1000"]
        needs = ["db"]
        [services.other]
        exec = ["sleep", "1000"]
    """)

    run = street.box.ok("up", str(file), "web", "--detach")

    assert {each["instance"]: each["phase"] for each in street.box.status()} == {
        "db": "running",
        "web": "running",
    }
    assert "next: svcctl status" in run.err
