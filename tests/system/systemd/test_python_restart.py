"""A service in Python runs itself anew, and systemd takes that for no stop."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.systemd.conftest import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.xdist_group("systemd"),
]

AGAIN = """
from svcctl import Context, Service


class Again(Service):
    async def run(self, ctx: Context) -> None:
        runs = await ctx.state.get("runs", 0) + 1
        await ctx.state.set("runs", runs)
        ctx.ready()
        print("run", runs, "is ready", flush=True)
        if runs == 1:
            ctx.restart("new code")
        await ctx.stopped()


if __name__ == "__main__":
    Again.main()
"""

UNIT = """
[Service]
Type=notify
Environment=PYTHONPATH=/opt/svcctl:/opt/site
StateDirectory=again
ExecStart=/usr/bin/python3 /srv/again.py run
"""


def test_it_is_the_same_process_and_stays_active(clean: Any) -> None:
    clean.write("/srv/again.py", AGAIN)
    clean.write("/etc/systemd/system/again.service", UNIT)
    clean.run("systemctl", "daemon-reload")

    clean.run("systemctl", "start", "again.service")
    pid = clean.show("again.service", "MainPID")
    until(
        lambda: "run 2 is ready" in clean.sh("journalctl -u again.service -o cat"),
        what="it runs anew",
    )
    until(lambda: clean.show("again.service", "ActiveState") != "reloading", what="systemd hears")
    state = clean.show("again.service", "ActiveState")
    same = clean.show("again.service", "MainPID")

    clean.run("systemctl", "stop", "again.service")
    clean.sh("rm /etc/systemd/system/again.service; systemctl daemon-reload")
    assert state == "active"  # one that had said STOPPING=1 would be deactivating, and then killed
    assert same == pid
