"""What a service does not use it has not loaded: that is why it is small, see bench/sdk.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HELLO = """
import sys
from svcctl import Context, Service


class Hello(Service):
    async def run(self, ctx: Context) -> None:
        ctx.ready()
        if ctx.config is None and not ctx.stopping:
            print(*sys.modules)


if __name__ == "__main__":
    Hello.main()
"""

NOT_LOADED = (
    *("ssl", "_ssl", "_hashlib", "hashlib", "sqlite3", "http", "urllib.parse", "email"),
    *("pathlib", "tempfile", "shutil", "zlib", "argparse", "logging.handlers", "xml"),
    *("pydantic", "stamina", "prometheus_client", "opentelemetry", "structlog", "click"),
    *("watchfiles", "yaml", "psutil", "cronsim", "concurrent.futures.thread", "multiprocessing"),
    *("svcctl.sdk.durable", "svcctl.sdk.resilience", "svcctl.sdk.config", "svcctl.sdk.mock"),
    *("svcctl.sdk.health.server", "svcctl.cli", "svcctl.client", "svcctl.app", "svcctl.spec.load"),
)


@pytest.mark.slow
@pytest.mark.parametrize("words", [["hello.py"], ["-m", "svcctl.sdk.entry", "hello:Hello"]])
def test_a_service_that_does_nothing_has_loaded_nothing_for_it(
    tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    own = ["-S", "-E"]  # what others put into this interpreter is none of ours
    source = str(Path(__file__).parents[3] / "src")
    program = f"import sys; sys.path[:0] = [{source!r}, '']; sys.argv = ['it']"
    run = {
        "hello.py": "import runpy; runpy.run_path('hello.py', run_name='__main__')",
        "-m": "from svcctl.sdk.entry import main; main(['hello:Hello'])",
    }[words[0]]

    ran = subprocess.run(
        [sys.executable, *own, "-c", f"{program}; {run}"],
        env=os.environ | {"SVCCTL_HOME": str(tmp_path / "home"), "NOTIFY_SOCKET": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    loaded = ran.stdout.split()
    assert "svcctl.sdk.life" in loaded
    assert sorted(set(loaded) & set(NOT_LOADED)) == []
