"""A real ``svcctl serve`` in a process of its own, before the agent of a box."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.flows.conftest import PATIENCE, Box, until

HERE = (
    *("--listen", "127.0.0.1:0"),
    *(("--user", "nobody") if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
)
"""Options of a front on a free port of loopback; as nobody where root starts it."""


IN_TOUCH = "front.in-touch"
"""What a front writes once the agent has told it what to trust."""


@dataclass
class Served:
    """A front that runs; *log* is what it has written."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str = ""

    def said(self) -> str:
        return self.log.read_text()

    def end(self) -> int:
        """Ask it to stop; give how it ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def served(box: Box, *options: str, way: str = "http") -> Iterator[Served]:
    """Serve *box*, with further *options*."""
    log = box.home / "front.stderr"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "svcctl", "serve", way, *HERE, *options],
            env=box.environ(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    front = Served(process, log)

    def url() -> str:
        found = re.search(r"^serving (\S+)", front.said(), re.MULTILINE)
        assert process.poll() is None, front.said()
        return found[1] if found and IN_TOUCH in front.said() else ""

    try:
        front.url = until(url, what="the front serves")
        yield front
    finally:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)


def token(box: Box, role: str = "admin") -> dict[str, str]:
    """Give a token of the box's host, as it is issued."""
    made: dict[str, str] = box.ok(
        "auth", "token", "issue", "ci", "--roles", role, "-o", "json"
    ).json()
    return made


def client(front: Served, text: str = "", *, verify: ssl.SSLContext | bool = True) -> httpx.Client:
    """Give a client of *front* that shows the token *text*."""
    return asking(front.url, text, verify=verify)


def asking(url: str, text: str = "", *, verify: ssl.SSLContext | bool = True) -> httpx.Client:
    """Give a client of whoever serves at *url*."""
    headers = {"authorization": f"Bearer {text}"} if text else {}
    return httpx.Client(
        base_url=url, headers=headers, timeout=PATIENCE, trust_env=False, verify=verify
    )
