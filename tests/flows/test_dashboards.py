"""Each panel of a dashboard, and each rule, finds series of a real agent in a real Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import Box, until
from tests.flows.prometheus import ask, get, prometheus

pytestmark = [pytest.mark.slow, pytest.mark.posix]

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
LONG = 120.0  # seconds until all has been scraped more than once
CONDITION = re.compile(r" (?:==|>) (?:0|1)$")  # that all is well is no series

SERVICES = """
[services.web]
exec = ["sh", "-c", "while echo 'ERROR again'; do sleep 0.1; done"]
[[services.web.health]]
exec = ["true"]
interval = "200ms"
[[services.web.health]]
exec = ["false"]
interval = "200ms"
fails = 1000
[[services.web.rules]]
match = "again"
severity = "P0"
[services.bad]
exec = ["false"]
restart = { max = 1, delay = "100ms" }
"""
TOLD = """
[alerting.channels.hook]
kind = "webhook"
url = "http://{refusing}/nothing-there"
[alerting.priorities.P0]
channels = ["hook"]
group_wait = "0s"
"""


def queries() -> Iterator[tuple[str, str]]:
    """Give the panels of all dashboards with what they ask for, of everything."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                asked = re.sub(r"\$(host|service)\b", ".*", target["expr"])
                yield panel["title"], asked.replace("$__rate_interval", "1m")


def rules(server: str) -> list[dict[str, Any]]:
    groups = json.loads(get(f"http://{server}/api/v1/rules"))["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def firing(server: str) -> set[str]:
    return {each["name"] for each in rules(server) if each.get("state") == "firing"}


def test_every_panel_has_something_to_show_and_every_rule_is_evaluated(
    box: Box, tmp_path_factory: pytest.TempPathFactory
) -> None:
    box.variables["SVCCTL_AGENT_METRICS_PORT"] = "0"
    box.start_agent()
    (address,) = re.findall(r"agent\.metrics url='http://([^/]+)/metrics'", box.said())
    box.apply(SERVICES + TOLD.format(refusing=address), "--no-wait")

    folder, file = tmp_path_factory.mktemp("prometheus"), DEPLOY / "prometheus/svcctl.rules.yml"
    with prometheus(folder, address, rules=file) as server:
        for title, query in queries():
            until(
                lambda: ask(server, CONDITION.sub("", query)),  # noqa: B023
                within=LONG,
                what=f"{title}: {query}",
            )
        until(lambda: "SvcctlServiceFailed" in firing(server), within=LONG, what="an alert fires")
        judged = rules(server)

    assert {each["health"] for each in judged} == {"ok"}
    assert [each["lastError"] for each in judged if "lastError" in each] == []
