"""Runs tests inside Windows' own CPython under Wine: each file for Windows, and unit tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WINE_PYTEST = ROOT / "tests" / "labs" / "wine-pytest"
BRIEFLY = ("-q", "--tb=short", "-rfE")
IN_MEMORY = "--capture=sys"  # to files, a small test's output costs more under Wine than the test
UNIT: dict[str, Sequence[str]] = {
    "unit tests of the SDK": [IN_MEMORY, "tests/unit/sdk"],
    "other unit tests": ["tests/unit", "--ignore=tests/unit/sdk"],
}
"""What takes minutes: two halves, so that two can be at it."""

WINDOWS: dict[str, Sequence[str]] = {
    each.name: [str(each.relative_to(ROOT))]
    for each in [
        *sorted((ROOT / "tests/system/windows").glob("test_*.py")),
        ROOT / "tests/system/life_story",
    ]
}

LACKS_SOMETHING = 77
LIMIT = 1200
"""Seconds for the tests of one part; wine-pytest tells what hangs when they are over."""

FIRST_BUILD = 600
"""Seconds more, should the Windows for the tests have to be built first."""


@pytest.mark.slow
@pytest.mark.timeout(LIMIT + FIRST_BUILD)
@pytest.mark.skipif(sys.platform == "win32", reason="needs Linux: here they run as they are")
@pytest.mark.parametrize(
    "part", [*(pytest.param(each, marks=pytest.mark.long) for each in UNIT), *WINDOWS]
)
def test_windows_passes(part: str) -> None:
    done = subprocess.run(
        [WINE_PYTEST, *BRIEFLY, *(UNIT | WINDOWS)[part]],
        cwd=ROOT,
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
        sys.stdout.write(done.stdout)
        pytest.fail(what_went_wrong(done.stdout) or f"exit status {done.returncode}")


def what_went_wrong(said: str) -> str:
    """Name the tests that failed: so the last lines of a long log do, whatever is cut of it."""
    return "; ".join(re.findall(r"^(?:FAILED|ERROR) \S+", said, re.MULTILINE))
