"""A folder with a program that is a service, run as a person or a manager would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.flows.conftest import PATIENCE, whole_lines


class Place:
    """A folder with a service of its own, and what that has heard."""

    def __init__(self, folder: Path, source: str) -> None:
        self.folder, self.file = folder, folder / "mailer.py"
        self.file.write_text(source)

    def heard(self) -> list[str]:
        return whole_lines(self.folder / "heard")

    @contextmanager
    def started(self, *words: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """Run the file until the block is left."""
        out = (self.folder / "out").open("w")
        with (
            out,
            subprocess.Popen(
                [sys.executable, str(self.file), *words],
                env=os.environ
                | {
                    "NOTIFY_SOCKET": "",
                    "STATE_DIRECTORY": str(self.folder / "state"),
                    "SVCCTL_HOME": str(self.folder / "home"),
                }
                | environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
            ) as program,
        ):
            try:
                yield program
            finally:
                program.kill()

    def says(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(self.file), *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
