"""The examples as they are lived: stopped at work, killed, paused, rotated under."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.ports import free_port
from tests.flows.conftest import PATIENCE, Box, box, until
from tests.unit.examples.names import SERVICES
from tests.unit.examples.partner import partner

__all__ = ["box"]

pytestmark = pytest.mark.slow


@dataclass
class Kept:
    """An example that an agent keeps, in a folder of its own."""

    box: Box
    name: str

    @property
    def home(self) -> Path:
        return self.box.home

    @property
    def pid(self) -> int:
        return int(self.box.one(self.name)["pid"])

    def die(self) -> None:
        """Be killed, and come back once another one runs."""
        killed = self.pid
        os.kill(killed, signal.SIGKILL)

        def is_back() -> bool:
            now = self.box.one(self.name)
            return now["phase"] == "running" and now["pid"] not in {None, killed}

        until(is_back)

    def says(self, word: str) -> bool:
        """Say whether its log has a word in it."""
        return word in self.box.cli("logs", self.name, "-n", "1000").out

    def asked_to(self, verb: str) -> subprocess.Popen[bytes]:
        """Have something done while this goes on."""
        return subprocess.Popen(
            [sys.executable, "-m", "svcctl", verb, self.name],
            env=self.box.environ(),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stopped(self) -> dict[str, Any]:
        return self.box.until_phase(self.name, "stopped")


def kept(box: Box, name: str, settings: str) -> Kept:
    """Have an agent keep an example, whose configuration stands in its file."""
    box.start_agent()
    box.write(settings, f"{name}.toml")
    command = json.dumps([sys.executable, str(SERVICES / f"{name}.py"), "run"])
    box.apply(
        f"version = 1\n[services.{name}]\nexec = {command}\nready = 'notify'\n"
        "reload.signal = 'HUP'\nrestart.delay = '10ms'\nrestart.min_uptime = '0s'\n"
        f"env = {{ STATE_DIRECTORY = {json.dumps(str(box.home / 'memory'))} }}\n"
    )
    return Kept(box, name)


def test_the_archiver_finishes_the_file_under_way_and_begins_no_other(box: Box) -> None:
    inbox, archive = box.home / "inbox", box.home / "archive"
    inbox.mkdir()
    os.mkfifo(inbox / "a")  # to be read for as long as somebody writes
    (inbox / "b").write_text("left")
    archiver = kept(box, "archiver", "period = '20ms'\n")
    with (inbox / "a").open("wb") as under_way:  # comes back once it is read
        stopping = archiver.asked_to("stop")
        box.until_phase("archiver", "stopping")
        under_way.write(b"all of it")
    stopping.wait(PATIENCE)

    assert archiver.stopped()["exit_code"] == 0
    assert gzip.decompress((archive / "a.gz").read_bytes()) == b"all of it"
    assert [each.name for each in inbox.iterdir()] == ["b"]


@contextmanager
def registry(box: Box) -> Iterator[tuple[str, list[str]]]:
    """Play a registry with ``svcctl mock``; give its address and what it is told."""
    command = [sys.executable, "-m", "svcctl", "mock", str(SERVICES / "registry.toml")]
    with subprocess.Popen(
        [*command, "--port", "0", "-o", "jsonl"],
        env=box.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as mock:
        assert mock.stdout is not None
        url, told = json.loads(mock.stdout.readline())["url"], list[str]()
        reading = threading.Thread(target=lambda: told.extend(map(target, mock.stdout or ())))
        reading.start()
        try:
            yield url, told
        finally:
            mock.kill()
            reading.join()


def target(line: str) -> str:
    """Give what was asked for in a line of a mock."""
    return str(json.loads(line)["target"]).rpartition("/service/")[2]


def health(port: int) -> int:
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/health/ready", timeout=PATIENCE
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_web_service_leaves_the_registry_before_its_last_answer(box: Box) -> None:
    port, health_port = free_port(), free_port()
    with registry(box) as (url, told):
        settings = f"port = {port}\nhealth_port = {health_port}\nregistry = '{url}'\n"
        web = kept(box, "web", settings)
        until(lambda: told == ["register"])
        assert health(health_port) == 200

        asking = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        asking.putrequest("POST", "/")
        asking.putheader("Content-Length", "3")
        asking.endheaders(b"a ")
        until(lambda: "svcctl_work_under_way 1" in metrics(health_port))
        stopping = web.asked_to("stop")
        until(lambda: told == ["register", f"deregister/web-{port}"])
        assert (health(health_port), refused(port)) == (503, 503)
        asking.send(b"b")
        answer = asking.getresponse()

        assert (answer.status, json.loads(answer.read())) == (200, {"words": 2})
        assert web.stopped()["exit_code"] == 0
        stopping.wait(PATIENCE)
        asking.close()


def refused(port: int) -> int:
    """Ask it to begin something new, and give what it says."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    asking.request("POST", "/", b"a b")
    with asking.getresponse() as answer:
        asking.close()
        return answer.status


def metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        text: bytes = answer.read()
        return text.decode()


def test_the_mailer_takes_letters_while_it_is_paused_and_delivers_them_afterwards(
    box: Box,
) -> None:
    port, outbox = free_port(), box.home / "outbox.txt"
    mailer = kept(box, "mailer", f"port = {port}\n")
    send(port, b"before")
    until(lambda: outbox.read_text() == "1 before\n")

    box.ok("pause", "mailer")
    outbox.rename(box.home / "sent.txt")
    send(port, b"meanwhile")
    paused, untouched = box.one("mailer")["phase"], not outbox.exists()
    box.ok("resume", "mailer")

    until(lambda: outbox.read_text() == "2 meanwhile\n")
    assert (paused, untouched) == ("paused", True)
    assert mailer.says("mailer.resumed")


def send(port: int, letter: bytes) -> None:
    """Hand over a letter, and wait until it is taken."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(letter + b"\n")
        with connection.makefile("rb") as answer:
            assert answer.read() == b"taken\n"


def test_the_log_watcher_counts_each_line_once_however_often_it_is_killed(box: Box) -> None:
    log = box.home / "app.log"
    with partner() as receiver:
        settings = f"log = '{log}'\nwebhook = '{receiver.url}'\ncooldown = '0s'\nperiod = '5ms'\n"
        log.write_text("ERROR at first\n")
        watcher = kept(box, "logwatch", settings)
        until(lambda: receiver.asked)  # it has a place to go on from
        for number in range(5):
            with log.open("a") as file:
                file.writelines(f"ERROR {number} {line}\nfine\n" for line in range(200))
            if number % 2:
                log.rename(box.home / f"app.log.{number}")
            watcher.die()
        until(lambda: receiver.asked and receiver.asked[-1][1]["matches"] == 1001)
        box.ok("stop", "logwatch")

        assert max(body["matches"] for _, body in receiver.asked) == 1001


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_the_keeper_runs_another_program_once_its_file_says_so(box: Box) -> None:
    def says(word: str, then: str = "while True: time.sleep(60)") -> str:
        code = f"import time; print('{word}', flush=True)\n{then}"
        return f"program = {json.dumps([sys.executable, '-c', code])}\ndelay = '10ms'\n"

    keeper = kept(box, "keeper", says("first"))
    until(lambda: keeper.says("first"))
    box.write(says("second"), "keeper.toml")
    until(lambda: keeper.says("second"))
    box.write("program = 7\n", "keeper.toml")
    until(lambda: keeper.says("config.rejected"))
    box.write(says("third", "raise SystemExit(3)"), "keeper.toml")
    until(lambda: keeper.box.cli("logs", "keeper").out.count("program.ended") > 1)

    box.ok("stop", "keeper")
    assert keeper.stopped()["restarts"] == 0


@pytest.mark.parametrize(("carrier", "end"), [(200, "done"), (409, "refused")])
def test_an_order_comes_to_its_end_though_the_service_dies_at_the_till(
    box: Box, carrier: int, end: str
) -> None:
    orders = box.home / "orders"
    orders.mkdir()
    (orders / "A17.json").write_text(json.dumps({"item": "tea"}))
    paid: set[str] = set()
    with partner() as shop:

        def answer(path: str, _: dict[str, Any]) -> int:
            if path == "/charge" and not paid:
                paid.add(shop.keys[-1])  # the money has gone, and nobody will know
                kill(service.pid)
            return carrier if path == "/ship" else 200

        shop.answer = answer
        service = Kept(box, "orders")
        kept(box, "orders", f"shop = '{shop.url}'\nperiod = '10ms'\n")
        until((orders / end / "A17.json").exists)
        box.ok("stop", "orders")

    charged = [key for path, key in zip(shop.paths, shop.keys, strict=True) if path == "/charge"]
    assert len(charged) == 2
    assert set(charged) == paid
    assert shop.paths.count("/reserve") == 1
    assert shop.paths[-2:] == (
        ["/refund", "/release"] if end == "refused" else ["/charge", "/ship"]
    )
