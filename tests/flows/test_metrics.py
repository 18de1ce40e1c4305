"""Prometheus itself reads what the agent tells, and its own tool finds no fault with it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import Box, until

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


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def scraped(box: Box) -> str:
    """Start an agent with a port for scrapers; give its address."""
    box.variables["SVCCTL_AGENT_METRICS_PORT"] = "0"
    box.start_agent()
    box.apply(SERVICES, "--no-wait")
    box.until_phase("web", "running")
    (found,) = re.findall(r"agent\.metrics url='http://([^/]+)/metrics'", box.said())
    return str(found)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_its_own_tool_finds_no_fault_with_the_page(box: Box) -> None:
    address = scraped(box)
    until(lambda: "svcctl_probe_duration_seconds{" in get(f"http://{address}/metrics"))
    page = get(f"http://{address}/metrics")

    done = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=page,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (
        'log_lines_total{service="web",service_instance="web",stream="stdout",level="error"} 1'
        in page
    )


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
    agent.wait(20)


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """Run Prometheus on a port of its own, scraping *target*; give its address."""
    config = {
        "global": {"scrape_interval": "500ms"},
        "scrape_configs": [{"job_name": "svcctl", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    with (folder / "log").open("w+") as log:
        server = subprocess.Popen(
            [
                tool("prometheus"),
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            yield until(lambda: listening_on(server.pid), what=f"{folder}/log")
        finally:
            server.terminate()
            server.wait(10)


def listening_on(pid: int) -> str:
    """Give the one TCP address that a process listens on, as the kernel has it; empty: none."""
    inodes = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes |= set(re.findall(r"socket:\[(\d+)\]", str(each.readlink())))
        except FileNotFoundError:
            continue
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[9] in inodes and fields[3] == "0A":
            return f"127.0.0.1:{int(fields[1].partition(':')[2], 16)}"
    return ""


def ask(server: str, query: str) -> list[dict[str, Any]]:
    asked = urllib.parse.urlencode({"query": query})
    try:
        found = json.loads(get(f"http://{server}/api/v1/query?{asked}"))
    except urllib.error.URLError:  # it is not ready yet
        return []
    result: list[dict[str, Any]] = found["data"]["result"]
    return result


def test_prometheus_scrapes_an_agent(box: Box, tmp_path: Path) -> None:
    address = scraped(box)

    with prometheus(tmp_path, address) as server:
        until(lambda: ask(server, "svcctl_service_up == 1"), what="it has scraped")
        (up,) = ask(server, "svcctl_service_up == 1")
        (ended,) = ask(server, 'svcctl_service_exits_total{status="1"}')
        (target,) = json.loads(get(f"http://{server}/api/v1/targets"))["data"]["activeTargets"]

    assert (up["metric"]["service"], up["metric"]["service_instance"]) == ("web", "web")
    assert up["metric"]["instance"] == address  # that of Prometheus, which ours must not hide
    assert (ended["metric"]["service"], ended["value"][1]) == ("bad", "1")
    assert (target["health"], target["lastError"]) == ("up", "")
