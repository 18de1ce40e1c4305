"""Runs tests inside Windows' own CPython under Wine: each file for Windows, and all unit tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WINE_PYTEST = ROOT / "tests" / "labs" / "wine-pytest"
PLACES = [
    *sorted((ROOT / "tests/system/windows").glob("test_*.py")),
    ROOT / "tests/system/life_story",
    ROOT / "tests/unit",
]

LACKS_SOMETHING = 77
LIMIT = 1200
"""Seconds for the tests of one place; wine-pytest leaves nothing behind when they are over."""

FIRST_BUILD = 600
"""Seconds more, should the Windows for the tests have to be built first."""


@pytest.mark.slow
@pytest.mark.timeout(LIMIT + FIRST_BUILD)
@pytest.mark.skipif(sys.platform == "win32", reason="needs Linux: here they run as they are")
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_windows_passes(place: Path) -> None:
    done = subprocess.run(
        [WINE_PYTEST, place.relative_to(ROOT)],
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
