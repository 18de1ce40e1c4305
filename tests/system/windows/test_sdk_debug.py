"""A service is debugged on Windows: at a console, and under an SCM that is only simulated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.windows.waiting import PATIENCE

MAILER = """
from svcctl import Context, Service


class Mailer(Service):
    async def run(self, ctx: Context) -> None:
        async for n in ctx.ticks("50ms"):
            ctx.log.info("letter.sent", number=n)

    def on_reload(self, old, new):
        print("read anew")

    def on_control(self, code):
        print("code", code)


if __name__ == "__main__":
    Mailer.main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("manager", ["terminal", "scm"])
def test_every_control_path_can_be_walked(tmp_path: Path, manager: str) -> None:
    (tmp_path / "mailer.py").write_text(MAILER)
    script = (
        "ready; p; p; r; expect read anew; control 130; expect code 130; s; status 0;"
        "s; c; expect crash report; s; k; s; shutdown"
    )

    done = subprocess.run(
        [sys.executable, "mailer.py", "debug", "--as", manager, "--script", script],
        cwd=tmp_path,
        env=os.environ | {"SVCCTL_HOME": str(tmp_path / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "all went as it should" in done.stdout
