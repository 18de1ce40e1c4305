"""What is shipped for Prometheus, Alertmanager and Grafana is valid, and asks for what there is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from svcctl.observe.metrics.catalogue import FAMILIES

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "svcctl.rules.yml"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))

LABELS = {family.name: {*family.labels, "instance", "job"} for family in FAMILIES}
NAME = re.compile(r"\bsvcctl(?:_[a-z0-9]+)+\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(argv[0]) is None:
        pytest.skip(f"needs {argv[0]}")
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def queries() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    for path in DASHBOARDS:
        for panel in dashboard(path)["panels"]:
            yield from (target["expr"] for target in panel["targets"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "argv",
    [
        ("promtool", "check", "config", f"{DEPLOY}/prometheus/prometheus.yml"),
        ("promtool", "test", "rules", f"{DEPLOY}/prometheus/svcctl.rules.test.yml"),
        ("amtool", "check-config", f"{DEPLOY}/alertmanager/alertmanager.yml"),
    ],
    ids=lambda argv: " ".join(argv[:3]),
)
def test_the_tools_of_prometheus_find_no_fault(argv: tuple[str, ...]) -> None:
    done = run(*argv)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_every_query_of_a_dashboard_is_one(tmp_path: Path) -> None:
    written = [
        {"record": f"query_{number}", "expr": query.replace("$__rate_interval", "1m")}
        for number, query in enumerate(queries())
    ]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "all", "rules": written}]}))

    done = run("promtool", "check", "rules", str(path))

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(written)} rules found" in done.stdout


@pytest.mark.parametrize("query", sorted(set(queries())))
def test_a_query_asks_for_metrics_and_labels_that_there_are(query: str) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for found in NAME.finditer(query):
        name = found.group().partition("{")[0]
        if query[found.end() : found.end() + 1] == ":":
            continue  # the first part of the name of a recording rule
        assert name in LABELS, name
        assert set(MATCHER.findall(found.group(1) or "")) <= LABELS[name]
    assert set(re.findall(r"svcctl:[a-z_0-9:]+", query)) <= recorded


@pytest.mark.parametrize(
    "rule", [each for each in rules() if "alert" in each], ids=lambda rule: rule["alert"]
)
def test_an_alert_says_how_urgent_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["priority"] in {"P0", "P1", "P2"}
    assert rule["annotations"].keys() == {"summary", "description"}


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_whole(path: Path) -> None:
    found = dashboard(path)
    panels = found["panels"]

    assert found["uid"] == path.stem
    assert len({each["id"] for each in panels}) == len(panels)
    assert all(each["datasource"]["uid"] == "${DS_PROMETHEUS}" for each in panels)
    assert all(each["fieldConfig"]["defaults"]["unit"] for each in panels)
    squares = [
        (x, y)
        for each in panels
        for x in range(each["gridPos"]["x"], each["gridPos"]["x"] + each["gridPos"]["w"])
        for y in range(each["gridPos"]["y"], each["gridPos"]["y"] + each["gridPos"]["h"])
    ]
    assert len(set(squares)) == len(squares), "panels lie on each other"
    assert max(x for x, _ in squares) < 24


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("grafana/provisioning/*/*.yml")), ids=str)
def test_what_grafana_is_given_is_of_the_version_it_knows(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["apiVersion"] == 1
