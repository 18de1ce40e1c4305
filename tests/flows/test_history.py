"""A real agent writes down what services use, and the next one goes on with it."""

from __future__ import annotations

import pytest

from tests.flows.conftest import Box, until

pytestmark = [pytest.mark.slow, pytest.mark.posix]

SERVICES = """
[services.web]
exec = ["sleep", "600"]
"""


def test_the_past_is_drawn_and_outlives_the_agent(box: Box) -> None:
    box.variables["SVCCTL_AGENT_HISTORY"] = "1s"
    box.start_agent()
    box.apply(SERVICES)
    until(lambda: box.ok("history", "-o", "json").json()["instances"].get("web"))
    box.kill_agent()
    before = len(list_of(box))

    until(lambda: len(list_of(box)) > before, what="the next agent writes too")
    page = box.ok("top", "--since", "5m", "--once").out

    assert page.splitlines()[1].startswith("web")
    assert "KiB" in page or "MiB" in page


def test_an_agent_that_can_write_no_history_keeps_services_and_says_so(box: Box) -> None:
    box.variables["SVCCTL_AGENT_HISTORY"] = "1s"
    box.start_agent()
    (path,) = box.home.rglob("history.db")
    box.ok("agent", "stop")
    path.unlink()
    path.mkdir()

    box.start_agent()
    box.apply(SERVICES)

    assert "agent.no-history" in box.said()
    assert box.one("web")["phase"] == "running"


def list_of(box: Box) -> list[list[float]]:
    if not box.answers():
        box.start_agent()
    found: list[list[float]] = box.ok("history", "web", "-o", "json").json()["instances"]["web"]
    return found


def test_without_a_history_the_way_to_one_is_told(box: Box) -> None:
    box.start_agent()

    ran = box.cli("history")

    assert ran.status == 1
    assert "keeps no history" in ran.err
    assert "svcctl agent run --history 10s" in ran.err
    assert not list(box.home.rglob("history.db"))
