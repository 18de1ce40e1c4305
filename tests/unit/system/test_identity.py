"""A process is told from another one that has got its pid."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from svcctl.system.identity import identify, started_at


def test_a_process_stays_the_same_while_it_lives() -> None:
    assert identify(os.getpid()) == identify(os.getpid()) is not None


def test_one_that_has_ended_is_nobody() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as program:
        program.wait(60)

    assert identify(program.pid) is None


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="needs Linux or another system with zombies")
def test_one_that_only_waits_for_its_parent_to_notice_is_nobody() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as program:
        os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)

        assert identify(program.pid) is None


def test_when_it_was_started_is_told_by_the_clock_on_the_wall() -> None:
    before = time.time()
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as program:
        found = identify(program.pid)
        assert found is not None

        at = started_at(found)

        program.kill()
    assert at == 0.0 or before - 2 <= at <= time.time() + 2
