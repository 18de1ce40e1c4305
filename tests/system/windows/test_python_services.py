"""A service in Python, named in a definition, under the agent on Windows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.windows.test_agent_journey import PATIENCE, Home, agent, home, until

__all__ = ["agent", "home"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

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
