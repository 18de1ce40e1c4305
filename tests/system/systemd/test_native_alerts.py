"""An agent beside a real systemd: what systemd keeps is watched, and told of, as its own is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.systemd.conftest import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("systemd"),
]

SINK = """
import http.server, sys

class Taking(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/srv/told", "ab") as file:
            file.write(body + b"\\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

server = http.server.HTTPServer(("127.0.0.1", 0), Taking)
open("/srv/port.new", "w").write(str(server.server_port))
import os
os.rename("/srv/port.new", "/srv/port")
server.serve_forever()
"""

TOLD = """
[alerting.channels.hook]
kind = "webhook"
url = "http://127.0.0.1:{port}/hook"
[alerting.priorities.P0]
channels = ["hook"]
group_interval = "500ms"
[alerting.priorities.P1]
channels = ["hook"]
group_wait = "0s"
group_interval = "500ms"
"""

MAILER = """
[services.mailer]
manager = "systemd"
exec = ["sh", "-c", "test -e /srv/up && exec sleep 1000; exit 3"]
restart = { max = 1, delay = "100ms" }
labels = { tier = "front" }
"""

LONG_ENOUGH = """
[services.mailer.systemd]
service = ["RestartSec=20s"]
"""
"""What is over before the agent looks is told nobody."""


class Watched:
    """A machine with a webhook on *port* that writes down what it is told."""

    def __init__(self, host: Any, port: str) -> None:
        self.host, self.port = host, port

    def start_agent(self) -> None:
        self.host.svcctl("agent", "run", "--detach")

    def kill_agent(self) -> None:
        pid = json.loads(self.host.run("svcctl", "agent", "status", "-o", "json").stdout)["pid"]
        self.host.run("kill", "-9", str(pid))
        until(lambda: not self.host.sh(f"ls -d /proc/{pid}", check=False), what="it is gone")

    def told(self) -> list[tuple[str, str]]:
        """Give what was told, as pairs of alert and status."""
        bodies = self.host.sh("cat /srv/told", check=False).splitlines()
        return [
            (each["labels"]["alertname"], each["status"])
            for body in bodies
            for each in json.loads(body)["alerts"]
        ]

    def of(self, alert: str) -> list[str]:
        return [status for name, status in self.told() if name == alert]

    def labels(self) -> dict[str, str]:
        """Give those of the first alert that says a service is down."""
        bodies = self.host.sh("cat /srv/told").splitlines()
        labels = (each["labels"] for body in bodies for each in json.loads(body)["alerts"])
        found: dict[str, str] = next(e for e in labels if e["alertname"] == "service_down")
        return found

    def await_told(self, alert: str, *statuses: str) -> None:
        until(lambda: len(self.of(alert)) >= len(statuses), what=f"{alert}: {statuses}")
        assert self.of(alert) == [*statuses], self.told()

    def events(self) -> str:
        return str(self.host.svcctl("events", "mailer"))

    def doctor(self) -> str:
        return str(self.host.run("svcctl", "doctor", check=False).stdout)

    def kill_host(self, name: str) -> None:
        self.host.run("kill", "-9", self.host.show(f"{name}.service", "MainPID"))


@pytest.fixture
def webhook(clean: Any) -> Iterator[Watched]:
    clean.sh("rm -f /srv/told /srv/port /srv/up")
    clean.write("/srv/sink.py", SINK)
    clean.run("systemd-run", "--unit=sink", "--collect", "python3", "/srv/sink.py")
    port = until(lambda: clean.sh("cat /srv/port", check=False), what="the webhook listens")
    yield Watched(clean, port)
    clean.sh("systemctl stop sink")


@pytest.fixture
def watched(webhook: Watched) -> Iterator[Watched]:
    """Give a machine on which the agent of root tells the webhook."""
    webhook.start_agent()
    webhook.host.apply(TOLD.format(port=webhook.port))
    yield webhook
    webhook.host.svcctl("agent", "stop")
    webhook.host.sh("rm -rf /var/lib/svcctl/state.db*")


def test_what_fails_natively_is_told_once_and_once_that_it_is_over(watched: Watched) -> None:
    watched.host.write("/srv/mailer.toml", MAILER)
    watched.host.svcctl("apply", "/srv/mailer.toml", "--yes", status=1)
    watched.await_told("service_down", "firing")
    watched.host.await_failed("mailer")

    watched.host.sh("touch /srv/up")
    watched.host.svcctl("start", "mailer")

    watched.await_told("service_down", "firing", "resolved")
    labels = watched.labels()
    assert (labels["manager"], labels["tier"]) == ("systemd", "front")
    # as its host wrote it down: the agent may have asked systemd before it heard the host
    until(lambda: "starting -> running" in watched.events(), what="the host is heard")
    assert watched.events().count("alert P0 service_down") == 1  # as the agent made of it
    assert "mailer" in watched.host.svcctl("alerts", "--all")
    until(lambda: "the agent sees them all" in watched.doctor(), what="the agent sees it")


def test_what_fails_while_the_agent_is_away_is_told_by_the_next(watched: Watched) -> None:
    watched.host.sh("touch /srv/up")
    watched.host.write("/srv/mailer.toml", MAILER)
    watched.host.svcctl("apply", "/srv/mailer.toml", "--yes")
    until(
        lambda: 'service="mailer"' in watched.host.svcctl("metrics"), what="the agent hears of it"
    )
    watched.kill_agent()
    watched.host.sh("rm /srv/up")
    watched.host.svcctl("kill", "mailer")
    watched.host.await_failed("mailer")

    watched.start_agent()

    watched.await_told("service_down", "firing")
    watched.host.sh("touch /srv/up")
    watched.host.svcctl("start", "mailer")
    watched.await_told("service_down", "firing", "resolved")


def test_a_host_that_is_killed_is_told_of_and_that_it_is_back(watched: Watched) -> None:
    watched.host.sh("touch /srv/up")
    watched.host.write("/srv/mailer.toml", MAILER + LONG_ENOUGH)
    watched.host.svcctl("apply", "/srv/mailer.toml", "--yes")
    until(
        lambda: 'service="mailer"' in watched.host.svcctl("metrics"), what="the agent hears of it"
    )

    watched.kill_host("mailer")

    watched.await_told("service_restarting", "firing", "resolved")
    assert watched.of("service_down") == []


def test_a_unit_that_fails_before_its_host_lives_is_told_of(watched: Watched) -> None:
    watched.host.write("/srv/mailer.toml", MAILER)
    watched.host.svcctl("apply", "/srv/mailer.toml", "--yes", "--no-start")
    drop_in = "[Service]\nExecStart=\nExecStart=/nonexistent\nRestart=no\n"
    watched.host.write("/etc/systemd/system/mailer.service.d/broken.conf", drop_in)
    watched.host.run("systemctl", "daemon-reload")

    watched.host.run("systemctl", "start", "mailer", check=False)

    watched.await_told("service_down", "firing")
    watched.host.sh("rm -r /etc/systemd/system/mailer.service.d; systemctl daemon-reload")
    watched.host.sh("touch /srv/up")
    watched.host.svcctl("start", "mailer")
    watched.await_told("service_down", "firing", "resolved")


def test_a_service_without_a_host_is_watched_through_systemd(watched: Watched) -> None:
    watched.host.sh("touch /srv/up")
    watched.host.write("/srv/plain.toml", PLAIN)
    watched.host.svcctl("apply", "/srv/plain.toml", "--yes")
    until(lambda: 'service="plain"' in watched.host.svcctl("metrics"), what="the agent hears of it")

    watched.host.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "plain")

    watched.await_told("service_down", "firing")
    watched.host.svcctl("start", "plain")
    watched.await_told("service_down", "firing", "resolved")


def test_the_agent_of_a_user_watches_what_that_users_systemd_keeps(
    webhook: Watched, ann: Any
) -> None:
    webhook.host.sh("touch /srv/up; chmod 644 /srv/up")
    ann("svcctl", "agent", "run", "--detach")
    ann.write(TOLD.format(port=webhook.port) + MAILER.replace("mailer", "web") + 'scope = "user"')
    ann("svcctl", "apply", "/home/ann/svcctl.toml", "--yes")
    until(lambda: 'service="web"' in ann("svcctl", "metrics"), what="the agent hears of it")
    webhook.host.sh("rm /srv/up")

    ann("svcctl", "kill", "web")

    webhook.await_told("service_down", "firing")
    assert webhook.labels()["manager"] == "systemd"
    ann("svcctl", "agent", "stop")


PLAIN = """
[services.plain]
manager = "systemd"
host = false
exec = ["/usr/bin/sleep", "1000"]
restart = { policy = "never" }
"""
