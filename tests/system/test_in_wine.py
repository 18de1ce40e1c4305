"""Runs the tests for Windows inside Windows' own CPython under Wine; one file is one test here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WINE_PYTEST = ROOT / "tests" / "labs" / "wine-pytest"
FILES = sorted((ROOT / "tests" / "system" / "windows").glob("test_*.py"))

LACKS_SOMETHING = 77
LIMIT = 600
"""Seconds for the tests of one file; wine-pytest leaves nothing behind when they are over."""

FIRST_BUILD = 600
"""Seconds more, should the Windows for the tests have to be built first."""


@pytest.mark.slow
@pytest.mark.timeout(LIMIT + FIRST_BUILD)
@pytest.mark.skipif(sys.platform == "win32", reason="needs Linux: here they run as they are")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_windows_passes(file: Path) -> None:
    done = subprocess.run(
        [WINE_PYTEST, file.relative_to(ROOT)],
        env={**os.environ, "PYTHON": sys.executable, "LIMIT": str(LIMIT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )

    if done.returncode == LACKS_SOMETHING:
        pytest.skip(done.stdout.strip().rpartition("\n")[2])
    if done.returncode != 0:
        pytest.fail(done.stdout, pytrace=False)
