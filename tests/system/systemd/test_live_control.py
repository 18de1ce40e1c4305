"""Services that live under other users take requests of root's agent, and of a host of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.systemd.conftest import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.xdist_group("systemd"),
]

MAILER = """
import os
from svcctl import Context, Service


class Mailer(Service):
    async def run(self, ctx: Context) -> None:
        print("began as", os.geteuid(), flush=True)
        await ctx.stopped()

    def on_pause(self) -> None:
        if os.path.exists("/srv/refuse"):
            raise ValueError("a mail is half sent")
        print("stands still", flush=True)
"""

SPEC = """
[services.mailer]
python = "mailer:Mailer"
cwd = "/srv"
user = "ann"
manager = "{manager}"
env.PYTHONPATH = "/opt/svcctl:/opt/site"
"""


@pytest.mark.parametrize("manager", ["agent", "systemd"])
def test_it_pauses_itself_though_it_is_another_users(clean: Any, ann: Any, manager: str) -> None:
    del ann
    clean.write("/srv/mailer.py", MAILER)
    if manager == "agent":
        clean.svcctl("agent", "run", "--detach")
    try:
        clean.apply(SPEC.replace("{manager}", manager))
        clean.svcctl("pause", "mailer")
        paused = clean.status("mailer")
        clean.svcctl("resume", "mailer")
        clean.write("/srv/refuse", "")
        refused = clean.svcctl("pause", "mailer", status=1)
        running = clean.status("mailer")
        until(lambda: "stands still" in clean.svcctl("logs", "mailer"), what="it wrote")
        said = clean.svcctl("logs", "mailer")
    finally:
        clean.run("rm", "-f", "/srv/refuse")
        if manager == "agent":
            clean.svcctl("agent", "stop")

    assert (paused["phase"], running["phase"]) == ("paused", "running")
    assert "on_pause failed: ValueError: a mail is half sent" in refused
    assert "began as 0" not in said
