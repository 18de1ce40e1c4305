"""The process a native manager starts for one service, with a manager that only listens."""

from __future__ import annotations

import os
import signal
import socket
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
from svcctl.wire import Request
from tests.flows.conftest import PATIENCE, until

pytestmark = pytest.mark.slow

TICKING = 'import time; print("here", flush=True); time.sleep(600)'


class Listening:
    """What systemd would be told: the words of sd_notify(3), each message in order."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(PATIENCE)
        self.heard: list[str] = []

    def await_word(self, word: str) -> None:
        """Listen until *word* begins one of the lines of a message."""
        while not any(each.startswith(word) for each in self.heard):
            self.heard += self._socket.recv(65536).decode().splitlines()

    def forget(self) -> None:
        self.heard.clear()

    def close(self) -> None:
        self._socket.close()


class Site:
    """A home with registrations, and hosts started as a native manager would."""

    def __init__(self, home: Path, systemd: Listening) -> None:
        self.home, self.systemd = home, systemd
        self.hosts: list[subprocess.Popen[str]] = []
        self.paths = find_paths({"SVCCTL_HOME": str(home)})

    def register(self, text: str, manager: str = "systemd") -> None:
        file = self.home / "svcctl.toml"
        file.write_text(text)
        for each in documents(load([str(file)])):
            applied = Applied(**each)  # type: ignore[arg-type]
            Registrations(self.paths.native).write(
                Registration(applied=applied, manager=manager, enabled=True)
            )

    def host(self, name: str, **more: str) -> subprocess.Popen[str]:
        host = subprocess.Popen(
            host_command(name, str(self.home)),
            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": self.systemd.address} | more,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd="/",
        )
        self.hosts.append(host)
        return host

    def ask(self, name: str, verb: str) -> Any:
        with LocalClient(host_paths(self.paths, name).socket, timeout=PATIENCE) as client:
            return client.ask(Request(verb=verb))

    def close(self) -> None:
        for host in self.hosts:
            if host.poll() is None:
                host.terminate()
            try:
                host.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                host.kill()
                host.communicate()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    systemd = Listening(tmp_path / "notify")
    site = Site(tmp_path, systemd)
    yield site
    site.close()
    systemd.close()


def test_systemd_hears_of_readiness_only_when_the_program_is_ready(site: Site) -> None:
    site.register(f"[services.web]\nexec = ['python3', '-c', '''{TICKING}''']\nready = 'log:here'")
    host = site.host("web")

    site.systemd.await_word("READY=1")
    (status,) = site.ask("web", "status")

    assert (status["phase"], status["ready"]) == ("running", True)
    assert any(each.startswith("STATUS=") for each in site.systemd.heard)
    assert host.poll() is None


def test_a_stop_is_told_and_ends_program_and_host(site: Site) -> None:
    site.register(f"[services.web]\nexec = ['python3', '-c', '''{TICKING}''']")
    host = site.host("web")
    site.systemd.await_word("READY=1")
    (status,) = site.ask("web", "status")

    host.send_signal(signal.SIGTERM)
    site.systemd.await_word("STOPPING=1")
    ended = host.wait(PATIENCE)

    assert ended == 0
    assert not Path(f"/proc/{status['pid']}").exists()


def test_a_reload_is_told_and_reaches_the_program(site: Site) -> None:
    program = """
import os, signal, time
signal.signal(signal.SIGHUP, lambda *_: os.write(1, b"read again\\n"))  # print may be under way
print("here", flush=True)
while True: time.sleep(600)
"""
    (site.home / "program.py").write_text(program)
    site.register(
        "[services.web]\nexec = ['python3', 'program.py']\nready = 'log:here'\n"
        "reload.signal = 'HUP'\n"
    )
    host = site.host("web")
    site.systemd.await_word("READY=1")
    site.systemd.forget()

    host.send_signal(signal.SIGHUP)
    site.systemd.await_word("RELOADING=1")
    site.systemd.await_word("READY=1")

    folder = Path(site.paths.logs) / "web" / "web"
    until(lambda: "read again" in (folder / "stdout.log").read_text())


def test_a_program_that_fails_for_good_ends_the_host_with_a_status_of_its_own(site: Site) -> None:
    site.register(
        "[services.web]\nexec = ['sh', '-c', 'exit 3']\nrestart = {max = 1, delay = '10ms'}"
    )

    host = site.host("web")

    assert host.wait(PATIENCE) == 69


def test_a_host_that_is_pinged_for_says_that_it_lives(site: Site) -> None:
    site.register(f"[services.web]\nexec = ['python3', '-c', '''{TICKING}''']")

    site.host("web", WATCHDOG_USEC="200000")
    site.systemd.await_word("READY=1")
    site.systemd.forget()

    site.systemd.await_word("WATCHDOG=1")


def test_the_programs_do_not_inherit_what_systemd_told_the_host(site: Site) -> None:
    site.register("[services.web]\nexec = ['sh', '-c', 'env; sleep 600']\nready = 'log:PATH='")
    site.host("web", WATCHDOG_USEC="60000000")
    site.systemd.await_word("READY=1")

    said = (Path(site.paths.logs) / "web" / "web" / "stdout.log").read_text()

    assert "NOTIFY_SOCKET" not in said
    assert "WATCHDOG" not in said


def test_a_second_host_of_a_service_is_refused(site: Site) -> None:
    site.register(f"[services.web]\nexec = ['python3', '-c', '''{TICKING}''']")
    site.host("web")
    site.systemd.await_word("READY=1")

    second = site.host("web")
    _, said = second.communicate(timeout=PATIENCE)

    assert second.returncode == 1
    assert "already runs here" in said


def test_what_a_killed_host_left_running_is_taken_over_by_the_next(site: Site) -> None:
    site.register(f"[services.web]\nexec = ['python3', '-c', '''{TICKING}''']")
    first = site.host("web")
    site.systemd.await_word("READY=1")
    (before,) = site.ask("web", "status")
    first.kill()
    first.communicate()
    site.systemd.forget()

    site.host("web")
    site.systemd.await_word("READY=1")
    (after,) = site.ask("web", "status")

    assert (after["pid"], after["restarts"]) == (before["pid"], before["restarts"])


def test_a_service_nobody_registered_has_no_host(site: Site) -> None:
    host = site.host("nobody")
    _, said = host.communicate(timeout=PATIENCE)

    assert host.returncode == 4
    assert "no native service 'nobody'" in said
