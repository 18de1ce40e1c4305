"""A service hands on its crash reports, those of former runs too, and never waits for that."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE, until, whole_lines

pytestmark = [pytest.mark.slow, pytest.mark.posix]


PROGRAM = """
import os
from dataclasses import dataclass, field
from svcctl import Context, Service
from svcctl.sdk.config.secret import Secret, secret

@dataclass
class Settings:
    crash_upload_url: Secret = field(default=secret("env:CRASHES"))

class Mailer(Service):
    Config = Settings

    async def run(self, ctx: Context) -> None:
        if "CRASH" in os.environ:
            raise ValueError("as told")
        await ctx.stopped()

if __name__ == "__main__":
    Mailer.main()
"""


class Mailer:
    """The program, in a folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.state, self._url = folder, folder / "state", url
        (folder / "mailer.py").write_text(PROGRAM)

    @contextmanager
    def started(self, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run it until the block is left."""
        ours = {
            "CRASHES": self._url,
            "NOTIFY_SOCKET": "",
            "STATE_DIRECTORY": str(self.state),
            "SVCCTL_HOME": str(self.folder / "home"),
        }
        with (self.folder / "out").open("ab") as out:
            program = subprocess.Popen(
                [sys.executable, "mailer.py"],
                env=os.environ | ours | more,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        try:
            yield program
        finally:
            program.kill()
            program.wait(PATIENCE)

    def crash(self) -> None:
        """Run it until it crashes."""
        with self.started(CRASH="1") as program:
            assert program.wait(PATIENCE) == 70

    @property
    def said(self) -> str:
        return (self.folder / "out").read_text()

    def records(self, event: str) -> list[dict[str, Any]]:
        """Its records of that event."""
        lines = [line for line in whole_lines(self.folder / "out") if line.startswith("{")]
        return [each for each in map(json.loads, lines) if each["event"] == event]


def test_the_next_run_hands_on_what_the_last_one_died_of(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mailer = Mailer(tmp_path, f"http://ann:swordfish@127.0.0.1:{server.server_address[1]}/")
        mailer.crash()
        with mailer.started() as program:
            until(lambda: mailer.records("crash.uploaded"), what="it is handed on")
        with mailer.started() as program:
            until(lambda: mailer.said.count("mailer: running") == 2, what="it runs again")
            program.terminate()
            assert program.wait(PATIENCE) == 0
        server.shutdown()

    (report,) = heard
    assert report["error"]["message"] == "as told"
    assert len(list((mailer.state / "crashes").glob("*.sent"))) == 1
    assert [each["to"] for each in mailer.records("crash.uploaded")] == ["127.0.0.1"]
    assert "swordfish" not in mailer.said
    assert "swordfish" not in json.dumps(report)


def test_a_receiver_that_never_answers_keeps_no_service_from_its_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.settimeout(PATIENCE)
        mailer = Mailer(tmp_path, f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        mailer.crash()
        with mailer.started() as program:
            asked, _ = deaf.accept()
            program.terminate()
            status = program.wait(PATIENCE)
        asked.close()

    assert status == 0
    assert "threads still run" not in mailer.said
    assert list((mailer.state / "crashes").glob("*.sent")) == []
