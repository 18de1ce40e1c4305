"""What a context offers works in a real process, over its death and its restarts."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE, until, whole_lines
from tests.flows.sdk.place import Place

pytestmark = [pytest.mark.slow, pytest.mark.posix]

ANSWERING = """
from dataclasses import dataclass
from svcctl import Context, Secret, Service, check, every, secret


class Mailer(Service):
    health_port = 0
    check_period = "50ms"
    config_follow = "50ms"

    @dataclass
    class Config:
        host: str = "localhost"
        sick: bool = False
        password: Secret = secret("env:MAIL_PASSWORD", default="none")

    async def run(self, ctx: Context) -> None:
        self.ctx = ctx
        await ctx.stopped()

    @every("20ms")
    async def beat(self) -> None: ...

    @check("ready", cache="10ms")
    def smtp(self) -> bool:
        return not self.ctx.config.sick


if __name__ == "__main__":
    Mailer.main()
"""

RESTARTING = """
import os, socket
from svcctl import Context, Service, take_listeners


class Phoenix(Service):
    async def run(self, ctx: Context) -> None:
        kept = take_listeners()
        server = kept[0] if kept else socket.create_server(("127.0.0.1", 0))
        ctx.log.info("began", pid=os.getpid(), port=server.getsockname()[1], kept=len(kept))
        if not kept:
            ctx.restart("new code", keep=[server])
        await ctx.stopped()


if __name__ == "__main__":
    Phoenix.main()
"""

ORDERING = """
import os, signal
from pathlib import Path
from svcctl import Context, Service, resumes

HERE = Path(__file__).parent


def note(line):
    with (HERE / "heard").open("a") as file:
        file.write(line + "\\n")


class Shop(Service):
    async def run(self, ctx: Context) -> None:
        ctx.ready()
        if not (HERE / "heard").exists():
            await self.order("7", {"item": "tea"}, ctx)
        await ctx.stopped()

    @resumes("order")
    async def order(self, run, value, ctx: Context):
        async with ctx.saga("order", run, value=value) as saga:
            await saga.step(lambda key: note("reserve " + value["item"]), key="reserve")
            await saga.step(self.charge, key="charge")
        note("over")

    def charge(self, key):
        note("charge")
        if not (HERE / "survived").exists():
            (HERE / "survived").touch()
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Shop.main()
"""


def records(place: Place) -> list[dict[str, Any]]:
    lines = whole_lines(place.folder / "out")
    return [json.loads(line) for line in lines if line.startswith("{")]


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


@contextmanager
def answering(folder: Path) -> Iterator[tuple[Place, int]]:
    place = Place(folder, ANSWERING)
    config = folder / "mailer.toml"
    config.write_text('host = "a"')
    with place.started("run", "--config", str(config), MAIL_PASSWORD="hunter2"):
        until(lambda: any(each["event"] == "health.answered" for each in records(place)))
        (port,) = (each["port"] for each in records(place) if each["event"] == "health.answered")
        until(lambda: asked(port, "/health/ready")[0] == 200)
        yield place, port


def test_health_and_metrics_are_answered_and_a_check_that_fails_is_told(tmp_path: Path) -> None:
    with answering(tmp_path) as (place, port):
        until(
            lambda: 'svcctl_job_runs_total{job="beat",outcome="done"}' in asked(port, "/metrics")[1]
        )
        (tmp_path / "mailer.toml").write_text("sick = true")
        until(lambda: asked(port, "/health/ready")[0] == 503)
        until(lambda: any(each["event"] == "health.changed" for each in records(place)))
        live, _ = asked(port, "/health/live")
        (changed, *_) = (each for each in records(place) if each["event"] == "health.changed")

    assert live == 200
    assert (changed["status"], changed["failing"]) == ("DOWN", ["smtp"])


def test_a_bad_configuration_is_told_with_its_place_and_changes_nothing(tmp_path: Path) -> None:
    with answering(tmp_path) as (place, port):
        (tmp_path / "mailer.toml").write_text("sick = maybe")
        until(lambda: any(each["event"] == "config.rejected" for each in records(place)))
        (rejected, *_) = (each for each in records(place) if each["event"] == "config.rejected")
        status, _ = asked(port, "/health/ready")
        text = asked(port, "/metrics")[1]

    assert status == 200
    assert "mailer.toml:1:8" in rejected["mistakes"][0]
    assert 'svcctl_reloads_total{outcome="rejected"} 1' in text


def test_the_configuration_is_printed_with_who_set_what_and_without_secrets(tmp_path: Path) -> None:
    place = Place(tmp_path, ANSWERING)
    file = tmp_path / "mailer.yaml"
    file.write_text("host: b\nprod:\n  sick: true\n")

    words = ("--config", str(file), "--namespace", "prod", "--set", "host=c", "--print-config")
    said = place.says("run", *words)

    assert said.returncode == 0
    host, sick, password = said.stdout.splitlines()
    assert host.split("#")[0].strip() == 'host = "c"'
    assert "--set host" in host
    assert sick.endswith("mailer.yaml:3:3")
    assert password.startswith("password = ***")


def test_every_mistake_is_told_at_once_and_the_exit_status_is_78(tmp_path: Path) -> None:
    place = Place(tmp_path, ANSWERING)
    file = tmp_path / "bad.toml"
    file.write_text('hots = "x"\nsick = 3\n')

    said = place.says("run", "--config", str(file))

    assert said.returncode == 78
    assert "bad.toml:1:1" in said.stderr
    assert "bad.toml:2:8" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_restart_runs_anew_in_the_same_process_with_the_sockets_that_are_kept(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path, RESTARTING)

    with place.started("run") as program:
        until(lambda: len([each for each in records(place) if each["event"] == "began"]) == 2)
        program.send_signal(signal.SIGTERM)
        program.wait(PATIENCE)

    first, second = (each for each in records(place) if each["event"] == "began")
    assert (first["pid"], first["port"]) == (second["pid"], second["port"])
    assert (first["kept"], second["kept"]) == (0, 1)
    assert program.returncode == 0


def test_a_saga_that_a_kill_cut_off_is_taken_up_at_the_next_start(tmp_path: Path) -> None:
    place = Place(tmp_path, ORDERING)

    with place.started("run") as program:
        program.wait(PATIENCE)
    with place.started("run") as again:
        until(lambda: "over" in place.heard())
        again.send_signal(signal.SIGTERM)
        again.wait(PATIENCE)

    assert program.returncode == -signal.SIGKILL
    assert place.heard() == ["reserve tea", "charge", "charge", "over"]
    assert again.returncode == 0


def test_a_crash_report_has_the_last_lines_and_the_checkpoint_and_no_secret(
    tmp_path: Path,
) -> None:
    source = ANSWERING.replace(
        "        await ctx.stopped()",
        '        await ctx.state.set("sent", 41)\n'
        '        ctx.log.info("about to fail", using=ctx.config.password.reveal())\n'
        '        raise ValueError("broken by " + ctx.config.password.reveal())',
    )
    place = Place(tmp_path, source)

    with place.started("run", MAIL_PASSWORD="hunter2", HOME=os.fspath(tmp_path)) as program:
        program.wait(PATIENCE)

    (report,) = (tmp_path / "state" / "crashes").glob("*.json")
    told = report.read_text()
    assert program.returncode == 70
    assert "about to fail" in told
    assert json.loads(told)["checkpoint"] == {"sent": 41}
    assert "hunter2" not in told
