"""An agent beside the SCM hears the hosts of its services over their pipes, and tells people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from svcctl.bootstrap import windows_native
from svcctl.cli.main import main
from svcctl.system.windows.scm_api import ScmApi
from svcctl.system.windows.scm_database import ScmDatabase
from tests.system.windows.scm_lab import WatchedAdvapi32
from tests.system.windows.waiting import PATIENCE, until

pytestmark = pytest.mark.slow

TOLD = """
[alerting.channels.hook]
kind = "webhook"
url = "http://127.0.0.1:{port}/hook"
[alerting.priorities.P0]
channels = ["hook"]
group_interval = "500ms"
"""

FAILING = """
[services.{name}]
manager = "scm"
exec = ['{python}', '-u', '{program}']
restart = {{ max = 1, delay = "100ms" }}
"""

PROGRAM = """
import os, sys, time
if not os.path.exists(r"{up}"):
    sys.exit(3)
while True:
    time.sleep(60)
"""


class Site:
    """A home of its own with an agent, a service of the SCM, and a webhook that is *told*."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.up = folder, folder / "up"
        self.name = f"svcctl-told-{os.getpid()}"
        self.told: list[dict[str, Any]] = []

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "svcctl", *words],
            env=os.environ | {"NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def write(self, text: str) -> str:
        file = self.folder / "svcctl.toml"
        file.write_text(text)
        return str(file)

    def statuses(self) -> list[str]:
        return [
            each["status"]
            for notice in self.told
            for each in notice["alerts"]
            if each["labels"]["alertname"] == "service_down"
        ]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    watched = WatchedAdvapi32()
    monkeypatch.setattr(windows_native, "ScmDatabase", lambda: ScmDatabase(ScmApi(watched)))
    monkeypatch.setenv("SVCCTL_HOME", str(tmp_path / "home"))
    made = Site(tmp_path)

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            made.run("agent", "run", "--detach")
            told = TOLD.format(port=server.server_address[1])
            made.run("apply", made.write(told), "--yes")
            yield made
        finally:
            main(["uninstall", made.name, "--yes", "--logs"])
            made.run("agent", "stop")
            server.shutdown()
            thread.join()


def test_what_its_host_gives_up_is_told_once_and_once_that_it_is_over(site: Site) -> None:
    program = site.folder / "program.py"
    program.write_text(PROGRAM.format(up=site.up))
    text = FAILING.format(name=site.name, python=sys.executable, program=program)
    main(["apply", site.write(text), "--yes"])
    until(lambda: site.statuses() == ["firing"], what="it is told")

    site.up.touch()
    assert main(["start", site.name]) == 0

    until(lambda: site.statuses() == ["firing", "resolved"], what="it is told that it is over")
    labels = site.told[0]["alerts"][0]["labels"]
    assert (labels["service"], labels["manager"]) == (site.name, "scm")
    assert 'manager="scm"' in site.run("metrics")
