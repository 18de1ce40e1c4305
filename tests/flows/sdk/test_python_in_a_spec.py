"""A definition names a service in Python; the agent keeps its instances apart, and it alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import PATIENCE, Box, alive, box, until, whole_lines

__all__ = ["box"]

SHOP = """
import os
from svcctl import App, Context, Service, lock_file, temp_file


class Mailer(Service):
    async def run(self, ctx: Context) -> None:
        left = await ctx.use(temp_file(suffix=".part"))
        await ctx.use(lock_file(f"{ctx.folder}/modem.lock"))
        ctx.log.info("mailer.began", name=ctx.name, folder=ctx.folder, left=left)
        await ctx.stopped()

    def on_reload(self, old: object, new: object) -> None:
        print("reloaded")


app = App("hello")


@app.run
async def hello(ctx: Context) -> None:
    await ctx.stopped()
"""


@pytest.fixture
def shop(box: Box) -> Box:
    """A folder with a package, and an agent beside it."""
    (box.home / "shop").mkdir()
    (box.home / "shop" / "mail.py").write_text(SHOP)
    (box.home / "shop" / "broken.py").write_text("raise ValueError('half written')\n")
    box.start_agent()
    return box


def logged(shop: Box, event: str) -> list[dict[str, object]]:
    """Give the records of an event, of all instances."""
    lines = [
        line
        for file in sorted((shop.home / "logs").rglob("*.log"))
        for line in whole_lines(file)
        if line.startswith("{")
    ]
    return [each for each in map(json.loads, lines) if each["event"] == event]


@pytest.mark.slow
def test_each_instance_knows_its_name_and_has_a_folder_of_its_own(shop: Box) -> None:
    shop.apply('[services.mail-eu]\npython = "shop.mail:Mailer"\ninstances = 2\n')

    began = logged(shop, "mailer.began")

    assert {each["phase"] for each in shop.status("mail-eu")} == {"running"}
    assert {each["service"] for each in began} == {each["name"] for each in began} == {"mail-eu"}
    assert sorted(str(each["instance"]) for each in began) == ["mail-eu", "mail-eu.2"]
    assert sorted(os.path.basename(str(each["folder"])) for each in began) == [
        "mail-eu",
        "mail-eu.2",
    ]


@pytest.mark.slow
def test_it_reloads_and_stops_without_anything_being_said_of_it(shop: Box) -> None:
    shop.apply('[services.mailer]\npython = "shop.mail:Mailer"\n')

    shop.ok("reload", "mailer")
    until(lambda: "reloaded" in shop.ok("logs", "mailer").out, what="it has reloaded")
    shop.ok("stop", "mailer")

    folder = shop.home / "state" / "services" / "mailer"
    assert not (folder / "modem.lock").exists()
    assert not any((folder / "tmp").iterdir())


@pytest.mark.slow
def test_functions_and_apps_are_services_too(shop: Box) -> None:
    shop.apply(
        '[services.one]\npython = "shop.mail:app"\n[services.two]\npython = "shop.mail:hello"\n'
    )

    assert {each["phase"] for each in shop.status("one", "two")} == {"running"}


@pytest.mark.slow
def test_what_a_kill_left_is_in_the_way_of_nothing(shop: Box) -> None:
    shop.apply('[services.mailer]\npython = "shop.mail:Mailer"\nrestart.delay = "0s"\n')
    (first,) = logged(shop, "mailer.began")
    pid = shop.one("mailer")["pid"]

    os.kill(pid, signal.SIGKILL)
    until(lambda: len(logged(shop, "mailer.began")) == 2, what="it runs again")

    assert not alive(pid)
    assert not Path(str(first["left"])).exists()
    assert logged(shop, "service.crashed") == []


@pytest.mark.slow
def test_a_second_copy_in_a_terminal_is_refused_and_told_how_to_be_another_one(shop: Box) -> None:
    shop.apply('[services.mailer]\npython = "shop.mail:Mailer"\n')
    pid = shop.one("mailer")["pid"]

    refused = subprocess.run(
        [sys.executable, "-m", "svcctl.sdk.entry", "shop.mail:Mailer"],
        env=shop.environ(),
        cwd=shop.home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert refused.returncode == 1
    assert f"'mailer' already runs as pid {pid} since " in refused.stderr
    assert "--instance 2" in refused.stderr


@pytest.mark.slow
def test_another_copy_that_is_asked_for_runs_beside_it(shop: Box) -> None:
    shop.apply('[services.mailer]\npython = "shop.mail:Mailer"\n')

    with subprocess.Popen(
        [sys.executable, "-m", "svcctl.sdk.entry", "shop.mail:Mailer", "--instance", "2"],
        env=shop.environ(),
        cwd=shop.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as beside:
        assert beside.stdout is not None
        record = json.loads(beside.stdout.readline())
        beside.terminate()
        beside.wait(PATIENCE)

    assert (record["event"], record["instance"]) == ("mailer.began", "mailer.2")
    assert beside.returncode == 0


@pytest.mark.slow
def test_what_is_not_there_is_a_mistake_that_is_not_tried_again(shop: Box) -> None:
    text = '[services.mailer]\npython = "shop.mail:Nobody"\nrestart.delay = "0s"\n'

    tried = shop.cli("apply", str(shop.write(text)), "--yes")

    assert tried.status != 0
    assert shop.one("mailer")["phase"] == "failed"
    assert "has no 'Nobody'" in shop.ok("logs", "mailer").out
    assert "it has: Mailer, app" in shop.ok("logs", "mailer").out


@pytest.mark.slow
def test_an_import_that_fails_is_a_crash_with_a_report(shop: Box) -> None:
    text = '[services.mailer]\npython = "shop.broken:Mailer"\nrestart.policy = "never"\n'

    shop.cli("apply", str(shop.write(text)), "--yes")

    (report,) = (shop.home / "state" / "services" / "mailer" / "crashes").glob("*.json")
    found = json.loads(report.read_text())
    assert (found["where"], found["error"]["message"]) == ("import", "half written")
    assert found["service"] == "mailer"
    (crashed,) = logged(shop, "service.crashed")
    assert crashed["file"] == str(report)
    assert "70" in str(shop.one("mailer"))
