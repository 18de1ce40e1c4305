"""An agent and real hosts, with nobody who manages them: the agent hears what they say."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.definitions import documents, load
from svcctl.client.local import LocalClient
from svcctl.ports import Applied
from svcctl.system.host_command import host_command
from svcctl.system.paths import find_paths, host_paths
from svcctl.system.registrations import Registration, Registrations
from svcctl.wire import Request, Selection

pytestmark = pytest.mark.slow

FAILING = """
[services.mailer]
exec = ["sh", "-c", "test -e {home}/up && exec sleep 1000; exit 3"]
restart = {{ max = 1, delay = "100ms" }}
labels = {{ tier = "front" }}
"""
TOLD = """
[alerting.channels.hook]
kind = "webhook"
url = "{url}/hook"
[alerting.priorities.P0]
channels = ["hook"]
group_interval = "500ms"
"""


class Site:
    """The home of an agent in which services are registered as if systemd kept them."""

    def __init__(self, box: Any) -> None:
        self.box = box
        self.paths = find_paths(box.environ())
        self.hosts: list[subprocess.Popen[bytes]] = []

    def register(self, text: str) -> None:
        file = self.box.home / "native.toml"
        file.write_text(text)
        for each in documents(load([str(file)])):
            applied = Applied(**each)  # type: ignore[arg-type]
            Registrations(self.paths.native).write(
                Registration(applied=applied, manager="systemd", enabled=True)
            )

    def host(self, name: str) -> subprocess.Popen[bytes]:
        with Path(self.box.home, f"host-{len(self.hosts)}.log").open("wb") as log:
            host = subprocess.Popen(
                host_command(name, str(self.box.home)),
                env={"PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        self.hosts.append(host)
        return host

    def kill_program(self, name: str) -> None:
        with LocalClient(host_paths(self.paths, name).socket, timeout=30.0) as client:
            client.ask(Request(verb="kill", select=Selection(names=(name,)), args={}))

    def close(self) -> None:
        for each in self.hosts:
            if each.poll() is None:
                each.terminate()
                try:
                    each.wait(60)
                except subprocess.TimeoutExpired:
                    each.kill()
                    each.wait()


@pytest.fixture
def site(box: Any) -> Iterator[Site]:
    made = Site(box)
    yield made
    made.close()


def tell(box: Any, sink: Any) -> None:
    box.ok("apply", str(box.write(TOLD.format(url=sink.url))), "--yes")


def test_a_service_that_its_host_gives_up_is_told_once_and_told_when_it_is_over(
    site: Site, sink: Any, until: Any
) -> None:
    site.box.start_agent()
    tell(site.box, sink)
    site.register(FAILING.format(home=site.box.home))
    assert site.host("mailer").wait(60) == 69
    until(lambda: sink.titles == ["[P0] mailer: service_down"], what="it is told")

    (site.box.home / "up").touch()
    site.host("mailer")

    until(lambda: len(sink.titles) == 2, what="it is over")
    assert sink.titles[1] == "[OK] mailer: service_down"
    labels = sink.took[0]["alerts"][0]["labels"]
    assert (labels["manager"], labels["tier"]) == ("systemd", "front")


def test_what_fails_while_no_agent_runs_is_told_by_the_next_and_by_no_other(
    site: Site, sink: Any, until: Any
) -> None:
    site.box.start_agent()
    tell(site.box, sink)
    (site.box.home / "up").touch()
    site.register(FAILING.format(home=site.box.home))
    host = site.host("mailer")
    until(lambda: "mailer" in site.box.ok("metrics").out, what="it is heard")
    site.box.kill_agent()
    (site.box.home / "up").unlink()
    site.kill_program("mailer")
    assert host.wait(60) == 69

    site.box.start_agent()
    until(lambda: sink.titles == ["[P0] mailer: service_down"], what="it is told")
    until(lambda: '"told"' in site.box.ok("metrics").out, what="that is known")
    site.box.kill_agent()
    site.box.start_agent()
    (site.box.home / "up").touch()
    site.host("mailer")

    until(lambda: len(sink.titles) == 2, what="it is over")
    assert sink.statuses("service_down") == ["firing", "resolved"]


def test_metrics_show_what_hosts_count_and_which_manager_keeps_them(site: Site, until: Any) -> None:
    site.box.start_agent()
    (site.box.home / "up").touch()
    site.register(FAILING.format(home=site.box.home))
    host = site.host("mailer")

    def page() -> str:
        return str(site.box.ok("metrics").out)

    where = 'service="mailer",service_instance="mailer"'
    until(lambda: f"svcctl_service_threads{{{where}}}" in page(), what="it is heard")
    found = page()
    assert f'svcctl_service_info{{{where},manager="systemd",revision=' in found
    assert f"svcctl_service_up{{{where}}} 1" in found
    assert found.count("\nsvcctl_agent_threads ") == 1

    host.kill()
    until(lambda: f"svcctl_service_threads{{{where}}}" not in page(), what="it is gone")
    assert f'svcctl_service_info{{{where},manager="systemd",revision=' in page()


def test_history_has_what_hosts_measure(site: Site, until: Any) -> None:
    site.box.variables["SVCCTL_AGENT_HISTORY"] = "1s"
    site.box.start_agent()
    (site.box.home / "up").touch()
    site.register(FAILING.format(home=site.box.home))
    site.host("mailer")

    def rows() -> Any:
        ran = site.box.cli("history", "mailer", "-o", "json")
        return ran.status == 0 and ran.json()["instances"].get("mailer")

    (first, *_) = until(rows, what="it is measured")

    _, _, memory_bytes, threads, _ = first
    assert memory_bytes > 0
    assert threads > 0
