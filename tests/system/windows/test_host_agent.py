"""The agent as a service of Windows: the SCM starts and stops it, and with it what it keeps."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from svcctl.system.host_command import host_command

if TYPE_CHECKING:
    from tests.system.windows.programs.raw_scm import RawScm

pytestmark = pytest.mark.slow

AGENT = "svcctl-agent"
STOPPED, START_PENDING, STOP_PENDING, RUNNING = 1, 2, 3, 4
STOP, SHUTDOWN, PARAMCHANGE = 0x1, 0x4, 0x8

DEFINITION = """
[services.web]
manager = "agent"
exec = ['{python}', '-c', '''
import pathlib, time
print("here", flush=True)
try:
    while True: time.sleep(0.1)
except KeyboardInterrupt:
    pathlib.Path("heeded").touch()
''']
ready = "log:here"
"""


@pytest.fixture
def agent(raw_scm: RawScm, tmp_path: Path) -> Iterator[int]:
    """Give the process of an agent that the SCM started."""
    raw_scm.create(AGENT, list(host_command(AGENT, str(tmp_path / "home"))))
    process = 0
    try:
        raw_scm.start(AGENT)
        running = raw_scm.wait(AGENT, lambda now: now.state == RUNNING)[-1]
        process = raw_scm.open_process(running.pid)
        yield process
    finally:
        raw_scm.delete(AGENT, process=process)


def svcctl(home: Path, *words: str) -> str:
    """Have the command line talk to the agent of *home*; give what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "svcctl", *words],
        env=os.environ | {"SVCCTL_HOME": str(home), "NO_COLOR": "1"},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_stop_of_the_agent_stops_what_it_keeps_in_order(
    agent: int, raw_scm: RawScm, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "svcctl.toml").write_text(DEFINITION.format(python=sys.executable))
    svcctl(home, "apply", "svcctl.toml", "--yes")

    assert raw_scm.control(AGENT, 1) == 0
    seen = raw_scm.wait(AGENT, lambda now: now.state == STOPPED)
    raw_scm.join_process(agent, 30.0)

    assert (home / "heeded").exists()
    assert {each.state for each in seen[:-1]} <= {RUNNING, STOP_PENDING}
    assert seen[-1].win32_exit_code == 0


@pytest.mark.usefixtures("agent")
def test_an_agent_takes_no_pause(raw_scm: RawScm) -> None:
    assert raw_scm.status(AGENT).accepted == STOP | SHUTDOWN | PARAMCHANGE
    assert raw_scm.control(AGENT, 2) == 1052
    assert raw_scm.status(AGENT).state == RUNNING
