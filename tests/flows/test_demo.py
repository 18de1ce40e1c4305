"""``svcctl demo`` ends by itself, tells what happened, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE, Box, Ran

pytestmark = pytest.mark.slow


@pytest.fixture
def temporary(box: Box, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the demo makes its own."""
    folder: Path = box.home / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def shop_pids() -> set[int]:
    found = set()
    for each in Path("/proc").iterdir():
        try:
            if each.name.isdigit() and b"svcctl.cli.shop" in (each / "cmdline").read_bytes():
                found.add(int(each.name))
        except OSError:
            continue
    return found


def home_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def mine(temporary: Path) -> set[int]:
    """Give the shop's programs that this very test started."""
    return {pid for pid in shop_pids() if f"TMPDIR={temporary}".encode() in home_of(pid)}


def demonstrated(box: Box) -> Ran:
    """Run it, for longer on a machine where not everything comes to break and heal by then."""
    for seconds in (8, 20):
        ran = box.cli("demo", "--for", f"{seconds}s", "-o", "json")
        kinds = {each["kind"] for each in ran.json()["incidents"]}
        if ran.status == 0 and kinds == {"crash", "hang", "leak"}:
            return ran
    return box.cli("demo", "--for", "50s", "-o", "json", within=150.0)


def test_the_shop_breaks_in_every_way_and_heals(box: Box, temporary: Path) -> None:
    ran = demonstrated(box)

    report = ran.json()
    assert ran.status == 0, ran.err
    assert report["healed"] is True
    assert report["crashes_healed"] >= 1
    assert report["hangs_caught"] >= 1
    assert report["leaks_caught"] >= 1
    assert 0 < report["time_to_heal"]["median"] <= report["time_to_heal"]["max"]
    assert {each["service"] for each in report["services"]} == {
        *("database", "web", "worker", "scheduler", "report")
    }
    kinds = [each["kind"] for each in report["incidents"]]
    assert kinds.count("crash") == report["crashes_healed"]
    assert mine(temporary) == set()
    assert not list(temporary.glob("svcctl-demo-*"))


def test_ctrl_c_ends_it_with_a_report_and_leaves_nothing(
    box: Box, temporary: Path, until: Callable[..., Any]
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "svcctl", "demo", "--for", "10m"],
        env=box.environ(),
        cwd=box.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: len(mine(temporary)) >= 2, what="the shop is open")

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode in {0, 1}
    assert "crashes healed" in out
    assert mine(temporary) == set()
    assert not list(temporary.glob("svcctl-demo-*"))
