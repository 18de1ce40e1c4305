"""A living service is asked and told, by whoever keeps it or by nobody but its user."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from svcctl.client.local import LocalClient
from svcctl.sdk.endpoint.place import address
from svcctl.system.paths import find_paths, host_paths
from svcctl.wire import Request, Selection
from tests.flows.conftest import PATIENCE, Box, agent, box, until
from tests.flows.test_host import Site, site

__all__ = ["agent", "box", "site"]

pytestmark = pytest.mark.slow

MAILER = '''
import os
import sys
from dataclasses import dataclass

from svcctl import Context, Service, check, every

HERE = os.path.dirname(os.path.abspath(__file__))


def is_there(name):
    return os.path.exists(os.path.join(HERE, name))


class Mailer(Service):
    """Sends mail."""

    hook_timeout = "2s"

    @dataclass(frozen=True)
    class Config:
        port: int = 25

    async def run(self, ctx: Context) -> None:
        async for count in ctx.ticks("20ms"):
            ctx.log.debug("mail.sent", count=count)
            if count == 0:
                ctx.status("at work")

    async def on_pause(self):
        print("on_pause", flush=True)
        if is_there("refuse"):
            raise ValueError("a mail is half sent")

    def on_resume(self):
        print("on_resume", flush=True)

    def on_reload(self, old, new):
        print(f"on_reload {old.port} {new.port}", flush=True)

    @check("ready", cache="0s")
    def smtp(self):
        if is_there("down"):
            raise ConnectionError("refused")


if __name__ == "__main__":
    Mailer.main()
'''


def toml(home: Path, more: str = "") -> str:
    (home / "mailer.py").write_text(MAILER)
    (home / "mailer.toml").write_text("port = 26\n")
    return f"""
version = 1
[services.mailer]
exec = ["{sys.executable}", "{home}/mailer.py", "run"]
cwd = "{home}"
ready = "notify"
{more}
"""


def is_frozen(pid: int) -> bool:
    """Say whether a process stands still because somebody made it."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] == "T"


def said(box: Box, instance: str = "mailer") -> list[str]:
    lines = box.ok("logs", instance, "-o", "jsonl").out.splitlines()
    return [line for line in lines if "on_" in line]


@pytest.fixture
def mailer(agent: Box) -> Box:
    """An agent whose mailer runs."""
    agent.apply(toml(agent.home))
    return agent


def test_a_service_pauses_and_resumes_itself(mailer: Box) -> None:
    pid = mailer.one("mailer")["pid"]

    mailer.ok("pause", "mailer")

    paused = mailer.one("mailer")
    assert (paused["phase"], paused["pid"], is_frozen(pid)) == ("paused", pid, False)
    assert paused["status_text"] == "paused: at work"

    mailer.ok("resume", "mailer")

    assert mailer.one("mailer")["phase"] == "running"
    assert [each for each in ("on_pause", "on_resume") if any(each in x for x in said(mailer))] == [
        "on_pause",
        "on_resume",
    ]


def test_a_service_that_refuses_to_pause_runs_on_and_the_operator_hears_why(mailer: Box) -> None:
    (mailer.home / "refuse").touch()

    ran = mailer.cli("pause", "mailer")

    assert ran.status == 1
    assert "it does not pause: on_pause failed: ValueError: a mail is half sent" in ran.err
    assert mailer.one("mailer")["phase"] == "running"


def test_a_reload_is_answered_with_every_mistake(mailer: Box) -> None:
    pid = mailer.one("mailer")["pid"]
    (mailer.home / "mailer.toml").write_text('port = "many"\nnoise = 1\n')

    ran = mailer.cli("reload", "mailer")

    assert ran.status == 1
    assert "mailer.toml:1: port: 'many' is not a whole number" in ran.err
    assert "mailer.toml:2: unknown key 'noise'" in ran.err

    (mailer.home / "mailer.toml").write_text("port = 27\n")
    mailer.ok("reload", "mailer")

    shown = mailer.ok("config", "show", "mailer", "-o", "json").json()
    assert [each["value"] for each in shown[0]["answer"]["values"]] == ["27"]
    assert mailer.one("mailer")["pid"] == pid


def test_a_configuration_is_taken_back_and_who_did_it_is_known(mailer: Box) -> None:
    (mailer.home / "mailer.toml").write_text("port = 27\n")
    mailer.ok("reload", "mailer")

    ran = mailer.ok("config", "rollback", "mailer", "1")

    assert "changed: port" in ran.out
    (found,) = mailer.ok("config", "history", "mailer", "-o", "json").json()
    newest = found["answer"][-1]
    assert (newest["what"], newest["who"]) == ("rollback to 1", f"uid:{os.geteuid()}")
    assert newest["in_force"]


def test_a_log_level_is_changed_while_it_runs(mailer: Box) -> None:
    assert "mail.sent" not in mailer.ok("logs", "mailer").out

    mailer.ok("log-level", "mailer", "debug", "--for", "10m")

    until(lambda: "mail.sent" in mailer.ok("logs", "mailer").out)
    mailer.ok("log-level", "mailer", "--reset")
    (shown,) = mailer.ok("log-level", "mailer", "-o", "json").json()
    assert [each["level"] for each in shown["answer"]] == ["info"]


def test_status_of_a_service_tells_which_of_its_checks_fail(mailer: Box) -> None:
    assert "mailer: health UP" in mailer.ok("status", "mailer").out
    assert mailer.cli("health", "mailer").status == 0

    (mailer.home / "down").touch()

    ran = mailer.ok("status", "mailer")
    assert "mailer: health DOWN" in ran.out
    assert "smtp DOWN  error: ConnectionError: refused" in ran.out
    assert mailer.cli("health", "mailer").status == 1


def test_a_service_is_ready_as_long_as_its_own_checks_say_so(agent: Box) -> None:
    probe = '{ checks = "ready", for = "ready", interval = "50ms", timeout = "60s", fails = 1 }'
    agent.apply(toml(agent.home, f"health = [{probe}]"))
    assert agent.one("mailer")["ready"]

    (agent.home / "down").touch()
    until(lambda: not agent.one("mailer")["ready"])
    (agent.home / "down").unlink()
    until(lambda: agent.one("mailer")["ready"])

    problems = [
        each["fields"]["problem"] for each in agent.events() if each["kind"] == "ProbeFailed"
    ]
    assert problems == ["smtp: ConnectionError: refused"]


def test_the_next_agent_pauses_the_service_that_an_earlier_one_started(mailer: Box) -> None:
    pid = mailer.one("mailer")["pid"]
    mailer.kill_agent()
    mailer.start_agent()

    mailer.ok("pause", "mailer")

    assert (mailer.one("mailer")["pid"], is_frozen(pid)) == (pid, False)


def test_each_instance_answers_for_itself(agent: Box) -> None:
    agent.apply(toml(agent.home, "instances = 2"))

    agent.ok("log-level", "mailer.2", "debug")

    found = agent.ok("log-level", "mailer", "-o", "json").json()
    assert [(each["instance"], each["answer"][0]["level"]) for each in found] == [
        ("mailer", "info"),
        ("mailer.2", "debug"),
    ]


def test_what_is_no_service_of_the_sdk_says_so(agent: Box) -> None:
    agent.apply('version = 1\n[services.web]\nexec = ["sleep", "600"]\n')

    ran = agent.cli("config", "show", "web")

    assert ran.status == 1
    assert "'web' takes no requests" in ran.err
    assert "health" not in agent.ok("status", "web").out


def test_a_host_hands_on_what_is_for_its_program(site: Site) -> None:
    site.register(toml(site.home))
    host = site.host("mailer")
    site.systemd.await_word("READY=1")
    (site.home / "refuse").touch()
    (site.home / "mailer.toml").write_text('port = "many"\n')

    def ask(verb: str) -> Any:
        with LocalClient(host_paths(site.paths, "mailer").socket, timeout=PATIENCE) as client:
            (answer,) = cast(
                "list[Any]", client.ask(Request(verb=verb, select=Selection(names=("mailer",))))
            )
        return answer

    refused, rejected, health = ask("pause"), ask("reload"), ask("health")

    assert (refused["ok"], refused["phase"]) == (False, "running")
    assert "a mail is half sent" in refused["problem"]
    assert "'many' is not a whole number" in rejected["problem"]
    assert health["answer"]["status"] == "UP"
    assert host.poll() is None


class ByHand:
    """A mailer that a person has started, and nobody keeps."""

    def __init__(self, box: Box) -> None:
        self.box = box
        toml(box.home)
        self.place = Path(address(find_paths({"SVCCTL_HOME": str(box.home)}), "mailer"))

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        with (
            (self.box.home / "out").open("ab") as out,
            subprocess.Popen(
                [sys.executable, "mailer.py", "run"],
                cwd=self.box.home,
                env=self.box.environ() | {"NOTIFY_SOCKET": ""},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            ) as program,
        ):
            try:
                until(lambda: self.answers() or program.poll() is not None)
                assert program.poll() is None, (self.box.home / "out").read_text()
                yield program
            finally:
                program.kill()

    def answers(self) -> Any:
        ran = self.box.cli("health", "mailer", "-o", "json")
        return ran.status == 0 and ran.json()[0]["answer"]["status"] == "UP"


@pytest.fixture
def by_hand(box: Box) -> ByHand:
    return ByHand(box)


def test_a_service_started_by_hand_is_found_by_its_name(by_hand: ByHand) -> None:
    with by_hand.started():
        paused = by_hand.box.ok("pause", "mailer")
        resumed = by_hand.box.ok("resume", "mailer")
        level = by_hand.box.ok("log-level", "mailer", "debug")
        shown = by_hand.box.ok("status", "mailer")

    assert "mailer is paused" in paused.out
    assert "mailer is running" in resumed.out
    assert "debug" in level.out
    assert "kept by nobody" in shown.out
    assert "mailer: health UP" in shown.out


def test_its_endpoint_is_closed_to_others_and_gone_at_its_end(by_hand: ByHand) -> None:
    with by_hand.started() as program:
        modes = [
            stat.S_IMODE(path.stat().st_mode) for path in (by_hand.place.parent, by_hand.place)
        ]
        by_hand.box.ok("stop", "mailer")
        status = program.wait(PATIENCE)

    assert (modes, status) == ([0o700, 0o600], 0)
    assert not by_hand.place.exists()


def test_what_a_killed_service_left_does_not_block_the_next(by_hand: ByHand) -> None:
    with by_hand.started() as program:
        program.kill()
        program.wait(PATIENCE)
    assert by_hand.place.exists()
    assert by_hand.box.cli("health", "mailer").status == 5  # nobody keeps it, and it is gone

    with by_hand.started():
        assert by_hand.answers()


def test_a_service_whose_door_is_taken_lives_without_one(by_hand: ByHand) -> None:
    by_hand.place.parent.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(by_hand.place))
        other.listen()
        with subprocess.Popen(
            [sys.executable, "mailer.py", "run"],
            cwd=by_hand.box.home,
            env=by_hand.box.environ() | {"NOTIFY_SOCKET": ""},
            stdout=subprocess.PIPE,
            text=True,
        ) as program:
            try:
                assert program.stdout is not None
                first = program.stdout.readline()
            finally:
                program.terminate()

    assert '"event":"endpoint.closed"' in first
    assert program.returncode == 0
