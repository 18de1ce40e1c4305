"""``svcctl up`` tells people while it runs, and what there is to tell before it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

TOLD = """
[alerting.channels.hook]
kind = "webhook"
url = "{url}/hook"
[alerting.priorities.P0]
channels = ["hook"]
[alerting.priorities.P1]
channels = ["hook"]
group_wait = "1h"
"""
GIVES_UP = """
[services.web]
exec = ["sh", "-c", "exit 3"]
restart = { max = 1, delay = "50ms" }
"""
SLEEPS = """
[services.db]
exec = ["sleep", "1000"]
"""


class Front:
    """A terminal in which ``up`` is run."""

    def __init__(self, box: Any) -> None:
        self.box = box
        self.runs: list[subprocess.Popen[bytes]] = []

    def up(self, file: Path) -> subprocess.Popen[bytes]:
        with (self.box.home / "up.log").open("ab") as log:
            run = subprocess.Popen(
                [sys.executable, "-m", "svcctl", "up", str(file)],
                env=self.box.environ(),
                cwd=self.box.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.runs.append(run)
        return run

    def said(self) -> str:
        return str((self.box.home / "up.log").read_text())

    def close(self) -> None:
        for run in self.runs:
            if run.poll() is None:
                run.send_signal(signal.SIGTERM)
                run.send_signal(signal.SIGTERM)
                run.wait(60)


@pytest.fixture
def front(box: Any, sink: Any) -> Iterator[Front]:
    assert sink.url  # it is there until the last run has ended
    made = Front(box)
    yield made
    made.close()


def test_what_gives_up_is_told_while_the_rest_runs_on(front: Front, sink: Any, until: Any) -> None:
    file = front.box.write(GIVES_UP + SLEEPS + TOLD.format(url=sink.url))

    run = front.up(file)

    until(lambda: sink.titles == ["[P0] web: service_down"], what="it is told")
    assert run.poll() is None


def test_the_last_that_gives_up_is_told_before_up_ends(front: Front, sink: Any) -> None:
    file = front.box.write(GIVES_UP + TOLD.format(url=sink.url))

    assert front.up(file).wait(60) == 1

    assert sink.titles == ["[P0] web: service_down"]


def test_a_channel_that_refuses_holds_up_nobody_in_a_hurry(
    front: Front, sink: Any, until: Any
) -> None:
    sink.status = 503
    file = front.box.write(GIVES_UP + TOLD.format(url=sink.url))
    run = front.up(file)
    until(lambda: sink.refused, what="the channel refuses")

    until(lambda: "gave up" in front.said(), what="all is over")
    run.send_signal(signal.SIGINT)

    assert run.wait(60) == 1
    sink.status = 200
    front.up(file).wait(60)
    assert "[P0] web: service_down" in sink.titles


def test_nobody_is_told_once_the_file_no_longer_says_whom(front: Front, sink: Any) -> None:
    file = front.box.write(GIVES_UP + TOLD.format(url=sink.url))
    front.up(file).wait(60)
    told = len(sink.titles)
    file.write_text(GIVES_UP)

    assert front.up(file).wait(60) == 1

    assert len(sink.titles) == told


def test_rules_of_what_runs_in_the_foreground_are_told_of(
    front: Front, sink: Any, until: Any
) -> None:
    rule = """
        [services.db]
        exec = ["sh", "-c", "echo PANIC; exec sleep 1000"]
        [[services.db.rules]]
        name = "panic"
        match = "PANIC"
        severity = "P0"
    """
    front.up(front.box.write(rule + TOLD.format(url=sink.url)))

    until(lambda: sink.titles == ["[P0] db: rule"], what="it is told")
