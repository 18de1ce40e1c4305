"""What every report to a manager must do: take whatever a service says, and hurt it never."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.ports import HostPhase, HostReport
from svcctl.sdk.phases import Phase
from svcctl.sdk.surroundings import Terminal
from svcctl.system.systemd.report import SystemdReport
from svcctl.testing.recorder import RecordingReport

REPORTS: dict[str, Callable[[Path], HostReport]] = {
    "fake": lambda _: RecordingReport(lambda: Phase.RUNNING),
    "terminal": lambda _: Terminal("web"),
    "systemd": lambda folder: SystemdReport({"NOTIFY_SOCKET": str(folder / "nobody.sock")}),
    "nobody": lambda _: SystemdReport({}),
}


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest, tmp_path: Path) -> HostReport:
    return REPORTS[request.param](tmp_path)


@pytest.mark.parametrize("phase", HostPhase)
def test_every_phase_may_be_told_again_and_again(report: HostReport, phase: HostPhase) -> None:
    for text in ("", "as it goes", "two\nlines", "wörds 🙂"):
        report.tell(phase, text=text, within=15.0)
        report.tell(phase, text=text)


def test_a_reload_may_be_over_that_never_began(report: HostReport) -> None:
    report.reloading(over=True)
    report.reloading(over=False)
    report.reloading(over=True)
