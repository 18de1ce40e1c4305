"""A project that ``new`` has written passes its tests, is well defined, runs and stops."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import PATIENCE, Box, box, until

__all__ = ["box"]


@pytest.mark.slow
@pytest.mark.parametrize("style", [[], ["--app"]], ids=["class", "app"])
def test_a_new_project_works_at_once(box: Box, tmp_path: Path, style: list[str]) -> None:
    folder = tmp_path / "order-mailer"

    made = box.cli("new", "order-mailer", "--dir", str(folder), *style)
    tested = _python(box, folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    checked = box.cli("check", str(folder / "svcctl.toml"))

    assert made.status == 0
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout
    assert (checked.status, checked.out) == (0, "1 service, no mistakes\n")


@pytest.mark.slow
def test_a_new_service_runs_and_stops_at_sigterm(box: Box, tmp_path: Path) -> None:
    folder = tmp_path / "mailer"
    box.cli("new", "mailer", "--dir", str(folder))

    with subprocess.Popen(
        [sys.executable, "mailer.py", "run", "--set", "greeting=moin"],
        cwd=folder,
        env=box.environ(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        status = process.wait(PATIENCE)

    assert (first["event"], first["number"], first["greeting"]) == ("beat", 1, "moin")
    assert status == 0


@pytest.mark.slow
def test_svcctl_keeps_a_new_service(box: Box, tmp_path: Path) -> None:
    folder = tmp_path / "mailer"
    box.cli("new", "mailer", "--dir", str(folder))

    with subprocess.Popen(
        [sys.executable, "-m", "svcctl", "up", str(folder / "svcctl.toml")],
        cwd=folder,
        env=box.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        beat = until(lambda: next((each for each in lines if '"beat"' in each), None))
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=PATIENCE)[0]

    assert '"service":"mailer"' in beat
    assert process.returncode == 0, rest


def _python(box: Box, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args],
        cwd=folder,
        env=box.environ(),
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
