"""A service in Python, named in a definition and kept by a real systemd."""

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
from svcctl import Context, Service


class Mailer(Service):
    async def run(self, ctx: Context) -> None:
        print("began", ctx.name, ctx.folder, await ctx.state.get("runs", 0))
        await ctx.state.set("runs", 1)
        await ctx.stopped()

    def on_reload(self, old: object, new: object) -> None:
        print("reloaded")
"""

PACKAGES = "/opt/svcctl:/opt/site"

SPEC = f"""
[services.mail-eu]
python = "mailer:Mailer"
env.PYTHONPATH = "{PACKAGES}"
"""


def await_said(host: Any, text: str) -> None:
    """Wait until the service wrote *text*: what captures it may be busy."""
    until(lambda: text in host.svcctl("logs", "mail-eu"), what=f"it wrote {text!r}")


def test_it_starts_reloads_and_is_alone(clean: Any) -> None:
    clean.write("/srv/mailer.py", MAILER)
    clean.sh("rm -rf /var/lib/svcctl/services")
    clean.apply(SPEC)
    status = clean.status("mail-eu")

    clean.svcctl("reload", "mail-eu")
    beside = clean.run(
        *("sh", "-c", "cd /srv && exec python3 -m svcctl.sdk.entry mailer:Mailer"),
        check=False,
        PYTHONPATH=PACKAGES,
        SVCCTL_SERVICE="mail-eu",
    )

    assert (status["phase"], status["ready"], status["manager"]) == ("running", True, "systemd")
    await_said(clean, "began mail-eu /var/lib/svcctl/services/mail-eu 0")
    await_said(clean, "reloaded")
    assert beside.returncode == 1
    assert f"'mail-eu' already runs as pid {status['pid']}" in beside.stderr


@pytest.mark.parametrize("manager", ["systemd", "agent"])
def test_another_account_finds_its_folder_made(clean: Any, manager: str) -> None:
    clean.write("/srv/mailer.py", MAILER)
    clean.sh("rm -rf /var/lib/svcctl/services")
    if manager == "agent":
        clean.svcctl("agent", "run", "--detach")

    clean.apply(f"{SPEC}user = 'nobody'\ncwd = '/srv'\nmanager = '{manager}'\n")
    clean.svcctl("restart", "mail-eu")

    for runs in (0, 1):
        await_said(clean, f"began mail-eu /var/lib/svcctl/services/mail-eu {runs}")
    owner = clean.sh("stat -c '%U %n' /var/lib/svcctl/services/mail-eu/state.db").strip()
    clean.svcctl("remove", "mail-eu", "--yes")
    if manager == "agent":
        clean.svcctl("agent", "stop")
    assert owner == "nobody /var/lib/svcctl/services/mail-eu/state.db"


def test_its_unit_without_svcctl_keeps_it_as_well(clean: Any) -> None:
    clean.write("/srv/mailer.py", MAILER)
    clean.write("/srv/svcctl.toml", SPEC)
    unit = clean.sh("cd /srv && svcctl export systemd mail-eu")
    clean.write("/etc/systemd/system/plain.service", unit)
    clean.run("systemctl", "daemon-reload")

    clean.run("systemctl", "start", "plain.service")

    journal = ("journalctl", "-u", "plain.service", "-o", "cat")
    until(lambda: "began mail-eu" in clean.run(*journal).stdout, what="it has begun")
    clean.run("systemctl", "stop", "plain.service")
    clean.run("rm", "/etc/systemd/system/plain.service")
    clean.run("systemctl", "daemon-reload")
