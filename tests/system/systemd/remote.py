"""The HTTP interface as the unit that is handed out, beside an agent that systemd keeps too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.system.systemd.conftest import Host

UNIT = Path(__file__).parents[3] / "deploy" / "http" / "svcctl-web.service"

_LIBRARIES = "/usr/local/lib/python3.11/dist-packages"
"""What svcctl needs lies beside it in this machine, not where those who installed it have it."""

_LET_IN = 'version = 1\n[access]\nfronts = ["uid:{uid}"]\n'

_ASK = """
import json, sys, urllib.error, urllib.request
token = sys.argv[1]
for method, path, *body in json.load(open(sys.argv[2])):
    said = json.dumps(*body).encode() if body else None
    asked = urllib.request.Request("http://127.0.0.1:7411" + path, method=method, data=said)
    asked.add_header("Content-Type", "application/json")
    asked.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(asked, timeout=300) as answer:
            said = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        said = error.code, error.read().decode()
    print(json.dumps(said))
"""
"""Asks for one after the other, and prints what each got."""

_FOLLOW = """
import json, sys, urllib.request
token, query = sys.argv[1:]
asked = urllib.request.Request("http://127.0.0.1:7411/v1/logs?follow=true&" + query)
asked.add_header("Authorization", "Bearer " + token)
asked.add_header("Accept", "text/event-stream")
for line in urllib.request.urlopen(asked):
    said = json.loads(line[6:]) if line.startswith(b"data: {") else {}
    if "text" in said:
        print(said["text"], flush=True)
"""


class Served:
    """A *host* that is asked from elsewhere: its interface lets in whoever shows a token."""

    def __init__(self, host: Host, uid: str) -> None:
        self.host, self._uid = host, uid

    def let_in(self, access: str = "") -> None:
        """Apply ``[access]``: the interface may speak for others, and *access* besides."""
        self.host.apply(_LET_IN.format(uid=self._uid) + access)

    def token(self, *words: str) -> str:
        """Issue a token."""
        return str(self.host.json("auth", "token", "issue", *words)["token"])

    def ask(self, shown: str, *asked: tuple[object, ...]) -> list[tuple[int, Any]]:
        """Ask for one thing after the other; give the status and the body of each answer."""
        self.host.write("/srv/asked.json", json.dumps(asked))
        said = self.host.run("python3", "/srv/ask.py", shown, "/srv/asked.json").stdout
        return [(status, json.loads(body)) for status, body in map(json.loads, said.splitlines())]

    def follow(self, shown: str, query: str, *, into: str) -> None:
        """Follow logs from now on, each text a line of the file *into*."""
        output = f"StandardOutput=file:{into}"
        self.host.run("systemd-run", "-p", output, "python3", "/srv/follow.py", shown, query)


@contextmanager
def serving(host: Host) -> Iterator[Served]:
    """Have an agent and its HTTP interface, both kept by systemd."""
    host.run("useradd", "--system", "--shell", "/usr/sbin/nologin", "svcctl-web", check=False)
    uid = host.run("id", "-u", "svcctl-web").stdout.strip()
    host.write("/srv/ask.py", _ASK)
    host.write("/srv/follow.py", _FOLLOW)
    host.write(f"/etc/systemd/system/{UNIT.name}", UNIT.read_text())
    host.sh(f"rmdir {_LIBRARIES} && ln -s /opt/site {_LIBRARIES}")
    served = Served(host, uid)
    try:
        host.svcctl("agent", "install")
        served.let_in()
        host.run("systemctl", "daemon-reload")
        host.run("systemctl", "start", UNIT.name)
        yield served
    finally:
        host.run("systemctl", "stop", UNIT.name, check=False)
        host.run("rm", "-f", f"/etc/systemd/system/{UNIT.name}", _LIBRARIES)
        host.run("mkdir", _LIBRARIES)
        host.run("systemctl", "daemon-reload")
        host.svcctl("agent", "uninstall")
