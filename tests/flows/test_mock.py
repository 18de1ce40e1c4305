"""``svcctl mock`` as people meet it: a real process, real requests, Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE

pytestmark = pytest.mark.slow

PAYMENTS = """
[[routes]]
method = "POST"
path = "/payments"
answers = [{ status = 503 }, { status = 201, json = { id = 7 } }]

[[routes]]
path = "/payments/{id}"
json = { id = "{id}", state = "paid" }
"""


@dataclass
class Mocks:
    """A home in which stand-ins run."""

    box: Any
    until: Callable[..., Any]
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, file: str, *more: str) -> tuple[subprocess.Popen[str], str]:
        """Start one on a free port; give it and its URL."""
        process = subprocess.Popen(
            [sys.executable, "-m", "svcctl", "mock", file, "--port", "0", "-o", "jsonl", *more],
            env=self.box.environ(),
            cwd=self.box.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())["url"]


@pytest.fixture
def mocks(box: Any, until: Callable[..., Any]) -> Iterator[Mocks]:
    made = Mocks(box, until)
    box.write(PAYMENTS, "payments.toml")
    yield made
    for each in made.processes:
        if each.poll() is None:
            each.kill()
        each.communicate(timeout=PATIENCE)


def ask(url: str, method: str = "GET") -> tuple[int, bytes]:
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_it_answers_logs_and_ends_with_ctrl_c(mocks: Mocks) -> None:
    process, url = mocks.start("payments.toml")

    found = [ask(f"{url}/payments", "POST")[0] for _ in range(2)]
    paid = ask(f"{url}/payments/7")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)

    assert url.startswith("http://127.0.0.1:")
    assert found == [503, 201]
    assert paid == (200, b'{"id": "7", "state": "paid"}')
    assert process.returncode == 0
    assert [json.loads(line)["status"] for line in out.splitlines()] == [503, 201, 200]
    assert "stopped" in err


def test_what_was_recorded_is_answered_without_the_real_server(mocks: Mocks) -> None:
    real, real_url = mocks.start("payments.toml")
    recording, url = mocks.start("recorded.toml", "--record", real_url)
    first = ask(f"{url}/payments/7")
    for each in (recording, real):
        each.send_signal(signal.SIGINT)
        each.communicate(timeout=PATIENCE)

    _, url = mocks.start("recorded.toml")

    assert ask(f"{url}/payments/7") == first == (200, b'{"id": "7", "state": "paid"}')


def test_every_mistake_is_shown_with_its_place(mocks: Mocks) -> None:
    mocks.box.write('[[routes]]\npath = "x"\nstatuss = 1\n', "bad.toml")

    ran = mocks.box.cli("mock", "bad.toml")

    assert ran.status == 78
    assert "bad.toml:2:8: the path 'x' does not begin with /" in ran.err
    assert "bad.toml:3:1: unknown option 'statuss'" in ran.err


def test_a_file_that_is_not_there_is_told(mocks: Mocks) -> None:
    ran = mocks.box.cli("mock", "missing.toml")

    assert ran.status == 78
    assert "missing.toml: cannot be read: no such file or directory" in ran.err


def test_people_read_a_line_for_each_request(mocks: Mocks) -> None:
    file: Path = mocks.box.home / "out"
    with file.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "svcctl", "mock", "payments.toml", "-p", "0"],
            env=mocks.box.environ(),
            cwd=mocks.box.home,
            stdout=out,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    mocks.processes.append(process)
    mocks.until(lambda: "answering on" in file.read_text(), what="it answers")
    url = file.read_text().split()[-1]

    ask(f"{url}/payments/7")
    mocks.until(lambda: len(file.read_text().splitlines()) == 2, what="the request is logged")

    assert "200 GET /payments/7 (GET /payments/{id}, " in file.read_text()
