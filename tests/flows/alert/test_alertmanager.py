"""A real Alertmanager takes our alerts, groups them anew, and hears that they are over."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from bench.ports import free_port

pytestmark = pytest.mark.slow

ROUTED = """
route:
  receiver: hook
  group_by: [service]
  group_wait: 100ms
  group_interval: 1s
receivers:
  - name: hook
    webhook_configs:
      - url: {url}/from-alertmanager
"""


def _alerts(port: int) -> list[dict[str, Any]] | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/api/v2/alerts")
        found: list[dict[str, Any]] = json.loads(connection.getresponse().read())
    except (OSError, ValueError):
        return None
    finally:
        connection.close()
    return found


@pytest.fixture
def alertmanager(tmp_path: Path, sink: Any, until: Callable[..., Any]) -> Iterator[int]:
    """Give the port of an Alertmanager that tells *sink*."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    assert program, "no Alertmanager: apt-get install prometheus-alertmanager"
    port = free_port()
    folder = tmp_path / "alertmanager"
    folder.mkdir()
    (folder / "config.yml").write_text(ROUTED.format(url=sink.url))
    with subprocess.Popen(
        [
            program,
            f"--config.file={folder}/config.yml",
            f"--storage.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            until(lambda: _alerts(port) is not None, what="Alertmanager answers")
            yield port
        finally:
            running.terminate()


def test_an_alertmanager_is_told_what_begins_and_what_ends(
    agent: Any, alertmanager: int, sink: Any, until: Any
) -> None:
    agent.write(f"""
[services.web]
exec = ["sh", "-c", "test -e up && exec sleep 1000; exit 3"]
restart = {{ max = 1, delay = "100ms" }}
[alerting.channels.am]
kind = "alertmanager"
url = "http://127.0.0.1:{alertmanager}"
[alerting.priorities.P0]
channels = ["am"]
group_interval = "500ms"
""")
    agent.cli("apply", "svcctl.toml", "--yes")

    (alert,) = until(lambda: _alerts(alertmanager), what="it has the alert")
    until(lambda: sink.took, what="it tells its own receiver")
    (agent.home / "up").touch()
    agent.ok("reset", "web")

    assert alert["labels"]["alertname"] == "service_down"
    assert alert["labels"]["severity"] == "P0"
    assert alert["endsAt"][:10] > alert["startsAt"][:10]  # not resolved in five minutes
    assert alert["annotations"]["summary"].startswith("web: failed")
    assert sink.took[0]["status"] == "firing"
    until(lambda: sink.took[-1]["status"] == "resolved", what="it tells that it is over")
    assert set(sink.paths) == {"/from-alertmanager"}
