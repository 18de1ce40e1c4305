"""Prometheus itself reads what the agent tells, and its own tool finds no fault with it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.flows.conftest import PATIENCE, Box, until
from tests.flows.prometheus import ask, get, prometheus, tool

pytestmark = [pytest.mark.slow, pytest.mark.posix]

SERVICES = """
[services.web]
exec = ["sh", "-c", "echo 'ERROR once'; exec sleep 600"]
[[services.web.health]]
exec = ["true"]
interval = "200ms"
[services.bad]
exec = ["false"]
restart = { policy = "never" }
"""


def scraped(box: Box) -> str:
    """Start an agent with a port for scrapers; give its address."""
    box.variables["SVCCTL_AGENT_METRICS_PORT"] = "0"
    box.start_agent()
    box.apply(SERVICES, "--no-wait")
    box.until_phase("web", "running")
    (found,) = re.findall(r"agent\.metrics url='http://([^/]+)/metrics'", box.said())
    return str(found)


def test_its_own_tool_finds_no_fault_with_the_page(box: Box) -> None:
    address = scraped(box)
    error = 'log_lines_total{service="web",service_instance="web",stream="stdout",level="error"} 1'

    def told() -> str:
        page = get(f"http://{address}/metrics")
        return page if error in page and "svcctl_probe_duration_seconds{" in page else ""

    page = until(told, what="a probe and a line are counted")

    done = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=page,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_command_prints_the_same_page(box: Box) -> None:
    box.start_agent()

    page = box.ok("metrics").out

    assert 'svcctl_verbs_total{verb="agent-status",result="done"}' in page
    assert page.endswith("\n")


def test_nobody_listens_unless_a_port_is_chosen(box: Box) -> None:
    agent = box.start_agent()

    sockets = subprocess.run(
        ["ls", "-l", f"/proc/{agent.pid}/fd"], capture_output=True, text=True, check=True
    )
    inodes = re.findall(r"socket:\[(\d+)\]", sockets.stdout)

    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    assert not [line for line in listening if line.split()[9] in inodes]


def test_an_agent_whose_port_somebody_has_keeps_services_and_says_so(
    box: Box, tmp_path_factory: pytest.TempPathFactory
) -> None:
    address = scraped(box)
    other = Box(tmp_path_factory.mktemp("other"))
    other.variables["SVCCTL_AGENT_METRICS_PORT"] = address.partition(":")[2]

    agent = other.start_agent()
    box.agents.append(agent)  # gone afterwards, whatever comes
    other.apply(SERVICES, "--no-wait")

    other.until_phase("web", "running")
    assert f"no metrics on {address}" in other.said()
    assert "--metrics-port" in other.said()
    other.ok("agent", "stop")
    agent.wait(PATIENCE)


def test_prometheus_scrapes_an_agent(box: Box, tmp_path: Path) -> None:
    address = scraped(box)

    with prometheus(tmp_path, address) as server:
        (up,) = until(lambda: ask(server, "svcctl_service_up == 1"), what="it has scraped")
        (ended,) = until(lambda: ask(server, 'svcctl_service_exits_total{status="1"}'))
        (target,) = json.loads(get(f"http://{server}/api/v1/targets"))["data"]["activeTargets"]

    assert (up["metric"]["service"], up["metric"]["service_instance"]) == ("web", "web")
    assert up["metric"]["instance"] == address  # that of Prometheus, which ours must not hide
    assert (ended["metric"]["service"], ended["value"][1]) == ("bad", "1")
    assert (target["health"], target["lastError"]) == ("up", "")
