"""A real Prometheus on a port of its own, and what it answers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE, until


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


@contextmanager
def prometheus(
    folder: Path, target: str, *, rules: Path | None = None, token: str = ""
) -> Iterator[str]:
    """Run Prometheus on a port of its own, scraping *target* by *rules*; give its address.

    It shows *token* if there is one.
    """
    shown = {"authorization": {"credentials": token}} if token else {}
    job = {"job_name": "svcctl", "static_configs": [{"targets": [target]}], **shown}
    config = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(rules)] if rules else [],
        "scrape_configs": [job],
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
            server.wait(PATIENCE)


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
    except OSError:  # it is not ready yet
        return []
    result: list[dict[str, Any]] = found["data"]["result"]
    return result
