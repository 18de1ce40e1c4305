"""A real agent with services, and the real process that serves it to others."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.ports import free_port
from tests.flows.conftest import Box, boxed, until

NOBODY = 65534
SERVICES = f"""
[access]
fronts = ["uid:{NOBODY if os.geteuid() == 0 else os.geteuid()}"]
[services.web]
exec = ["/bin/sh", "-c", "echo one; echo two; exec sleep 1000"]
labels = {{ tier = "front" }}
groups = ["shop"]
[services.db]
exec = ["/bin/sh", "-c", "echo ready; exec sleep 1000"]
[services.broken]
exec = ["/bin/false"]
restart = {{ policy = "never" }}
"""


@contextmanager
def agent_of_others() -> Iterator[Box]:
    """Give a home that other accounts may pass through, with an agent and services."""
    folder = Path(tempfile.mkdtemp(prefix="svcctl-"))
    folder.chmod(0o755)
    try:
        with boxed(folder) as box:
            box.start_agent()
            box.apply(SERVICES, "--no-wait")
            box.until_phase("web", "running")
            box.until_phase("db", "running")
            box.until_phase("broken", "failed")
            yield box
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Front:
    """``svcctl serve http``, which can be ended and begun again at the same port."""

    def __init__(self, box: Box, *options: str) -> None:
        self.box, self.options = box, options
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        port = self.url.rpartition(":")[2] or free_port()  # it comes back there
        log = self.box.home / "front.stderr"
        as_whom = ["--user", "nobody"] if os.geteuid() == 0 else []
        command = [sys.executable, "-m", "svcctl", "serve", "http", "--listen", f"127.0.0.1:{port}"]
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [*command, *as_whom, *self.options],
                env=self.box.environ(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

        def serves() -> re.Match[str] | None:
            assert self._process is not None
            assert self._process.poll() is None, log.read_text()
            return re.search(r"serving (\S+)", log.read_text())

        found: re.Match[str] = until(serves, what="the front serves")
        self.url = found[1].rstrip("/,;")

    def end(self, *, suddenly: bool = False) -> None:
        if self._process is None:
            return
        self._process.kill() if suddenly else self._process.terminate()
        try:
            self._process.wait(45)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(60)
        self._process = None


@contextmanager
def fronted(box: Box, *options: str) -> Iterator[Front]:
    """Serve the agent of *box* while the block lasts."""
    front = Front(box, *options)
    front.begin()
    try:
        yield front
    finally:
        front.end()


def token_of(box: Box, name: str = "ann", *, role: str = "admin") -> str:
    """Give a token for the agent of *box*."""
    return box.ok("auth", "token", "issue", name, "--roles", role).out.strip()
