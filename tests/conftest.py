"""What holds for every test.

In CI a skipped test is a failed one: what was never run must not look as if it had passed.  And
no test fails because the machine was busy: a drawn example has no time limit.
"""

from __future__ import annotations

import os

import pytest

ANOTHER_SYSTEM = (
    "needs Windows",
    "needs macOS",
    "needs Linux",
    "Wine cannot",
    "needs the labelled data",
)
"""What a reason may begin with: things that no package can bring to a machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Take the time limits off drawn examples."""
    if not config.pluginmanager.has_plugin("hypothesispytest"):
        return  # a machine of the lab that draws none
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "svcctl", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
    )
    settings.load_profile("svcctl")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a CI run in which tests were skipped."""
    if os.environ.get("CI") and _skipped(session.config) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which tests were skipped, and why."""
    skipped = _skipped(config)
    if not os.environ.get("CI") or not skipped:
        return
    terminalreporter.section("skipped, which counts as failed in CI", red=True)
    for line in skipped:
        terminalreporter.write_line(line)


def _skipped(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker of xdist: only its controller knows all
        return []
    found = {_place_and_reason(report) for report in reporter.stats.get("skipped", ())}
    return sorted(
        f"{place}: {reason}" for place, reason in found if not reason.startswith(ANOTHER_SYSTEM)
    )


def _place_and_reason(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str]:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return report.nodeid, reason.removeprefix("Skipped: ")
