"""A service in Python, named in a definition, under the agent and the SCM of Windows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import svcctl
from tests.system.windows.test_agent_journey import Home, agent, home
from tests.system.windows.test_host_journey import Journey, journey
from tests.system.windows.waiting import PATIENCE, until

__all__ = ["agent", "home", "journey"]

pytestmark = pytest.mark.slow

MAILER = """
from svcctl import Context, Service, lock_file, temp_file


class Mailer(Service):
    async def run(self, ctx: Context) -> None:
        left = await ctx.use(temp_file())
        await ctx.use(lock_file(ctx.folder + "/modem.lock"))
        ctx.log.info("mailer.began", name=ctx.name, left=left)
        await ctx.stopped()
"""

SPEC = """
[services.mail-eu]
python = "mailer:Mailer"
instances = 2
"""


def began(home: Home) -> list[dict[str, str]]:
    """Give what each instance logged when it began."""
    said = home.run("logs", "mail-eu").stdout
    return [json.loads(line[line.index("{") :]) for line in said.splitlines() if "began" in line]


def test_its_instances_are_told_apart_and_leave_nothing(agent: Home) -> None:
    (agent.path / "mailer.py").write_text(MAILER)

    agent.run("apply", agent.write(SPEC), "--yes")
    records = until(lambda: len(began(agent)) == 2 and began(agent), what="both have begun")
    beside = subprocess.run(
        [sys.executable, "-m", "svcctl.sdk.entry", "mailer:Mailer"],
        env=agent.environ | {"SVCCTL_SERVICE": "mail-eu"},
        cwd=agent.path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    agent.run("stop", "mail-eu")

    assert sorted(each["instance"] for each in records) == ["mail-eu", "mail-eu.2"]
    assert {each["name"] for each in records} == {"mail-eu"}
    assert beside.returncode == 1
    assert "'mail-eu' already runs as pid " in beside.stderr
    assert not any(Path(each["left"]).exists() for each in records)
    assert not list(agent.path.rglob("modem.lock"))


def test_the_scm_keeps_it_by_a_host(journey: Journey) -> None:
    (journey.folder / "mailer.py").write_text(MAILER)
    definition = journey.folder / "svcctl.toml"
    packages = Path(svcctl.__file__).parents[1]
    definition.write_text(
        f"[services.{journey.name}]\npython = 'mailer:Mailer'\nmanager = 'scm'\n"
        f"env.PYTHONPATH = '{packages}'\n"
    )

    journey.cli("apply", str(definition), "--yes")
    status = until(
        lambda: (now := journey.status())["phase"] == "running" and now, what="it is running"
    )
    records = until(
        lambda: [json.loads(each[each.index("{") :]) for each in journey.logs() if "began" in each],
        what="it has begun",
    )
    journey.cli("stop", journey.name)

    assert status["manager"] == "scm"
    assert [each["name"] for each in records] == [journey.name]
    assert not Path(records[0]["left"]).exists()
