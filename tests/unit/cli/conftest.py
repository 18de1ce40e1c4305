"""An agent that answers from a script, behind a real socket."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from svcctl.bootstrap.local import paths
from svcctl.system.paths import private_folder
from svcctl.wire import encode

Answer = Callable[[dict[str, Any]], list[dict[str, Any]]]
Make = Callable[..., dict[str, Any]]


def _standing(instance: str = "web", **changed: Any) -> dict[str, Any]:
    """Give the fields of one InstanceStatus."""
    return {
        "service": instance.partition(".")[0],
        "instance": instance,
        "phase": "running",
        "ready": True,
        "live": None,
        "pid": 4711,
        "started_at": 1_790_000_000.0,
        "restarts": 0,
        "exit_code": None,
        "exit_signal": None,
        "manager": "agent",
        "spec_revision": "0123456789ab",
        "applied": True,
        "enabled": True,
        "cpu": 1.5,
        "memory_bytes": 35_000_000,
        "processes": 2,
        "reason": "",
        "status_text": "",
        "next_at": None,
        "groups": ["shop"],
        "labels": {"tier": "front"},
        "description": "",
    } | changed


def _outcome(instance: str = "web", **changed: Any) -> dict[str, Any]:
    """Give the fields of one Outcome."""
    return {
        "service": instance.partition(".")[0],
        "instance": instance,
        "ok": True,
        "phase": "running",
        "problem": "",
        "hint": "",
        "lines": [],
        "pid": 4711,
    } | changed


@dataclass(slots=True)
class FakeAgent:
    """Answers each verb with what was put into *script*; *asked* are the requests it got."""

    home: Path
    script: dict[str, Answer] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def says(self, verb: str, result: object, *items: object) -> None:
        """Answer *verb* with *items*, then with *result*."""
        self.script[verb] = lambda _: [*({"item": each} for each in items), {"result": result}]

    def refuses(self, verb: str, code: str, problem: str, hint: str = "") -> None:
        """Answer *verb* with an error."""
        error = {"code": code, "problem": problem, "hint": hint, "mistakes": []}
        self.script[verb] = lambda _: [{"error": error}]

    def hangs_up_on(self, verb: str, *items: object) -> None:
        """Give *items* for *verb*, then hang up, as an agent does that is killed."""
        self.script[verb] = lambda _: [{"item": each} for each in items]

    def serve(self, listener: socket.socket) -> None:
        """Answer one connection after the other, until the listener is shut down."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with suppress(ConnectionError), connection, connection.makefile("rb") as stream:
                for line in stream:
                    answers = self._answers(json.loads(line))
                    for each in answers:
                        connection.sendall(encode({"id": 1} | each))
                    if not answers or "item" in answers[-1]:
                        break

    def _answers(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        self.asked.append(request)
        answer = self.script.get(request["verb"])
        if answer is None:
            problem = f"no script for {request['verb']!r}"
            return [{"error": {"code": "SVC-1000", "problem": problem, "hint": ""}}]
        return answer(request)


@pytest.fixture
def standing() -> Make:
    """Give what makes the fields of an InstanceStatus."""
    return _standing


@pytest.fixture
def outcome() -> Make:
    """Give what makes the fields of an Outcome."""
    return _outcome


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that SVCCTL_HOME names; nothing of the caller's settings is seen."""
    for name in ("NO_COLOR", "FORCE_COLOR", "SVCCTL_VERBOSE", "SVCCTL_QUIET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SVCCTL_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def agent(home: Path) -> Iterator[FakeAgent]:
    """Give an agent that runs at the address a client of *home* looks for."""
    where = paths(str(home))
    private_folder(where.run)
    private_folder(where.control)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(where.socket)
        listener.listen()
        fake = FakeAgent(home)
        thread = threading.Thread(target=fake.serve, args=(listener,))
        thread.start()
        yield fake
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=60)


@dataclass(slots=True)
class Terminal:
    """A terminal 80 columns wide, and a command that runs in it."""

    screen: str = ""
    status: int | None = None

    def run(self, argv: list[str], *, answer: str = "", when: str = "") -> None:
        """Run svcctl; type *answer* once *when* is on the screen."""
        ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        command = subprocess.Popen(
            [sys.executable, "-m", "svcctl", *argv],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        raw, typed = b"", not answer
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                raw += os.read(ours, 65536)
            except OSError:  # the last one who had the terminal open is gone
                break
            if not typed and when in raw.decode(errors="replace"):
                os.write(ours, answer.encode())
                typed = True
        self.screen = raw.decode(errors="replace").replace("\r\n", "\n")
        self.status = command.wait(timeout=60)
        os.close(ours)


@pytest.fixture
def terminal() -> Terminal:
    """Give a terminal."""
    return Terminal()
