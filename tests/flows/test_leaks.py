"""Programs that leak fast are told of before they fall, by an agent that is real."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import Box, until

pytestmark = [pytest.mark.slow, pytest.mark.posix]


LEAKS = """
import os, sys, time
kept = []
while len(kept) < int(sys.argv[2]):
    kept.append(os.open("/dev/null", os.O_RDONLY) if sys.argv[1] == "files" else b"x" * 1_000_000)
    time.sleep(0.01)
time.sleep(600)
"""


def services(folder: Path) -> str:
    program = folder / "leaks.py"
    program.write_text(LEAKS)
    run = f'"{sys.executable}", "{program}"'
    return f"""
[services.memory]
exec = [{run}, "memory", "184"]
limits = {{ memory = "200MiB" }}
[services.files]
exec = [{run}, "files", "118"]
limits = {{ nofile = 128 }}
[services.calm]
exec = [{run}, "memory", "20"]
limits = {{ memory = "200MiB", nofile = 128 }}
"""


def findings(box: Box) -> dict[str, dict[str, Any]]:
    return {
        each["service"]: each["fields"] for each in box.events() if each["kind"] == "FindingMade"
    }


def test_what_is_nearly_used_up_is_told_while_it_runs_and_over_with_its_program(box: Box) -> None:
    box.variables["SVCCTL_AGENT_SAMPLE"] = "1s"
    box.start_agent()
    box.apply(services(box.home))

    until(lambda: {"memory", "files"} <= findings(box).keys())
    found = findings(box)
    shown = box.ok("top", "--once").out
    rows = {each["instance"]: each["trends"] for each in box.ok("top", "-o", "json").json()}
    box.kill_agent()
    box.start_agent()
    box.ok("stop", "memory", "files")

    assert found.keys() == {"memory", "files"}
    assert {each["priority"] for each in found.values()} == {"P1"}
    assert found["memory"]["subject"] == "memory"
    assert found["memory"]["observed"].endswith("of 200.0 MiB")
    assert found["files"]["subject"] == "open files"
    assert "nearly used up" in shown or "used up in" in shown
    assert [each["resource"] for each in rows["memory"]] == ["memory"]
    assert rows["calm"] == []
    patterns = {each["pattern"] for each in found.values()}
    until(lambda: patterns == set(ended(box)))


def ended(box: Box) -> list[str]:
    return [each["fields"]["pattern"] for each in box.events() if each["kind"] == "FindingEnded"]


def test_a_service_that_falls_again_and_again_flaps_and_settles_when_it_is_stopped(
    box: Box,
) -> None:
    box.start_agent()
    box.apply(
        """
[services.bad]
exec = ["sh", "-c", "sleep 0.1; exit 1"]
restart = { policy = "always", delay = "10ms", factor = 1, jitter = 0, max = 0 }
""",
        "--no-wait",
    )

    until(lambda: "bad" in findings(box))
    box.ok("stop", "bad")

    found = findings(box)["bad"]
    assert (found["kind"], found["subject"]) == ("flapping", "bad")
    until(lambda: ended(box) == [found["pattern"]])
    page = box.ok("metrics").out
    assert (
        'svcctl_service_restarts_total{service="bad",service_instance="bad",reason="exited"}'
        in page
    )
    assert 'svcctl_findings_total{service="bad",kind="flapping"} 1' in page
