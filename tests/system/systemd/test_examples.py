"""The examples as services of systemd: installed by themselves, started, paused, stopped, gone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.examples.names import NAMES, SERVICES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.xdist_group("systemd"),
]

PYTHONPATH = "/opt/svcctl:/opt/site"


class Example:
    """An example on a machine whose PID 1 is systemd."""

    def __init__(self, host: Any, name: str) -> None:
        self.host, self.name = host, name
        host.write(f"/opt/examples/{name}.py", (SERVICES / f"{name}.py").read_text())
        host.run("mkdir", "-p", "/opt/examples/work")

    def asked_to(self, *words: str) -> str:
        """Have its own file do something."""
        command = ("python3", f"/opt/examples/{self.name}.py", *words)
        said: str = self.host.run(*command, PYTHONPATH=PYTHONPATH).stdout
        return said

    def install(self) -> None:
        where = ("--cwd", "/opt/examples/work", "--env", f"PYTHONPATH={PYTHONPATH}")
        self.asked_to("install", "--now", "--manager", "systemd", *where)

    def phase(self) -> str:
        phase: str = self.host.status(self.name)["phase"]
        return phase


@pytest.mark.parametrize("name", NAMES)
def test_each_starts_and_stops_as_a_service_of_systemd(clean: Any, name: str) -> None:
    example = Example(clean, name)

    example.install()
    running = example.phase(), clean.show(name, "Type"), clean.show(name, "ActiveState")
    program = clean.show(name, "ExecStart")
    example.asked_to("stop")
    stopped = example.phase(), clean.show(name, "Result"), clean.show(name, "ExecMainStatus")
    example.asked_to("uninstall", "--yes")

    assert running == ("running", "notify", "active")
    assert f"/opt/examples/{name}.py run" in program
    assert stopped == ("stopped", "success", "0")
    assert clean.run("systemctl", "cat", f"{name}.service", check=False).returncode != 0


def test_the_mailer_keeps_letters_while_it_is_paused_under_systemd(clean: Any) -> None:
    mailer = Example(clean, "mailer")
    mailer.install()

    mailer.asked_to("pause")
    send(clean, "Dear Ann")
    paused = mailer.phase(), clean.sh("cat /opt/examples/work/outbox.txt")
    mailer.asked_to("resume")
    clean.sh("until grep -q 'Dear Ann' /opt/examples/work/outbox.txt; do sleep 0.1; done")
    resumed = mailer.phase()

    assert paused == ("paused", "")
    assert resumed == "running"


def send(host: Any, letter: str) -> None:
    """Hand a letter over, in there."""
    host.run(
        "python3",
        "-c",
        "import socket; c = socket.create_connection(('127.0.0.1', 8005), 20);"
        f"c.sendall(b'{letter}\\n'); assert c.makefile('rb').read() == b'taken\\n'",
    )
