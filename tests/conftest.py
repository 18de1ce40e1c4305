"""What holds for every test.

In CI a skipped test is a failed one: what was never run must not look as if it had passed.  And
no test fails because the machine was busy, or speaks another language: a drawn example has no time
limit and is the same each time in CI, and everything is said in English unless a test wants
otherwise.  What takes minutes is begun
first, so that nobody waits for it at the end.

``BESIDE_LINUX`` is set where the same tests run on Linux too, see tests/labs/wine-pytest: fewer
examples are drawn then, as the other run draws them all.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Sequence

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
    """Have everything speak English and hear Ctrl-C; take the time limits off drawn examples."""
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ.pop("SVCCTL_LANG", None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it in its background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not config.pluginmanager.has_plugin("hypothesispytest"):
        return  # a machine of the lab that draws none
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "svcctl",
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
    )
    settings.register_profile(
        "beside linux", parent=settings.get_profile("svcctl"), max_examples=20
    )
    settings.load_profile("beside linux" if os.environ.get("BESIDE_LINUX") else "svcctl")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes."""
    items[:] = long_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT") or 1))


def long_first(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Give *items* with the long ones dealt to all *workers*, so that each begins with some.

    The worksteal scheduler of xdist cuts the list into as many pieces of one size.
    """
    long = [each for each in items if each.get_closest_marker("long")]
    others = iter([each for each in items if not each.get_closest_marker("long")])
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        size = (len(items) - len(ordered)) // (workers - worker)
        dealt = long[worker::workers]
        ordered += [*dealt, *itertools.islice(others, max(0, size - len(dealt)))]
    return [*ordered, *others]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a CI run in which tests were skipped."""
    if os.environ.get("CI") and _skipped(session.config) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which tests were skipped, and why those failed that did not when they ran again."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"ran again: {report.nodeid}", yellow=True)
        terminalreporter.write_line(report.longreprtext)
        for title, text in report.sections:
            terminalreporter.section(title, sep="-")
            terminalreporter.write_line(text)
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
